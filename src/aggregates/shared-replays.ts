import type { AggregateHistory } from "./aggregate-history.ts";

/** The outcome of a replay, as text: each load that shares it makes a state of its own. */
interface Replayed {
  readonly version: number;
  readonly lastEventId: string | undefined;
  readonly stateText: string;
}

interface RunningReplay {
  followers: number;
  /** Undefined when the replay failed, or its state cannot be turned into text. */
  readonly outcome: Promise<Replayed | undefined>;
}

/** Keeps loads of one aggregate that miss at the same time, as after a deployment, from each replaying its whole history. */
export class SharedReplays {
  /** By aggregate id: a loader serves one type. */
  readonly #running = new Map<string, RunningReplay>();

  /**
   * Replays with `all`, or waits for the replay that is running, takes its state and replays what is newer with `rest`.
   *
   * @returns how many events `history` was spared.
   */
  async replay(
    history: AggregateHistory,
    work: { readonly all: () => Promise<void>; readonly rest: () => Promise<void> },
  ): Promise<number> {
    const key = history.stream.aggregateId;
    // Whoever finds that the one before it failed takes its place, one after the other.
    for (let running = this.#running.get(key); running !== undefined; running = this.#running.get(key)) {
      running.followers += 1;
      const outcome = await running.outcome;
      if (outcome === undefined) continue;
      const { schemaVersion } = history.definition.wanted;
      history.restore({ ...outcome, schemaVersion }, JSON.parse(outcome.stateText));
      await work.rest();
      return outcome.version;
    }
    const { promise, resolve } = Promise.withResolvers<Replayed | undefined>();
    const running: RunningReplay = { followers: 0, outcome: promise };
    this.#running.set(key, running);
    try {
      await work.all();
      // In this tick: afterwards the instance is its user's, who may raise events on it.
      if (running.followers > 0) resolve(outcomeOf(history));
    } finally {
      this.#running.delete(key);
      resolve(undefined);
    }
    return 0;
  }
}

function outcomeOf(history: AggregateHistory): Replayed | undefined {
  try {
    return { version: history.version, lastEventId: history.lastEventId, stateText: history.stateText() };
  } catch {
    return undefined;
  }
}
