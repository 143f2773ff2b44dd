import { adaptive, everyEvents, never, type SnapshotPolicy } from "eventfold";
import { optimum } from "./optimum.ts";
import { Random } from "./random.ts";
import { type Costs, simulate } from "./simulate.ts";
import { STREAM_KINDS, type StreamKind } from "./streams.ts";

/**
 * What writing a snapshot costs, in replayed events: about 100 for a state of a few hundred bytes in SQLite and in PostgreSQL,
 * 1,000 and more for one of some hundred kilobytes.
 */
export const WORLDS: readonly number[] = [100, 30, 1_000];

const COUNTS = [10, 50, 100, 500, 1_000];

export const POLICIES: Readonly<Record<string, SnapshotPolicy>> = {
  never,
  ...Object.fromEntries(COUNTS.map((count) => [`n = ${count}`, everyEvents(count)])),
  adaptive: adaptive(),
};

export interface Row {
  readonly kind: StreamKind;
  /** By the names of {@link POLICIES}: what replaying and writing snapshots cost, over the least that it could have. */
  readonly ratios: ReadonlyMap<string, number>;
  /** As `ratios`, with what no policy changes: the round trips of loads, and the appends. */
  readonly ratiosAllIn: ReadonlyMap<string, number>;
  /** As `ratios` for the best of all thresholds up to 100,000, picked afterwards for these very streams. */
  readonly bestFixed: { readonly count: number; readonly ratio: number };
}

const SEEDS = [1, 2, 3];
const REPLAY_MS = 0.0035;
const LOAD_MS = 0.11;
const APPEND_MS = 0.34;
const APPEND_MS_PER_EVENT = 0.017;

/** @param size 1 for the whole simulation, less for a short one */
export function compare(writeEvents: number, size = 1): readonly Row[] {
  const costs: Costs = { replayMs: REPLAY_MS, writeMs: REPLAY_MS * writeEvents, loadMs: LOAD_MS };
  return STREAM_KINDS.map((kind) => {
    const runs = SEEDS.map((seed) => kind.histories(new Random(seed), size));
    const least = sum(runs.flat().map((history) => optimum(history, writeEvents))) * REPLAY_MS;
    const msOf = (policy: SnapshotPolicy): number =>
      sum(runs.map((histories, index) => simulate(histories, policy, costs, new Random(100 + index)).ms));
    const others = sum(
      runs.flat(2).map((step) => (step === "load" ? LOAD_MS : APPEND_MS + step * APPEND_MS_PER_EVENT)),
    );
    const ms = Object.entries(POLICIES).map(([name, policy]) => [name, msOf(policy)] as const);
    const fixed = thresholds().map((count) => ({ count, ratio: msOf(everyEvents(count)) / least }));
    return {
      kind,
      ratios: new Map(ms.map(([name, cost]) => [name, cost / least])),
      ratiosAllIn: new Map(ms.map(([name, cost]) => [name, (others + cost) / (others + least)])),
      bestFixed: fixed.reduce((best, each) => (each.ratio < best.ratio ? each : best)),
    };
  });
}

/** Those of the columns, and 1 to 100,000, each some 30 % more than the one before. */
function thresholds(): readonly number[] {
  return [...new Set([...COUNTS, ...Array.from({ length: 45 }, (_, index) => Math.round(1.3 ** index))])];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
