import type { WantedOfType } from "../snapshots/snapshot-store.ts";
import { readOrphans } from "./orphaned-snapshots.ts";
import { HealthTally, type StreamsHealth, type TypeHealth } from "./snapshot-health.ts";
import type { SnapshotSurvey } from "./snapshot-survey.ts";
import { drawStreams, STREAMS_AT_ONCE, walkStreams } from "./survey-walk.ts";

export interface HealthQuery {
  /** In the order of the answer. */
  readonly types: readonly string[];
  /** Those of them that may have snapshots. */
  readonly snapshotTypes: readonly string[];
  /** By type. */
  readonly wanted: ReadonlyMap<string, WantedOfType>;
  /** In all. With about as many or fewer every stream is looked at, with more a sample, but for types of one page. */
  readonly streamsMax: number;
  readonly asOfMs: number;
}

/** A type of which a page has been read. */
interface Reading {
  readonly aggregateType: string;
  readonly tally: HealthTally;
  /** Where the page ended; undefined when it was the last. */
  readonly lastId: string | undefined;
}

const DRAWS_MAX = 50_000;
/** Enough for a 99th percentile. */
const DRAWN_ENOUGH = 2_500;

/** The health of each type that has streams, or snapshots that lost theirs: exact where that is little work, else estimated. */
export async function readHealth(survey: SnapshotSurvey, query: HealthQuery): Promise<readonly TypeHealth[]> {
  const readings: Reading[] = [];
  for (const aggregateType of query.types) readings.push(await readFirst(survey, aggregateType, query));
  const large = readings.filter(({ lastId }) => lastId !== undefined);
  const rest = large.length === 0 ? undefined : await readRest(survey, large, query);
  const orphansByType = await readOrphans(survey, query.snapshotTypes, query.streamsMax);
  return readings
    .map(({ aggregateType, tally }) => {
      const orphans = orphansByType.get(aggregateType) ?? { snapshots: 0, complete: true };
      return { ...(rest?.get(aggregateType) ?? tally.result(aggregateType, true)), orphans };
    })
    .filter(({ streams, orphans }) => streams > 0 || orphans.snapshots > 0);
}

async function readFirst(survey: SnapshotSurvey, aggregateType: string, query: HealthQuery): Promise<Reading> {
  const limit = Math.min(STREAMS_AT_ONCE, query.streamsMax + 1);
  const page = await survey.streams(aggregateType, undefined, limit);
  const tally = new HealthTally(query.wanted.get(aggregateType), query.asOfMs);
  for (const stream of page) tally.add(stream, 1);
  return { aggregateType, tally, lastId: page.length < limit ? undefined : page.at(-1)?.aggregateId };
}

/** A first draw tells how many streams there are. */
async function readRest(
  survey: SnapshotSurvey,
  large: readonly Reading[],
  { types, wanted, streamsMax, asOfMs }: HealthQuery,
): Promise<ReadonlyMap<string, StreamsHealth>> {
  const samples = new Map(large.map(({ aggregateType: type }) => [type, new HealthTally(wanted.get(type), asOfMs)]));
  const results = (scale: number): ReadonlyMap<string, StreamsHealth> =>
    new Map([...samples].map(([type, sample]) => [type, sample.result(type, false, scale)]));
  let walks = true;
  for await (const { streams, draws, scale } of drawStreams(survey, types.length === 1 ? types[0] : undefined)) {
    for (const stream of streams) samples.get(stream.aggregateType)?.add(stream, 1 / stream.head);
    const tallies = [...samples.values()];
    const few = tallies.reduce((sum, tally) => sum + tally.streams * scale, 0) <= streamsMax;
    const exact = walks && few ? await walkRest(survey, large, streamsMax) : undefined;
    if (exact !== undefined) return exact;
    walks = false;
    if (draws >= DRAWS_MAX || tallies.every(({ examined }) => examined >= DRAWN_ENOUGH)) return results(scale);
  }
  return new Map();
}

/** Undefined when there are twice as many as was thought. */
async function walkRest(
  survey: SnapshotSurvey,
  large: readonly Reading[],
  streamsMax: number,
): Promise<ReadonlyMap<string, StreamsHealth> | undefined> {
  const results = new Map<string, StreamsHealth>();
  let walked = 0;
  for (const { aggregateType, tally, lastId } of large) {
    for await (const stream of walkStreams(survey, aggregateType, lastId)) {
      tally.add(stream, 1);
      walked += 1;
      if (walked > 2 * streamsMax) return undefined;
    }
    results.set(aggregateType, tally.result(aggregateType, true));
  }
  return results;
}
