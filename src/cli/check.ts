import { parseArgs } from "node:util";
import { checkFolds, type FoldChange, type FoldReport, type FoldUpdate, updateFoldLock } from "../check/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type Command, UsageError } from "./command.ts";

const usage = `Usage: eventfold check [files, folders or globs …] [options]

Fails when the fold of an aggregate changed and its schemaVersion did not.

  files           what declares the aggregates (default: src, tests left out)
  --lock <file>   the lock file (default: eventfold.lock.json)
  --update        record the folds as they are
  --json          print the report as JSON
  --help          print this

Exit codes: 0 nothing was found, 1 something was found, 2 wrong use.`;

/** `eventfold check`. */
export const check: Command = {
  summary: "find folds that changed under the same schemaVersion",
  usage,
  async run(args) {
    const { values, positionals } = parse(args);
    if (values.help === true) {
      console.log(usage);
      return 0;
    }
    const options = {
      ...(positionals.length > 0 && { files: positionals }),
      ...(values.lock !== undefined && { lockFile: values.lock }),
    };
    const report = await asUsage(() => (values.update === true ? updateFoldLock(options) : checkFolds(options)));
    console.log(values.json === true ? JSON.stringify(report, undefined, 2) : textOf(report));
    return report.ok ? 0 : 1;
  },
};

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        lock: { type: "string" },
        update: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function asUsage<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message) : error;
  }
}

function textOf(report: FoldReport | FoldUpdate): string {
  const accepted = "accepted" in report ? report.accepted : [];
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
  return report.written ? `${lockFile} records ${count}.` : `${lockFile} is up to date (${count}).`;
}
