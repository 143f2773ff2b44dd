/** What a check has to say about the aggregates of a project. */
export interface FoldReport {
  /** Whether nothing was found. */
  readonly ok: boolean;
  /** Absolute path of the lock file. */
  readonly lockFile: string;
  /** In the order of their types. */
  readonly aggregates: readonly CheckedAggregate[];
  /** What must be decided or mended. A check with findings fails. */
  readonly findings: readonly FoldFinding[];
  /** What is worth knowing, and fails nothing. */
  readonly notices: readonly string[];
}

/** The report after an update: its findings are those that could not be accepted. */
export interface FoldUpdate extends FoldReport {
  /** What the lock file records now. */
  readonly accepted: readonly FoldFinding[];
  /** Whether the lock file was written. It is left alone when it is true already, and while anything is left to be mended. */
  readonly written: boolean;
}

export interface CheckedAggregate {
  readonly aggregateType: string;
  readonly schemaVersion: number;
  /** Where it is declared: `src/account.ts: Account`. */
  readonly declaredIn: string;
  /** 64 hexadecimal digits. The same for folds that compute the same in the same words, wherever their code lives. */
  readonly foldHash: string;
  /** How many declarations of the user's own the fold reaches. */
  readonly declarationsReached: number;
}

/**
 * - `fold-changed`: the fold is another one under the same schema version.
 * - `schema-version-changed`: it was raised or lowered, which is not recorded yet.
 * - `schema-version-reused`: it was lowered to a number that another fold had.
 * - `aggregate-not-recorded`, `aggregate-missing`: only the sources, or only the lock file, know it.
 * - `lock-file-missing`: there is no lock file yet.
 *
 * Those can be accepted by an update; the others must be mended first.
 */
export type FoldFindingCode =
  | "fold-changed"
  | "schema-version-changed"
  | "schema-version-reused"
  | "aggregate-not-recorded"
  | "aggregate-missing"
  | "lock-file-missing"
  | "lock-file-unreadable"
  | "source-unreadable"
  | "import-unresolved"
  | "type-missing"
  | "type-not-literal"
  | "type-duplicated"
  | "schema-version-not-literal"
  | "no-aggregates";

export interface FoldFinding {
  readonly code: FoldFindingCode;
  /** Undefined where the finding is about no single aggregate. */
  readonly aggregateType: string | undefined;
  /** What was found. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
  /** Only with `fold-changed`, `schema-version-changed` and `schema-version-reused`. */
  readonly changes: readonly FoldChange[];
}

export interface FoldChange {
  /** `rebound`: no text changed, but a name stands for something else, such as an import that was redirected. */
  readonly change: "changed" | "added" | "removed" | "rebound";
  /** `src/money.ts: roundHalfEven`, or `package decimal.js: default`. */
  readonly declaration: string;
  /** From where the fold begins to what refers to the declaration; empty for one that it begins with, or reaches no more. */
  readonly reachedThrough: readonly string[];
}

const ACCEPTABLE: ReadonlySet<FoldFindingCode> = new Set([
  "fold-changed",
  "schema-version-changed",
  "schema-version-reused",
  "aggregate-not-recorded",
  "aggregate-missing",
  "lock-file-missing",
]);

/** Whether an update may record what was found. */
export function isAcceptable({ code }: FoldFinding): boolean {
  return ACCEPTABLE.has(code);
}

export function finding(
  code: FoldFindingCode,
  aggregateType: string | undefined,
  message: string,
  advice: string,
  changes: readonly FoldChange[] = [],
): FoldFinding {
  return { code, aggregateType, message, advice, changes };
}
