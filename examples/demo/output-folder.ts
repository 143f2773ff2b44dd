import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

/** The folder in which the demo leaves its files. */
export interface OutputFolder {
  pathOf(file: string): string;
  /** Deletes the files, and the folder if it was made here and nothing else lies in it. */
  discard(): void;
}

/**
 * @param path undefined: a new folder among the temporary files
 * @param files that will be made in it
 * @throws {UsageError} when one of them exists already, or the folder cannot be made.
 */
export function openOutputFolder(path: string | undefined, files: readonly string[]): OutputFolder {
  const { folder, made } = makeFolder(path);
  const present = files.filter((file) => existsSync(join(folder, file)));
  if (present.length > 0)
    throw new UsageError(`${folder} holds ${present.join(" and ")} already. Name another folder.`);
  return {
    pathOf: (file) => join(folder, file),
    discard: () => {
      for (const file of files) rmSync(join(folder, file), { force: true });
      if (made) removeIfEmpty(folder);
    },
  };
}

function makeFolder(path: string | undefined): { readonly folder: string; readonly made: boolean } {
  if (path === undefined) return { folder: mkdtempSync(join(tmpdir(), "eventfold-demo-")), made: true };
  const folder = resolve(path);
  try {
    return { folder, made: mkdirSync(folder, { recursive: true }) !== undefined };
  } catch (error) {
    throw new UsageError(`Cannot make the folder of --output: ${(error as Error).message}`, { cause: error });
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has put something into it.
  }
}
