import type { StreamId } from "../events/stream-id.ts";
import { bounded } from "../snapshots/bounded.ts";
import type { AggregateHistory } from "./aggregate-history.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";

/** The outcome of a replay, as text: each load that shares it makes a state of its own. */
interface Replayed {
  readonly version: number;
  readonly lastEventId: string | undefined;
  readonly stateText: string;
  /** What was committed by this moment of `performance.now()` is in it. */
  readonly asOf: number;
}

interface RunningReplay {
  followers: number;
  /** Undefined when the replay failed, or its state cannot be turned into text. */
  readonly outcome: Promise<Replayed | undefined>;
}

export interface ReplayWork<A extends AnyAggregate> {
  readonly stream: StreamId;
  readonly instantiate: () => A;
  /** Replays from the first event. Resolves to a moment: all that was committed by then is replayed. */
  readonly all: (history: AggregateHistory) => Promise<number>;
  /** Replays what is newer than `history`, which holds all that was committed by the moment `asOf`. */
  readonly rest: (history: AggregateHistory, asOf: number) => Promise<void>;
}

export interface ReplayedAggregate<A extends AnyAggregate> {
  readonly aggregate: A;
  /** How many of its events another load has folded for this one. */
  readonly eventsSpared: number;
}

/** Long enough for a history of millions of events; a read that hangs must not hold every later load. */
const LEADER_WAIT_MS = 30_000;

/** Keeps loads of one aggregate that miss at the same time, as after a deployment, from each replaying its whole history. */
export class SharedReplays {
  /** By aggregate id: a loader serves one type. */
  readonly #running = new Map<string, RunningReplay>();

  /** Replays with `all`, or waits for the replay that is running, takes its state and replays what is newer with `rest`. */
  async replay<A extends AnyAggregate>(work: ReplayWork<A>): Promise<ReplayedAggregate<A>> {
    const key = work.stream.aggregateId;
    // Whoever finds that the one before it failed takes its place, one after the other.
    for (let running = this.#running.get(key); running !== undefined; running = this.#running.get(key)) {
      running.followers += 1;
      const outcome = await bounded("Another load's replay", LEADER_WAIT_MS, running.outcome).catch(
        () => "late" as const,
      );
      if (outcome === "late") return await replayAlone(work);
      if (outcome === undefined) continue;
      // Where the state does not survive being text, a replay of its own does.
      return await takeOver(work, outcome).catch(() => replayAlone(work));
    }
    const { promise, resolve } = Promise.withResolvers<Replayed | undefined>();
    const running: RunningReplay = { followers: 0, outcome: promise };
    this.#running.set(key, running);
    try {
      const replayed = await replayAlone(work);
      // In this tick: afterwards the instance is its user's, who may raise events on it.
      if (running.followers > 0) resolve(outcomeOf(historyOf(replayed.aggregate), replayed.asOf));
      return replayed;
    } finally {
      this.#running.delete(key);
      resolve(undefined);
    }
  }
}

/** Replays with `all`, whoever else does. */
export async function replayAlone<A extends AnyAggregate>({
  instantiate,
  all,
}: ReplayWork<A>): Promise<ReplayedAggregate<A> & { asOf: number }> {
  const aggregate = instantiate();
  const asOf = await all(historyOf(aggregate));
  return { aggregate, eventsSpared: 0, asOf };
}

async function takeOver<A extends AnyAggregate>(
  { instantiate, rest }: ReplayWork<A>,
  outcome: Replayed,
): Promise<ReplayedAggregate<A>> {
  const aggregate = instantiate();
  const history = historyOf(aggregate);
  const { schemaVersion } = history.definition.wanted;
  history.restore({ ...outcome, schemaVersion }, JSON.parse(outcome.stateText));
  await rest(history, outcome.asOf);
  return { aggregate, eventsSpared: outcome.version };
}

function outcomeOf(history: AggregateHistory, asOf: number): Replayed | undefined {
  try {
    return { version: history.version, lastEventId: history.lastEventId, stateText: history.stateText(), asOf };
  } catch {
    return undefined;
  }
}
