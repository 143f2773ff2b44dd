// npm run bench -- --help
import { writeFileSync } from "node:fs";
import { type Comparing, isReached, type Result } from "./comparison.ts";
import { compareFlatness } from "./comparisons/flatness.ts";
import { compareProof } from "./comparisons/proof.ts";
import { compareReplay } from "./comparisons/replay.ts";
import { compareSaveSize } from "./comparisons/save-size.ts";
import { compareSnapshotLoad } from "./comparisons/snapshot-load.ts";
import { describeMachine } from "./machine.ts";
import { measure } from "./measure.ts";
import { comparisonTables, EXPLANATION, targetTable } from "./report.ts";
import { HELP, parseSettings, type Settings, UsageError } from "./settings.ts";
import { openMemory } from "./storages/memory.ts";
import { openPostgres } from "./storages/postgres.ts";
import { openSqliteFile } from "./storages/sqlite.ts";
import type { Storage } from "./storages/storage.ts";

const comparisons: readonly Comparing[] = [
  compareFlatness,
  compareReplay,
  compareSaveSize,
  compareSnapshotLoad,
  compareProof,
];

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process where it stands.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(HELP.trimEnd());
  else await run(settings);
} catch (error) {
  process.exitCode = complain(error);
}

async function run(settings: Settings): Promise<void> {
  const machine = describeMachine();
  const environment: Record<string, readonly string[]> = { machine: machine.facts };
  const results: Result[] = [];
  for (const open of [openMemory, openSqliteFile, openPostgres]) {
    const storage = await open();
    environment[storage.name] = storage.facts;
    try {
      results.push(...(await compareIn(storage, settings)));
    } finally {
      await storage.close();
    }
  }
  for (const [name, facts] of Object.entries(environment)) console.log(`${name.padEnd(10)}  ${facts.join(", ")}`);
  const parts = [comparisonTables(results), EXPLANATION, machine.caution, targetTable(results)];
  console.log(`\n${parts.filter((part) => part !== undefined).join("\n\n")}`);
  if (settings.jsonFile !== undefined) {
    writeFileSync(settings.jsonFile, `${JSON.stringify({ environment, settings, results }, undefined, 2)}\n`);
  }
  if (settings.check && results.some(({ reached }) => reached === false)) process.exitCode = 1;
}

async function compareIn(storage: Storage, { lengths, durationMs }: Settings): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const comparing of comparisons) {
    await comparing(storage, lengths, async ({ title, baseline, candidate, target }) => {
      process.stderr.write(`${storage.name}: ${title}\n`);
      const measured = await measure(baseline, candidate, { durationMs, signal: interruption.signal });
      const reached = target && isReached(target, measured.ratio.median);
      results.push({
        title,
        store: storage.name,
        baseline: baseline.name,
        candidate: candidate.name,
        measured,
        target,
        reached,
      });
    });
  }
  return results;
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
