import type { SnapshotSurvey, SurveyedStream } from "./snapshot-survey.ts";

const STREAMS_AT_ONCE = 1_000;
const DRAWS_AT_ONCE = 5_000;
const DRAWS_MAX = 200_000;

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
    await nextTurn();
  }
}

/**
 * A sample of the streams of a type, for types with too many to look at. Draws events of all types, each with the same chance, until
 * about `streams` were of this type, and takes the streams that they belong to. A stream of n events is drawn n times as often as
 * one of 1, and so counts for an nth each time (the estimator of Hansen and Hurwitz).
 *
 * @returns how many events of the database each draw stands for: what the weights are to be multiplied with.
 */
export async function drawStreams(
  survey: SnapshotSurvey,
  { aggregateType, streams }: { readonly aggregateType: string; readonly streams: number },
  take: (stream: SurveyedStream, weight: number) => void,
): Promise<number> {
  const last = await survey.lastPosition();
  let [draws, drawn] = [0, 0];
  while (drawn < streams && draws < DRAWS_MAX) {
    const positions = Array.from({ length: DRAWS_AT_ONCE }, () => 1 + Math.floor(Math.random() * last));
    for (const stream of await survey.streamsAt(aggregateType, positions)) {
      take(stream, 1 / stream.head);
      drawn += 1;
    }
    draws += positions.length;
    await nextTurn();
  }
  return last / draws;
}

/** On drivers that block everything is a microtask: timers, signals and servers of the process would get no turn. */
async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 0);
  });
}
