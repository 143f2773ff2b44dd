import type { Bench, Check, Comparison, Result, Run } from "./comparison.ts";
import { comparisons } from "./comparisons.ts";
import { Histories } from "./histories.ts";
import { describeMachine } from "./machine.ts";
import { measure } from "./measure.ts";
import { interval } from "./report/cells.ts";
import type { Settings } from "./settings.ts";
import { openMemory } from "./storages/memory.ts";
import { openPostgres } from "./storages/postgres.ts";
import { openSqliteFile } from "./storages/sqlite.ts";
import type { Storage } from "./storages/storage.ts";
import { times } from "./wording.ts";

/** Makes every comparison in every store, one store after the other. Says on standard error how far it is. */
export async function runAll(settings: Settings, signal: AbortSignal): Promise<Run> {
  const startedAt = new Date();
  const machine = describeMachine();
  const environment: Record<string, readonly string[]> = { machine: machine.facts };
  const found: Found = { results: [], checks: [] };
  for (const open of [openMemory, openSqliteFile, openPostgres]) {
    signal.throwIfAborted();
    const storage = await open();
    environment[storage.name] = storage.facts;
    process.stderr.write(`${storage.name}: ${storage.facts.join(", ")}\n`);
    try {
      await runIn(storage, settings, signal, found);
    } finally {
      await storage.close();
    }
  }
  return {
    startedAt: startedAt.toISOString(),
    tookSeconds: Math.round((Date.now() - startedAt.getTime()) / 1_000),
    environment,
    caution: machine.caution,
    secondsEach: settings.seconds,
    ...found,
  };
}

interface Found {
  readonly results: Result[];
  readonly checks: Check[];
}

async function runIn(storage: Storage, settings: Settings, signal: AbortSignal, found: Found): Promise<void> {
  const histories = new Histories(storage, signal);
  for (const comparison of comparisons.filter(({ id }) => settings.only.includes(id))) {
    signal.throwIfAborted();
    await comparison.measureIn(benchOf(comparison, { storage, histories, settings, signal, found }));
  }
}

interface Work {
  readonly storage: Storage;
  readonly histories: Histories;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly found: Found;
}

function benchOf({ id: comparison }: Comparison, { storage, histories, settings, signal, found }: Work): Bench {
  const { name: store } = storage;
  const progress = (what: string, outcome: string): void => {
    process.stderr.write(`${store.padEnd(10)}  ${comparison.padEnd(16)}  ${what.padEnd(20)}  ${outcome}\n`);
  };
  return {
    storage,
    histories,
    axes: settings.axes,
    compare: async ({ point, x, operations = 1, target, ...pair }) => {
      const measured = await measure(pair, { durationMs: settings.seconds * 1_000, signal });
      found.results.push({ comparison, store, point, x, operations, measured, target });
      progress(point, `${times(measured.ratio.median)} (${interval(measured.ratio)})`);
    },
    check: async (title, work) => {
      signal.throwIfAborted();
      const verdict = await work();
      found.checks.push({ comparison, store, title, ...verdict });
      progress(title, verdict.measured);
    },
  };
}
