import type { Fold } from "./fold.ts";
import { type FoldLock, type LockedFold, reachedHashes } from "./fold-lock.ts";
import { type FoldChange, type FoldFinding, finding } from "./fold-report.ts";
import type { Reached } from "./reach.ts";

/** A fold of which type and schema version are known. */
export interface NamedFold extends Fold {
  readonly aggregateType: string;
  readonly schemaVersion: number;
}

const RECORD = "run `eventfold check --update` and commit the lock file.";

/** What the folds of the sources and those that were accepted do not agree on. */
export function compareFolds(folds: readonly NamedFold[], lock: FoldLock): FoldFinding[] {
  const types = new Set(folds.map(({ aggregateType }) => aggregateType));
  const missing = [...lock.keys()].filter((type) => !types.has(type));
  return [
    ...folds.flatMap((fold) => compareFold(fold, lock.get(fold.aggregateType))),
    ...missing.map(missingAggregate),
  ];
}

function compareFold(fold: NamedFold, locked: LockedFold | undefined): FoldFinding[] {
  const { aggregateType: type, schemaVersion: version, reach, label } = fold;
  if (locked === undefined) {
    return [
      finding(
        "aggregate-not-recorded",
        type,
        `Aggregate ${type} (${label}) is not in the lock file.`,
        `To record it, ${RECORD}`,
      ),
    ];
  }
  const changes = changesOf(fold, locked);
  const recorded = locked.folds[version];
  if (version === locked.schemaVersion) {
    if (recorded === reach.hash) return [];
    const message = `The fold of ${type} (${label}) changed, and its schemaVersion is ${version} as before.`;
    return [finding("fold-changed", type, message, changedAdvice(locked), changes)];
  }
  if (recorded !== undefined && recorded !== reach.hash) {
    const message = `The schemaVersion of ${type} (${label}) is ${version} again, with another fold than it had then.`;
    return [finding("schema-version-reused", type, message, reusedAdvice(locked), changes)];
  }
  const direction = version > locked.schemaVersion ? "raised" : "lowered";
  const message = `The schemaVersion of ${type} (${label}) was ${direction} from ${locked.schemaVersion} to ${version}.`;
  return [finding("schema-version-changed", type, message, `To record that, ${RECORD}`, changes)];
}

function missingAggregate(type: string): FoldFinding {
  const message = `Aggregate ${type} is in the lock file, and not in the files that were checked.`;
  const advice = `If it was removed or renamed on purpose, ${RECORD} Else check the file that declares it too.`;
  return finding("aggregate-missing", type, message, advice);
}

function changedAdvice(locked: LockedFold): string {
  return (
    "Snapshots that are stored hold what the old fold computed. If any history could give another state now, " +
    `set schemaVersion to ${nextVersion(locked)}. If none could (the same computed in other words, or a case for an event ` +
    `type that no stored history holds), leave it as it is. Then ${RECORD}`
  );
}

function reusedAdvice(locked: LockedFold): string {
  return (
    `Snapshots of that fold may still be stored. Set schemaVersion to ${nextVersion(locked)} instead, ` +
    "or delete them. Then " +
    RECORD
  );
}

function nextVersion({ folds }: LockedFold): number {
  return Math.max(...Object.keys(folds).map(Number)) + 1;
}

function changesOf(fold: NamedFold, locked: LockedFold): FoldChange[] {
  const hashes = reachedHashes(fold);
  const ways = new Map(fold.reach.reached.toReversed().map((reached) => [reached.declaration.label, wayTo(reached)]));
  const changes: FoldChange[] = [];
  for (const [label, hash] of hashes) {
    const before = Object.hasOwn(locked.reached, label) ? locked.reached[label] : undefined;
    if (before === hash) continue;
    const change = before === undefined ? "added" : "changed";
    changes.push({ change, declaration: label, reachedThrough: ways.get(label) ?? [] });
  }
  const gone = (declaration: string): FoldChange => ({ change: "removed", declaration, reachedThrough: [] });
  changes.push(
    ...Object.keys(locked.reached)
      .filter((label) => !hashes.has(label))
      .map(gone),
  );
  const { packages } = fold.reach;
  for (const name of packages.filter((each) => !locked.packages.includes(each))) {
    changes.push({ change: "added", declaration: `package ${name}`, reachedThrough: [] });
  }
  changes.push(...locked.packages.filter((each) => !packages.includes(each)).map((name) => gone(`package ${name}`)));
  const isSameFold = fold.reach.hash === locked.folds[locked.schemaVersion];
  if (changes.length === 0 && !isSameFold) {
    changes.push({ change: "rebound", declaration: fold.label, reachedThrough: [] });
  }
  return changes;
}

/** Names from where the fold begins to what refers to a declaration. */
function wayTo({ from }: Reached): string[] {
  return from === undefined ? [] : [...wayTo(from), from.declaration.name];
}
