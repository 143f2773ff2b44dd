import { StreamChangedError } from "../errors.ts";
import type { EventStore, StreamPage } from "../events/event-store.ts";
import { checkSequence, readPages } from "../events/read-stream.ts";
import type { StreamId } from "../events/stream-id.ts";
import { isAnchor } from "../snapshots/snapshot-store.ts";
import type { AggregateHistory } from "./aggregate-history.ts";
import {
  type AggregateLoader,
  durationOf,
  type Loaded,
  type LoadTarget,
  type LoadTime,
  MANY_EVENTS_EACH,
} from "./aggregate-loader.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import type { HeldState, HeldStates } from "./held-states.ts";
import type { CacheMissReason, RepositoryObserver } from "./repository-observer.ts";
import { SharedFetches } from "./shared-fetches.ts";

export interface CachedLoaderOptions {
  readonly loader: AggregateLoader;
  readonly held: HeldStates;
  readonly eventStore: EventStore;
  readonly pageSize: number;
  readonly report: RepositoryObserver;
}

/** What loads that share a fetch share. */
type Fetched = HeldState | "absent";

/** When a fetch begins: nothing that is committed later may be missing from what it leaves. */
interface Beginning {
  readonly startedAt: number;
  readonly era: number;
}

interface Continuation {
  readonly page: StreamPage;
  /** How many events were asked for, beside the first. */
  readonly limit: number;
  readonly beginning: Beginning;
  /** Whether it is no part of a load of many. */
  readonly alone: boolean;
}

interface Fetch<A extends AnyAggregate> {
  readonly own: Loaded<A> | undefined;
  readonly outcome: Fetched | undefined;
}

/**
 * Brings aggregates back from states that a cache holds and the events that are newer, and has those states held that loads and
 * saves leave. What it returns is what replaying all events gives, also where a held state turns out to be of another history.
 */
export class CachedLoader {
  readonly #options: CachedLoaderOptions;
  /** By aggregate id: a loader serves one class. */
  readonly #fetches = new SharedFetches<Fetched>();

  constructor(options: CachedLoaderOptions) {
    this.#options = options;
  }

  /** @param staleMs a state that was the newest one less than so many milliseconds ago is good enough; 0: none is. */
  async load<A extends AnyAggregate>(target: LoadTarget<A>, staleMs: number): Promise<Loaded<A> | undefined> {
    const fresh = this.#fresh(target, staleMs, true);
    if (fresh !== undefined) return fresh;
    const follow = async (fetched: Fetched | undefined): Promise<Loaded<A> | undefined> => {
      if (fetched === "absent") return undefined;
      // Where the other fetch failed, this load is to find out itself.
      return (fetched && this.#restored(target, fetched, true)) ?? (await this.#fetch(target)).own;
    };
    return await this.#fetches.run(target.stream.aggregateId, () => this.#fetch(target), follow);
  }

  /** As `load` for each of `targets`, in their order: what is newer than held states by one read, the others as the loader does. */
  async loadMany<A extends AnyAggregate>(
    targets: readonly LoadTarget<A>[],
    staleMs: number,
  ): Promise<readonly (Loaded<A> | undefined)[]> {
    const { loader, held, eventStore, pageSize } = this.#options;
    const found = new Map<LoadTarget<A>, Loaded<A> | undefined>();
    const known: { readonly target: LoadTarget<A>; readonly state: HeldState }[] = [];
    for (const target of targets) {
      const fresh = this.#fresh(target, staleMs, false);
      const state = held.get(target.stream.aggregateId);
      if (fresh !== undefined) found.set(target, fresh);
      else if (state !== undefined) known.push({ target, state });
    }
    const limit = Math.min(pageSize, MANY_EVENTS_EACH);
    const beginning = this.#begin();
    const [first] = known;
    const pages =
      first &&
      (await eventStore.readManyPages(
        first.target.stream.aggregateType,
        known.map(({ state: { aggregateId, version } }) => ({ aggregateId, afterVersion: version - 1 })),
        limit + 1,
      ));
    for (const [index, { target, state }] of known.entries()) {
      const page = pages?.[index] as StreamPage;
      const { own } = await this.#continue(target, state, { page, limit, beginning, alone: false });
      if (own !== undefined) found.set(target, own);
    }
    const others = targets.filter((target) => !found.has(target));
    const beginningOfOthers = this.#begin();
    const loaded = others.length === 0 ? [] : await loader.loadMany(others);
    for (const [index, target] of others.entries()) {
      const own = loaded[index];
      found.set(target, own);
      if (own !== undefined) this.#hold(historyOf(own.aggregate), beginningOfOthers);
    }
    return targets.map((target) => found.get(target));
  }

  /**
   * Takes what `history` will be once its uncommitted events are stored: in the tick in which they are taken. The function that is
   * returned has it held, and is to be called once they are committed.
   */
  capture(history: AggregateHistory, stateText: string | undefined): () => void {
    const { held } = this.#options;
    const beginning = this.#begin();
    const state = this.#captured(history, beginning, stateText);
    const { lastEventId, stream } = history;
    return () => {
      held.noteChange(stream.aggregateId, lastEventId);
      if (state !== undefined && !held.mayBeUndone) held.put(state, beginning.era);
    };
  }

  /** Has the next load ask, whatever `staleMs` it allows: what is held may not be the newest any more. */
  doubt(aggregateId: string): void {
    this.#options.held.noteChange(aggregateId, undefined);
  }

  /** Drops what is held of an aggregate, for good. */
  purge(aggregateId: string): void {
    this.#options.held.purge(aggregateId);
  }

  /** From the held state and what is newer; else as the loader does. */
  async #fetch<A extends AnyAggregate>(target: LoadTarget<A>): Promise<Fetch<A>> {
    const { loader, held, eventStore, pageSize: limit } = this.#options;
    const { stream } = target;
    const state = held.get(stream.aggregateId);
    if (state !== undefined) {
      const beginning = this.#begin();
      const page = await eventStore.readPage(stream, { afterVersion: state.version - 1, limit: limit + 1 });
      const fetch = await this.#continue(target, state, { page, limit, beginning, alone: true });
      if (fetch.own !== undefined) return fetch;
    }
    const beginning = this.#begin();
    const own = await loader.load(target);
    return { own, outcome: own === undefined ? "absent" : this.#hold(historyOf(own.aggregate), beginning) };
  }

  /** @param page begins with the event that the state ends with, if it still stands there. */
  async #continue<A extends AnyAggregate>(
    { stream, instantiate }: LoadTarget<A>,
    state: HeldState,
    { page: { head, events: page }, limit, beginning, alone }: Continuation,
  ): Promise<Fetch<A>> {
    const { eventStore, pageSize } = this.#options;
    if (!isAnchor(page[0], state)) {
      return this.#reject(stream, state, head < state.version ? "ahead-of-stream" : "history-mismatch");
    }
    const events = page.slice(1);
    checkSequence(stream, events, { afterVersion: state.version, throughVersion: head, limit });
    const aggregate = instantiate();
    const history = historyOf(aggregate);
    try {
      restore(history, state);
      history.replay(events);
    } catch (error) {
      return this.#reject(stream, state, "restore-failed", error);
    }
    if (history.version < head) {
      const { version: afterVersion, lastEventId: afterEventId } = history;
      const range = { afterVersion, afterEventId, throughVersion: head, pageSize };
      try {
        for await (const following of readPages(eventStore, stream, range)) {
          try {
            history.replay(following);
          } catch (error) {
            return this.#reject(stream, state, "restore-failed", error);
          }
        }
      } catch (error) {
        if (!(error instanceof StreamChangedError)) throw error;
        return this.#reject(stream, state, "history-mismatch");
      }
    }
    const own = this.#loaded(aggregate, state, { startedAt: beginning.startedAt, alone });
    return { own, outcome: this.#hold(history, beginning, own.eventsReplayed === 0 ? state.stateText : undefined) };
  }

  /** The held state alone, where `staleMs` allows it. */
  #fresh<A extends AnyAggregate>(target: LoadTarget<A>, staleMs: number, alone: boolean): Loaded<A> | undefined {
    const state = this.#options.held.getFresh(target.stream.aggregateId, staleMs);
    return state && this.#restored(target, state, alone);
  }

