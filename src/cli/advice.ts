import type { TypeHealth } from "../monitoring/snapshot-health.ts";

/** What the model takes for granted, and the database cannot tell. */
export interface Assumptions {
  /** Loads for each event that is appended. */
  readonly loadsPerEvent: number;
  /** What writing a snapshot costs, in events replayed. */
  readonly writeCostEvents: number;
  /** What reading and folding an event takes, in microseconds; undefined where nobody has measured it. */
  readonly eventMicros: number | undefined;
}

/** What is known of a type. */
export interface TypeFacts {
  readonly health: Pick<TypeHealth, "aggregateType" | "streams" | "events" | "lengths" | "histogram">;
  /** Of a stream that is at work, on a day; undefined where it cannot be told. */
  readonly eventsPerDay: number | undefined;
  /** Mean of the states that are stored; undefined where there are none. */
  readonly stateBytes: number | undefined;
}

/** What the streams of a type cost, from their first event to their last, under one policy. */
interface Cost {
  readonly eventsReplayed: number;
  /** Events that a load replays on average. */
  readonly eventsPerLoad: number;
  readonly snapshotsWritten: number;
  /** Rows that are there in the end: one for each stream that has reached the threshold. */
  readonly snapshotsKept: number;
  /** Undefined where no state of the type is stored, so that its size is not known. */
  readonly bytesWritten: number | undefined;
  readonly bytesKept: number | undefined;
}

export interface Advice {
  readonly aggregateType: string;
  /** `threshold` of the repository; undefined: no snapshots. */
  readonly threshold: number | undefined;
  readonly reason: string;
  readonly eventsPerDay: number | undefined;
  /** Events of the longest stream. */
  readonly longest: number;
  /** Where reading and folding an event takes less, even the longest stream loads so quickly that no snapshots are needed yet. */
  readonly cheapUnderMicros: number;
  readonly withoutSnapshots: Cost;
  /** With `threshold`; that without snapshots where none is advised. */
  readonly withAdvice: Cost;
  /** Share of all costs without snapshots that the advice saves, writing included: 0 to 1. */
  readonly saved: number;
}

/** Under so many events a stream is not worth a snapshot, say the documents. */
const LENGTH_WORTHWHILE = 20;
/** Loads that take less need no snapshots yet, say the documents. */
export const LOAD_MS_CHEAP = 100;
/** What saves less is not worth the trouble of having snapshots at all. */
const SAVED_MIN = 0.1;

/** Thresholds by how busy a stream is: both of the documents' tables, by commands and by events a day, in one. */
const THRESHOLDS = [
  { eventsPerDay: 100, thresholds: [20, 50], how: "over 100 events a day" },
  { eventsPerDay: 10, thresholds: [50, 100], how: "10 to 100 events a day" },
  { eventsPerDay: 0, thresholds: [500, 1_000], how: "under 10 events a day" },
] as const;
/** Where nobody knows how busy streams are: where the documents say to start. */
const UNKNOWN = { thresholds: [100], how: "no telling how busy they are" };

/**
 * What threshold a type had better have, if any: of those that the documents name for streams so busy, the one that costs the
 * least by the model.
 */
