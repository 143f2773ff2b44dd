import { dirname, resolve } from "node:path";
import { glob } from "tinyglobby";
import { ConfigurationError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
import { compareFolds, type NamedFold } from "./compare-folds.ts";
import { type FoldLock, foldLockText, LockFileError, lockedFold, readFoldLock, writeFoldLock } from "./fold-lock.ts";
import { type FoldFinding, type FoldReport, type FoldUpdate, finding, isAcceptable } from "./fold-report.ts";
import { Project } from "./project.ts";
import { readFolds } from "./read-folds.ts";

export interface CheckFoldsOptions {
  /**
   * Files, folders or globs that declare aggregates, relative to `root`. What they import need not be among them.
   *
   * @default every TypeScript and JavaScript file below `src`, tests left out
   */
  readonly files?: readonly string[];
  /** @default the working directory */
  readonly root?: string;
  /** Relative to `root`. Names in it are relative to its own folder. @default "eventfold.lock.json" */
  readonly lockFile?: string;
}

const OPTION_NAMES: OptionNames<CheckFoldsOptions> = { files: true, root: true, lockFile: true };
const DEFAULT_FILES = ["src/**"];
const SOURCES = /(?<!\.d)\.[cm]?[jt]sx?$/;
const TESTS = ["**/*.{test,spec}.*", "**/__tests__/**"];

/**
 * Compares the folds of a project's aggregates with the ones that its lock file records. Reads files; runs none of them, and
 * writes nothing.
 *
 * @throws {ConfigurationError} for an option that is unknown, and when `files` match no source file.
 */
export async function checkFolds(options: CheckFoldsOptions = {}): Promise<FoldReport> {
  return (await inspect(options)).report;
}

/**
 * Records the folds as they are. Writes the lock file in one step, and not at all while something is found that an update
 * cannot accept.
 *
 * @throws {ConfigurationError} for an option that is unknown, and when `files` match no source file.
 */
export async function updateFoldLock(options: CheckFoldsOptions = {}): Promise<FoldUpdate> {
  const { report, folds, lock } = await inspect(options);
  const findings = report.findings.filter((each) => !isAcceptable(each));
  if (findings.length > 0) return { ...report, findings, accepted: [], written: false };
  const next = new Map(
    folds.map((fold) => [fold.aggregateType, lockedFold(fold, fold.schemaVersion, lock?.get(fold.aggregateType))]),
  );
  const written = lock === undefined || foldLockText(next) !== foldLockText(lock);
  if (written) await writeFoldLock(report.lockFile, next);
  return { ...report, ok: true, findings, accepted: report.findings, written };
}

interface Inspection {
  readonly report: FoldReport;
  readonly folds: readonly NamedFold[];
  /** Undefined when there is none, or none that can be read. */
  readonly lock: FoldLock | undefined;
}

async function inspect(options: CheckFoldsOptions): Promise<Inspection> {
  refuseUnknown("", options, OPTION_NAMES);
  const root = resolve(options.root ?? ".");
  const lockFile = resolve(root, options.lockFile ?? "eventfold.lock.json");
  const files = await sourceFiles(root, options.files);
  const { folds, findings, notices } = readFolds(files, new Project(dirname(lockFile)));
  let lock: FoldLock | undefined;
  try {
    lock = await readFoldLock(lockFile);
    if (lock !== undefined) findings.push(...compareFolds(folds, lock));
    else findings.push(missingLock(lockFile, folds));
  } catch (error) {
    if (!(error instanceof LockFileError)) throw error;
    const advice = "Restore it from version control: it alone knows which folds were accepted.";
    findings.push(finding("lock-file-unreadable", undefined, `${lockFile} ${error.message}`, advice));
  }
  const aggregates = folds.map(({ aggregateType, schemaVersion, label, reach }) => ({
    aggregateType,
    schemaVersion,
    declaredIn: label,
    foldHash: reach.hash,
    declarationsReached: new Set(reach.reached.map(({ declaration }) => declaration)).size,
  }));
  return { report: { ok: findings.length === 0, lockFile, aggregates, findings, notices }, folds, lock };
}

async function sourceFiles(root: string, files: readonly string[] | undefined): Promise<string[]> {
  const ignore = ["**/node_modules/**", ...(files === undefined ? TESTS : [])];
  const found = await glob([...(files ?? DEFAULT_FILES)], { cwd: root, absolute: true, ignore });
  const sources = found.filter((path) => SOURCES.test(path)).map((path) => resolve(path));
  if (sources.length > 0) return sources.sort();
  const problem = `matches no TypeScript or JavaScript file below ${root}: ${(files ?? DEFAULT_FILES).join(", ")}.`;
  throw new ConfigurationError({ option: "files", problem });
}

function missingLock(lockFile: string, folds: readonly NamedFold[]): FoldFinding {
  const types = [...new Set(folds.map(({ aggregateType }) => aggregateType))].join(", ") || "none";
  const advice = `To record the folds as they are (${types}), run \`eventfold check --update\` and commit it.`;
  return finding("lock-file-missing", undefined, `${lockFile} does not exist.`, advice);
}
