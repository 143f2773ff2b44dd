import { isDeepStrictEqual } from "node:util";
import type { AggregateType } from "../../aggregates/aggregate-definition.ts";
import { AggregateRepository } from "../../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../../aggregates/aggregate-root.ts";
import type { EventStore } from "../../events/event-store.ts";
import type { SnapshotStore } from "../../snapshots/snapshot-store.ts";

/** Measured loads of one aggregate. */
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

export interface MeasuredStorage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
}

/**
 * Loads an aggregate again and again, by a full replay and with its snapshot, and makes sure that both give the same state.
 *
 * @param breathe gives everything else a turn, and throws to end it.
 */
export async function measureLoads<A extends AnyAggregate>(
  type: AggregateType<A>,
  id: string,
  { eventStore, snapshotStore }: MeasuredStorage,
  breathe: () => Promise<void>,
): Promise<LoadTimes> {
  let eventsReplayed = Number.NaN;
  const withoutSnapshots = new AggregateRepository(type, { eventStore });
  const withSnapshots = new AggregateRepository(type, {
    eventStore,
    snapshots: { store: snapshotStore },
    observer: (fact) => {
      if (fact.kind === "loaded") eventsReplayed = fact.eventsReplayed;
    },
  });
  const replayed = await withoutSnapshots.load(id);
  const restored = await withSnapshots.load(id);
  if (replayed.version !== restored.version || !isDeepStrictEqual(replayed.state, restored.state)) {
    throw new Error(`Aggregate ${id} is another one with its snapshot than without`);
  }
  const without = await timeLoads(() => withoutSnapshots.load(id), breathe);
  const withSnapshot = await timeLoads(() => withSnapshots.load(id), breathe);
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
  breathe: () => Promise<void>,
): Promise<{ readonly medianMs: number; readonly loads: number }> {
  const times: number[] = [];
  const startedAt = performance.now();
  while (times.length < LOADS_MIN || (times.length < LOADS_MAX && performance.now() - startedAt < MEASURE_MS)) {
    const before = performance.now();
    await load();
    times.push(performance.now() - before);
    await breathe();
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[Math.floor(times.length / 2)] ?? Number.NaN, loads: times.length };
}