export function adviseType(facts: TypeFacts, assumptions: Assumptions): Advice {
  const { health, eventsPerDay } = facts;
  const { aggregateType, lengths } = health;
  const without = costOf(facts, Number.POSITIVE_INFINITY, assumptions);
  const cheapUnderMicros = (LOAD_MS_CHEAP * 1_000) / Math.max(1, lengths.max);
  const common = { aggregateType, eventsPerDay, longest: lengths.max, cheapUnderMicros, withoutSnapshots: without };
  const none = (reason: string): Advice => {
    return { ...common, threshold: undefined, reason, withAdvice: without, saved: 0 };
  };
  if (lengths.p99 < LENGTH_WORTHWHILE) return none(`99 % of the streams have under ${LENGTH_WORTHWHILE} events`);
  const { eventMicros } = assumptions;
  if (eventMicros !== undefined && eventMicros < cheapUnderMicros) {
    const ms = (lengths.max * eventMicros) / 1_000;
    return none(`the longest replays in ${ms < 1 ? "under 1" : Number(ms.toPrecision(2))} ms`);
  }
  const { thresholds, how } =
    THRESHOLDS.find((row) => eventsPerDay !== undefined && eventsPerDay >= row.eventsPerDay) ?? UNKNOWN;
  const total = (cost: Cost): number => cost.eventsReplayed + cost.snapshotsWritten * assumptions.writeCostEvents;
  const [best] = thresholds
    .map((threshold) => ({ threshold, cost: costOf(facts, threshold, assumptions) }))
    .sort((a, b) => total(a.cost) - total(b.cost));
  if (best === undefined) return none("there is no threshold to choose from");
  const { threshold, cost } = best;
  if (lengths.max < threshold) return none(`none reaches ${threshold} events; ${how}`);
  const saved = without.eventsReplayed === 0 ? 0 : 1 - total(cost) / without.eventsReplayed;
  if (saved < SAVED_MIN) return none(`a threshold of ${threshold} would save under ${SAVED_MIN * 100} %; ${how}`);
  return { ...common, threshold, reason: how, withAdvice: cost, saved };
}

/**
 * Replays of the loads before each save of one event, where the snapshots lie at the multiples of `threshold`: a stream of n events
 * has ⌊n / threshold⌋ of them, and a load at version v replays v mod threshold events.
 */
function costOf({ health, stateBytes }: TypeFacts, threshold: number, { loadsPerEvent }: Assumptions): Cost {
  let [replayed, written, kept] = [0, 0, 0];
  for (const { streams, events } of health.histogram) {
    const length = events / streams;
    const cycles = Math.floor(length / threshold);
    const rest = length - (cycles === 0 ? 0 : cycles * threshold);
    const cycle = cycles === 0 ? 0 : (threshold * (threshold - 1)) / 2;
    replayed += streams * loadsPerEvent * (cycles * cycle + (rest * Math.max(0, rest - 1)) / 2);
    written += streams * cycles;
    kept += cycles > 0 ? streams : 0;
  }
  const sized = (rows: number): number | undefined =>
    stateBytes === undefined ? undefined : Math.round(rows * stateBytes);
  const loads = health.events * loadsPerEvent;
  return {
    eventsReplayed: Math.round(replayed),
    eventsPerLoad: loads === 0 ? 0 : replayed / loads,
    snapshotsWritten: written,
    snapshotsKept: kept,
    bytesWritten: sized(written),
    bytesKept: sized(kept),
  };
}

/** An aggregate that had better end, or be several. */
export interface Outgrown {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly events: number | undefined;
  readonly stateBytes: number | undefined;
  readonly reason: string;
}

const EVENTS_OUTGROWN = 10_000;
/** Beyond so many times the median, from 1,000 events on, a stream is another thing than the others of its type. */
const TIMES_MEDIAN = 100;
const EVENTS_NOTABLE = 1_000;
const BYTES_OUTGROWN = 100_000;

/** The longest streams and the largest states that stand out. */
export function outgrown(
  types: readonly Pick<TypeHealth, "aggregateType" | "lengths" | "longest">[],
  largest: readonly { readonly aggregateType: string; readonly aggregateId: string; readonly stateBytes: number }[],
): readonly Outgrown[] {
  const long = types.flatMap(({ aggregateType, lengths, longest }) =>
    longest.flatMap(({ aggregateId, events }) => {
      const times = Math.floor(events / Math.max(1, lengths.p50));
      const stands = events >= EVENTS_OUTGROWN || (events >= EVENTS_NOTABLE && times >= TIMES_MEDIAN);
      const reason = times >= 2 ? `${times} times the median of its type` : "as long as the others of its type";
      return stands ? [{ aggregateType, aggregateId, events, stateBytes: undefined, reason }] : [];
    }),
  );
  const large = largest
    .filter(({ stateBytes }) => stateBytes >= BYTES_OUTGROWN)
    .map(({ aggregateType, aggregateId, stateBytes }) => {
      const reason = "its state is written again with each snapshot";
      return { aggregateType, aggregateId, events: undefined, stateBytes, reason };
    });
  return [...long, ...large];
}
