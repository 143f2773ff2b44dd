import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { hashOf } from "./canonical-text.ts";
import type { Fold } from "./fold.ts";

/** Raised whenever the same sources would give other hashes, by a change of our rules or of the parser. */
const LOCK_VERSION = 1;
/** Of the hexadecimal digits of a declaration's hash: enough to tell an edit, short enough for a diff. */
const DIGITS = 16;

/** What is committed: the folds that were accepted. By aggregate type. */
export type FoldLock = ReadonlyMap<string, LockedFold>;

export interface LockedFold {
  readonly schemaVersion: number;
  /** Hashes of the folds by schema version, those of earlier versions too: their snapshots may still be stored. */
  readonly folds: Readonly<Record<string, string>>;
  /** Hashes of what the fold reaches, by name, to tell what changed. */
  readonly reached: Readonly<Record<string, string>>;
  readonly packages: readonly string[];
}

/** A lock file that cannot be believed. */
export class LockFileError extends Error {}

/** @returns undefined when there is no such file. @throws {LockFileError} */
export async function readFoldLock(path: string): Promise<FoldLock | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new LockFileError(`cannot be read (${(error as Error).message}).`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const conflict = /^<{7} /m.test(text) ? " It holds conflict markers of a merge." : "";
    throw new LockFileError(`is no JSON (${(error as Error).message}).${conflict}`);
  }
  const { lockVersion, aggregates } = (json ?? {}) as { lockVersion?: unknown; aggregates?: unknown };
  if (lockVersion !== LOCK_VERSION) {
    throw new LockFileError(`has lockVersion ${JSON.stringify(lockVersion)}, and this release reads ${LOCK_VERSION}.`);
  }
  if (!isRecord(aggregates) || !Object.values(aggregates).every(isLockedFold)) {
    throw new LockFileError("has no complete list of aggregates.");
  }
  return new Map(Object.entries(aggregates as Record<string, LockedFold>));
}

/** Replaces the file in one step: whoever reads meanwhile sees the old one or the new one. */
export async function writeFoldLock(path: string, lock: FoldLock): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, foldLockText(lock), { flag: "wx" });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The same text for the same folds, one line for each thing that can change. */
export function foldLockText(lock: FoldLock): string {
  const aggregates = Object.fromEntries(
    [...lock]
      .sort(byName)
      .map(([type, { schemaVersion, folds, reached, packages }]) => [
        type,
        { schemaVersion, folds: sorted(folds), reached: sorted(reached), packages: [...packages].sort() },
      ]),
  );
  return `${JSON.stringify({ lockVersion: LOCK_VERSION, aggregates }, undefined, 2)}\n`;
}

/** What is recorded of a fold, with what was recorded of earlier versions. */
export function lockedFold(fold: Fold, schemaVersion: number, before: LockedFold | undefined): LockedFold {
  return {
    schemaVersion,
    folds: { ...before?.folds, [schemaVersion]: fold.reach.hash },
    reached: Object.fromEntries(reachedHashes(fold)),
    packages: fold.reach.packages,
  };
}

/** Hashes of what a fold reaches, by the names that reports use. Declarations of one name count as one. */
export function reachedHashes(fold: Fold): Map<string, string> {
  const hashes = new Map<string, Set<string>>();
  for (const { declaration } of fold.reach.reached) {
    hashes.set(declaration.label, (hashes.get(declaration.label) ?? new Set()).add(declaration.hash));
  }
  return new Map(
    [...hashes].map(([label, [first = "", ...rest]]) => {
      const hash = rest.length === 0 ? first : hashOf([first, ...rest].join(" "));
      return [label, hash.slice(0, DIGITS)];
    }),
  );
}

function isLockedFold(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { schemaVersion, folds, reached, packages } = value;
  return (
    Number.isSafeInteger(schemaVersion) &&
    [folds, reached].every(
      (record) => isRecord(record) && Object.values(record).every((hash) => typeof hash === "string"),
    ) &&
    typeof (folds as Record<string, unknown>)[String(schemaVersion)] === "string" &&
    Array.isArray(packages)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(byName));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
