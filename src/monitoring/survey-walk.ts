import { pause } from "../events/pause.ts";
import type { SnapshotSurvey, SurveyedStream } from "./snapshot-survey.ts";

export const STREAMS_AT_ONCE = 1_000;
const DRAWS_AT_ONCE = 5_000;

/** Every stream of a type, page by page. What is created meanwhile does not make it endless: ids only go down. */
export async function* walkStreams(
  survey: SnapshotSurvey,
  aggregateType: string,
  before?: string,
): AsyncGenerator<SurveyedStream> {
  for (let beforeId = before; ; ) {
    const page = await survey.streams(aggregateType, beforeId, STREAMS_AT_ONCE);
    yield* page;
    if (page.length < STREAMS_AT_ONCE) return;
    beforeId = page.at(-1)?.aggregateId;
    await pause(0);
  }
}

/**
 * A sample of streams, where there are too many to look at: draws events, each with the same chance, and takes the streams that
 * they belong to. A stream of n events is drawn n times as often as one of 1, and so counts for an nth each time (the estimator
 * of Hansen and Hurwitz). Ends when the caller has enough.
 */
export async function* drawStreams(survey: SnapshotSurvey, aggregateType: string | undefined): AsyncGenerator<Draw> {
  const last = await survey.lastPosition();
  for (let draws = 0; ; ) {
    const positions = Array.from({ length: DRAWS_AT_ONCE }, () => 1 + Math.floor(Math.random() * last));
    const streams = await survey.streamsAt(aggregateType, positions);
    draws += positions.length;
    yield { streams, draws, scale: last / draws };
    await pause(0);
  }
}

export interface Draw {
  /** Of this step. Positions without an event give none. */
  readonly streams: readonly SurveyedStream[];
  /** Up to now. */
  readonly draws: number;
  /** How many events of the database each draw up to now stands for: what weights are to be multiplied with. */
  readonly scale: number;
}
