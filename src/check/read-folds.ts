import { chainOf } from "./class-chain.ts";
import type { NamedFold } from "./compare-folds.ts";
import { aggregatesIn, type FoundAggregate } from "./find-aggregates.ts";
import { type Fold, foldOf } from "./fold.ts";
import { type FoldFinding, finding } from "./fold-report.ts";
import type { Project } from "./project.ts";

/** The folds of a project's aggregates, and what stands in the way of knowing them. */
export interface Folds {
  readonly folds: NamedFold[];
  readonly findings: FoldFinding[];
  readonly notices: string[];
}

/** @param files absolute paths of source files. */
export function readFolds(files: readonly string[], project: Project): Folds {
  const findings: FoldFinding[] = [];
  const aggregates: FoundAggregate[] = [];
  for (const path of files) {
    try {
      aggregates.push(...aggregatesIn(project, project.module(path)));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const message = `${project.label(path)} cannot be read: ${problem}.`;
      findings.push(
        finding("source-unreadable", undefined, message, "Mend it, or leave it out of the files to check."),
      );
    }
  }
  const builtOn = new Set(aggregates.flatMap(({ shape }) => chainOf(project, shape).shapes.slice(1)));
  const found = aggregates.flatMap((aggregate) => {
    const fold = foldOf(project, aggregate);
    // A class without a type that others extend is abstract, whether or not it says so.
    return !fold.declaresType && builtOn.has(aggregate.shape) ? [] : [fold];
  });
  const named = found.flatMap((fold) => namedFold(fold, findings));
  findings.push(...duplicates(named));
  if (found.length === 0 && findings.length === 0) {
    const message = "No aggregate was found: no class that extends AggregateRoot, and no call of defineAggregate.";
    findings.push(finding("no-aggregates", undefined, message, "Name the files that declare them."));
  }
  findings.push(...unresolvedImports(found));
  named.sort((a, b) => (a.aggregateType < b.aggregateType ? -1 : 1));
  return { folds: named, findings, notices: found.flatMap(computedImportNotices) };
}

function namedFold(fold: Fold, findings: FoldFinding[]): NamedFold[] {
  const { aggregateType, schemaVersion, label, declaresType } = fold;
  if (aggregateType === undefined) {
    const [code, problem, advice] = declaresType
      ? ([
          "type-not-literal",
          "has a type that is not written out",
          "Write it as a string, or as a constant that is one.",
        ] as const)
      : ([
          "type-missing",
          "has no type",
          "Declare aggregateType, or make the class abstract if others build on it.",
        ] as const);
    findings.push(finding(code, undefined, `The aggregate at ${label} ${problem}.`, advice));
  } else if (schemaVersion === undefined) {
    const message = `The schemaVersion of ${aggregateType} (${label}) is not written out.`;
    const advice = "Write it as a whole number of 1 or more, or as a constant that is one.";
    findings.push(finding("schema-version-not-literal", aggregateType, message, advice));
  } else return [{ ...fold, aggregateType, schemaVersion }];
  return [];
}

function duplicates(folds: readonly NamedFold[]): FoldFinding[] {
  const byType = Map.groupBy(folds, ({ aggregateType }) => aggregateType);
  return [...byType].flatMap(([type, same]) => {
    if (same.length === 1) return [];
    const places = same.map(({ label }) => label).join(" and ");
    const advice =
      "They would read each other's events and snapshots. Give each a type of its own, or check one of them.";
    return [finding("type-duplicated", type, `Aggregate type ${type} is declared by ${places}.`, advice)];
  });
}

function unresolvedImports(folds: readonly Fold[]): FoldFinding[] {
  const found = new Map<string, FoldFinding>();
  for (const { reach, label, aggregateType } of folds) {
    for (const { specifier, importer, problem } of reach.unresolved) {
      const message = `"${specifier}", which ${importer.label} imports and the fold of ${label} reaches, ${problem}.`;
      const advice = "Mend the import, or install the package: what it means is part of the fold.";
      found.set(message, finding("import-unresolved", aggregateType, message, advice));
    }
  }
  return [...found.values()];
}

function computedImportNotices({ reach, label }: Fold): string[] {
  return reach.computedImports.map(
    (declaration) =>
      `${declaration.label}, which the fold of ${label} reaches, imports what only the running program knows: ` +
      "changes of it are not seen.",
  );
}