  /** An instance of a state that needs no events. Undefined when it cannot be restored. */
  #restored<A extends AnyAggregate>(
    { stream, instantiate }: LoadTarget<A>,
    state: HeldState,
    alone: boolean,
  ): Loaded<A> | undefined {
    const time = { startedAt: performance.now(), alone };
    const aggregate = instantiate();
    try {
      restore(historyOf(aggregate), state);
    } catch (error) {
      this.#reject(stream, state, "restore-failed", error);
      return undefined;
    }
    return this.#loaded(aggregate, state, time);
  }

  #loaded<A extends AnyAggregate>(aggregate: A, state: HeldState, time: LoadTime): Loaded<A> {
    const { stream, version } = historyOf(aggregate);
    const eventsReplayed = version - state.version;
    const durationMs = durationOf(time);
    this.#options.report({
      kind: "loaded",
      stream,
      version,
      snapshotVersion: undefined,
      snapshotCreatedAt: undefined,
      cachedVersion: state.version,
      eventsReplayed,
      durationMs,
    });
    return { aggregate, eventsReplayed, durationMs, fromCache: true };
  }

  #reject(stream: StreamId, { version }: HeldState, reason: CacheMissReason, error?: unknown): Fetch<never> {
    this.#options.held.drop(stream.aggregateId);
    this.#options.report({ kind: "cache-missed", stream, version, reason, error });
    return { own: undefined, outcome: undefined };
  }

  /** Holds what was loaded; in the tick in which it was, for afterwards the instance is its user's. */
  #hold(history: AggregateHistory, beginning: Beginning, stateText?: string): HeldState | undefined {
    const state = this.#captured(history, beginning, stateText);
    if (state !== undefined) this.#options.held.put(state, beginning.era);
    return state;
  }

  #captured(history: AggregateHistory, { startedAt }: Beginning, known: string | undefined): HeldState | undefined {
    const { stream, version, lastEventId, baseline } = history;
    try {
      const stateText = known ?? history.stateText();
      return { aggregateId: stream.aggregateId, version, lastEventId, stateText, checkedAt: startedAt, baseline };
    } catch (error) {
      this.#options.report({ kind: "cache-failed", stream, version, error });
      return undefined;
    }
  }

  #begin(): Beginning {
    return { startedAt: performance.now(), era: this.#options.held.era };
  }
}

function restore(history: AggregateHistory, { version, lastEventId, stateText, baseline }: HeldState): void {
  const { schemaVersion } = history.definition.wanted;
  history.restore({ schemaVersion, version, lastEventId }, JSON.parse(stateText));
  Object.assign(history.baseline, baseline);
}
