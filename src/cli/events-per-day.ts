import type { EventStore } from "../events/event-store.ts";
import type { SnapshotSurvey, SurveyedStream } from "../monitoring/snapshot-survey.ts";

const STREAMS_ENOUGH = 30;
const DRAWS_AT_ONCE = 200;
const ROUNDS_MAX = 5;
const DAY_MS = 86_400_000;

/**
 * How many events a day a stream has that is at work: the median over streams drawn by their events, so that a busy one is drawn
 * more often. One whose events lie within a day tells nothing: it may be new, or imported. Undefined where there is no other.
 */
export async function eventsPerDay(
  survey: SnapshotSurvey,
  eventStore: EventStore,
  aggregateType: string,
): Promise<number | undefined> {
  const last = await survey.lastPosition();
  const drawn: SurveyedStream[] = [];
  for (let round = 0; round < ROUNDS_MAX && drawn.length < STREAMS_ENOUGH; round += 1) {
    const positions = Array.from({ length: DRAWS_AT_ONCE }, () => 1 + Math.floor(Math.random() * last));
    drawn.push(...(await survey.streamsAt(aggregateType, positions)));
  }
  // Hardly ever drawn among many of other types: then the newest ones have to do.
  if (drawn.length === 0) drawn.push(...(await survey.streams(aggregateType, undefined, STREAMS_ENOUGH)));
  const rates: number[] = [];
  for (const stream of drawn.slice(0, STREAMS_ENOUGH)) {
    const days = await daysOf(eventStore, stream);
    if (days !== undefined) rates.push((stream.head - 1) / days);
  }
  return rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)];
}

/** From the first event to the last; undefined where that is less than one. */
async function daysOf(eventStore: EventStore, stream: SurveyedStream): Promise<number | undefined> {
  if (stream.head < 2) return undefined;
  const [first, last] = [
    (await eventStore.readPage(stream, { afterVersion: 0, limit: 1 })).events[0],
    (await eventStore.readPage(stream, { afterVersion: stream.head - 1, limit: 1 })).events[0],
  ];
  if (first === undefined || last === undefined) return undefined;
  const days = (Date.parse(last.occurredAt) - Date.parse(first.occurredAt)) / DAY_MS;
  return days < 1 ? undefined : days;
}
