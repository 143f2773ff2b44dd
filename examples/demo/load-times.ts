import { isDeepStrictEqual } from "node:util";
import { AggregateRepository } from "eventfold";
import type { Bank, Storage } from "./bank.ts";
import { BankAccount } from "./bank-account.ts";
import { breathe, type Progress } from "./progress.ts";

/** Measured loads of one account. */
export interface LoadTimes {
  /** Length of its history. */
  readonly events: number;
  /** Those that a load with snapshots replays: all that came after the snapshot. */
  readonly eventsReplayed: number;
  /** Median. */
  readonly withoutMs: number;
  /** Median. */
  readonly withMs: number;
  /** How often each was measured. */
  readonly loads: { readonly without: number; readonly with: number };
}

const MEASURE_MS = 500;
const LOADS_MIN = 15;
const LOADS_MAX = 501;

/** Loads each account again and again, by a full replay and with its snapshot, and makes sure that both give the same state. */
export async function measureLoads(
  bank: Bank,
  accountIds: readonly string[],
  progress: Progress,
  interrupted: AbortSignal,
): Promise<readonly LoadTimes[]> {
  const storage = await bank.open();
  try {
    const measured: LoadTimes[] = [];
    for (const id of accountIds) {
      measured.push(await measureAccount(storage, id, interrupted));
      await progress.update(measured.length);
    }
    return measured;
  } finally {
    await storage.close();
  }
}

async function measureAccount(
  { eventStore, snapshotStore }: Storage,
  id: string,
  interrupted: AbortSignal,
): Promise<LoadTimes> {
  let eventsReplayed = Number.NaN;
  const withoutSnapshots = new AggregateRepository(BankAccount, { eventStore });
  const withSnapshots = new AggregateRepository(BankAccount, {
    eventStore,
    snapshots: { store: snapshotStore },
    observer: (fact) => {
      if (fact.kind === "loaded") eventsReplayed = fact.eventsReplayed;
    },
  });
  const replayed = await withoutSnapshots.load(id);
  const restored = await withSnapshots.load(id);
  if (replayed.version !== restored.version || !isDeepStrictEqual(replayed.state, restored.state)) {
    throw new Error(`Account ${id} is another one with its snapshot than without`);
  }
  const without = await timeLoads(() => withoutSnapshots.load(id), interrupted);
  const withSnapshot = await timeLoads(() => withSnapshots.load(id), interrupted);
  return {
    events: replayed.version,
    eventsReplayed,
    withoutMs: without.medianMs,
    withMs: withSnapshot.medianMs,
    loads: { without: without.loads, with: withSnapshot.loads },
  };
}

async function timeLoads(
  load: () => Promise<unknown>,
  interrupted: AbortSignal,
): Promise<{ readonly medianMs: number; readonly loads: number }> {
  const times: number[] = [];
  const startedAt = performance.now();
  while (times.length < LOADS_MIN || (times.length < LOADS_MAX && performance.now() - startedAt < MEASURE_MS)) {
    const before = performance.now();
    await load();
    times.push(performance.now() - before);
    await breathe(interrupted);
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[Math.floor(times.length / 2)] ?? Number.NaN, loads: times.length };
}
