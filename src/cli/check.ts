import type { FoldChange, FoldReport, FoldUpdate } from "../check/index.ts";
import { type Command, command, EXIT } from "./command.ts";
import type { Session } from "./session.ts";

/** `eventfold check`. */
export function checkCommand(session: Session): Command {
  return command("check", {
    summary: "find folds that changed under the same schemaVersion",
    description:
      "Fails when the fold of an aggregate changed and its schemaVersion did not. Reads sources; no database is involved.",
    examples: [
      ["eventfold check", "Compares every aggregate below src with eventfold.lock.json, as in CI."],
      ["eventfold check --update", "Records the folds as they are; commit the lock file."],
    ],
    found: "something was found",
  })
    .argument("[files...]", "files, folders or globs that declare the aggregates (default: src, tests left out)")
    .option("--lock <file>", "the lock file (default: eventfold.lock.json)")
    .option("--update", "record the folds as they are")
    .action(async (files, { json, lock, update }) => {
      // Not at the top: the parser takes as long to load as all the rest, and no other command needs it.
      const { checkFolds, updateFoldLock } = await import("../check/index.ts");
      const options = { ...(files.length > 0 && { files }), ...(lock !== undefined && { lockFile: lock }) };
      const report = await (update === true ? updateFoldLock(options) : checkFolds(options));
      session.result({ json }, report, () => textOf(report));
      session.exitCode = report.ok ? EXIT.fine : EXIT.found;
    });
}

function textOf(report: FoldReport | FoldUpdate): string {
  const accepted = "accepted" in report ? report.accepted.filter(({ code }) => code !== "lock-file-missing") : [];
  return [
    ...report.findings.flatMap(({ message, advice, changes }) => [
      `✗ ${message}`,
      ...changes.map(changeLine),
      `  ${advice}`,
      "",
    ]),
    ...accepted.flatMap(({ aggregateType, code, changes }) => [
      `✓ accepted: ${[aggregateType, code].filter((part) => part !== undefined).join(", ")}`,
      ...changes.map(changeLine),
    ]),
    ...report.notices.map((notice) => `! ${notice}`),
    summary(report),
  ].join("\n");
}

function changeLine({ change, declaration, reachedThrough: [root, ...through] }: FoldChange): string {
  const verb =
    change === "removed"
      ? "no longer reached"
      : change === "rebound"
        ? "uses names that stand for something else"
        : change;
  const way =
    root === undefined ? "" : `, reached by ${root}${through.length > 0 ? ` through ${through.join(", ")}` : ""}`;
  return `    ${declaration}${way}: ${verb}`;
}

function summary(report: FoldReport | FoldUpdate): string {
  const { aggregates, findings, lockFile } = report;
  const count = `${aggregates.length} aggregate${aggregates.length === 1 ? "" : "s"}`;
  if (findings.length > 0) {
    const left = "written" in report ? ` ${lockFile} was left as it was.` : "";
    return `${count} checked, ${findings.length} finding${findings.length === 1 ? "" : "s"}.${left}`;
  }
  if (!("written" in report)) return `${count} checked, each fold as recorded.`;
  const isNew = report.accepted.some(({ code }) => code === "lock-file-missing");
  if (isNew) return `✓ recorded ${count} in ${lockFile}, which is new: commit it.`;
  return report.written ? `${lockFile} records ${count}.` : `${lockFile} is up to date (${count}).`;
}
