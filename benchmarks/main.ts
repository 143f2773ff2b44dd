// npm run bench -- --help
import { readFileSync, writeFileSync } from "node:fs";
import type { Run } from "./comparison.ts";
import { isAnyTargetMissed } from "./report/cells.ts";
import { chartOf } from "./report/chart.ts";
import { writeDocs } from "./report/docs.ts";
import { fromJson, toJson } from "./report/json.ts";
import { terminalReport } from "./report/terminal.ts";
import { runAll } from "./run.ts";
import { HELP, parseSettings, type Settings, UsageError } from "./settings.ts";

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process where it stands.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(HELP.trimEnd());
  else report(await runOf(settings), settings);
} catch (error) {
  process.exitCode = complain(error);
}

async function runOf(settings: Settings): Promise<Run> {
  const { fromFile } = settings;
  // As it will be read from the file, so that whatever is made of it is the same.
  if (fromFile === undefined) return fromJson(toJson(await runAll(settings, interruption.signal)));
  try {
    return fromJson(readFileSync(fromFile, "utf8"));
  } catch (error) {
    throw new UsageError(`--from is "${fromFile}"; ${(error as Error).message}`, { cause: error });
  }
}

function report(run: Run, { jsonFile, chartFile, docs, check }: Settings): void {
  console.log(terminalReport(run));
  if (jsonFile !== undefined) writeFileSync(jsonFile, toJson(run));
  if (chartFile !== undefined || docs) {
    // Once: a second one in the same process would have other names inside.
    const chart = chartOf(run);
    if (chartFile !== undefined) writeFileSync(chartFile, chart);
    if (docs) writeDocs(run, chart);
  }
  if (check && isAnyTargetMissed(run)) process.exitCode = 1;
}

/** @returns the exit code */
function complain(error: unknown): number {
  if (interruption.signal.aborted) {
    console.error("Interrupted.");
    return 130;
  }
  console.error(error instanceof UsageError ? `${error.message}\nTry --help.` : error);
  return 2;
}
