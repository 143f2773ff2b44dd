import { StreamChangedError } from "../errors.ts";
import type { StoredEvent } from "../events/event.ts";
import type { EventStore } from "../events/event-store.ts";
import { checkSequence, readPages } from "../events/read-stream.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import { historyFlaw, keyFlaw } from "../snapshots/snapshot-flaws.ts";
import { proofFlaw } from "../snapshots/snapshot-proof.ts";
import { isOfKey } from "../snapshots/snapshot-store.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";
import type { AggregateHistory } from "./aggregate-history.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import { type LoadReader, type LoadStart, loadReader, type SnapshotSource } from "./load-reader.ts";
import type { MissReason, RepositoryFact, RepositoryObserver } from "./repository-observer.ts";
import { type ReplayedAggregate, replayAlone, SharedReplays } from "./shared-replays.ts";

export interface AggregateLoaderOptions {
  readonly eventStore: EventStore;
  /** Undefined: every load replays all events. */
  readonly snapshots: SnapshotSource | undefined;
  readonly definition: AggregateDefinition;
  readonly pageSize: number;
  readonly report: RepositoryObserver;
}

export interface Loaded<A extends AnyAggregate> {
  readonly aggregate: A;
  readonly eventsReplayed: number;
  /** Undefined for one of many. */
  readonly durationMs: number | undefined;
  /** Whether it began with a state that a cache held. @default false */
  readonly fromCache?: boolean;
}

/** What is to be brought back. */
export interface LoadTarget<A extends AnyAggregate> {
  readonly stream: StreamId;
  /** Makes a fresh instance for each attempt, so that nothing of a failed one is built upon. */
  readonly instantiate: () => A;
}

/** Of one aggregate among many, in the read for all of them: more than lie after most snapshots, and few enough for a thousand. */
export const MANY_EVENTS_EACH = 100;

/** A stream that is erased or restored again and again is no longer the load's to wait for. */
const REPLAYS_MAX = 3;

/** When a load began, and whether it is one by itself: how much of the time of many went into each of them cannot be told. */
export interface LoadTime {
  readonly startedAt: number;
  readonly alone: boolean;
}

/** In milliseconds, up to now; undefined for one of many. */
export function durationOf({ startedAt, alone }: LoadTime): number | undefined {
  return alone ? performance.now() - startedAt : undefined;
}

/** Why a snapshot is not used. */
interface Miss {
  readonly reason: MissReason;
  readonly error?: unknown;
}

/**
 * Brings aggregates back: from a snapshot that proves itself and the events after it, else from all events. Whatever lies in
 * the snapshot store, the result is what replaying all events gives.
 */
export class AggregateLoader {
  readonly #options: AggregateLoaderOptions;
  readonly #reader: LoadReader;
  readonly #sharedReplays = new SharedReplays();

  constructor(options: AggregateLoaderOptions) {
    this.#options = options;
    this.#reader = loadReader(options.eventStore, options.snapshots);
  }

  /** @returns undefined when the stream has no events. */
  load<A extends AnyAggregate>(target: LoadTarget<A>): Promise<Loaded<A> | undefined> {
    const { definition, pageSize } = this.#options;
    const time = { startedAt: performance.now(), alone: true };
    return this.#bringBack(target, this.#reader.read(target.stream, definition.wanted, pageSize), time);
  }

  /** As `load` for each of `targets`, 999 at most; in their order, and in a number of reads that does not depend on theirs. */
  async loadMany<A extends AnyAggregate>(
    targets: readonly LoadTarget<A>[],
  ): Promise<readonly (Loaded<A> | undefined)[]> {
    const { definition, pageSize } = this.#options;
    const time = { startedAt: performance.now(), alone: false };
    const streams = targets.map(({ stream }) => stream);
    const starts = await this.#reader.readMany(streams, definition.wanted, Math.min(pageSize, MANY_EVENTS_EACH));
    const loaded: (Loaded<A> | undefined)[] = [];
    // One by one: each may have pages to read that follow.
    for (const [index, target] of targets.entries()) {
      loaded.push(await this.#bringBack(target, starts[index] as LoadStart, time));
    }
    return loaded;
  }

  async #bringBack<A extends AnyAggregate>(
    { stream, instantiate }: LoadTarget<A>,
    reading: LoadStart | Promise<LoadStart>,
    time: LoadTime,
  ): Promise<Loaded<A> | undefined> {
    const { snapshots, definition, report } = this.#options;
    const { wanted } = definition;
    const start = reading instanceof Promise ? await reading : reading;
    let aggregate = instantiate();
    let miss = snapshots && (judge(start, definition) ?? restore(historyOf(aggregate), start));
    // Waits for nothing where nothing more is to be read, as in most loads.
    if (snapshots && miss === undefined && !isComplete(start))
      miss = await this.#replayRest(historyOf(aggregate), start);
    if (miss !== undefined) {
      report({ kind: "missed", stream, wanted, error: undefined, ...miss, row: withoutState(start.row) });
    }
    const row = miss === undefined ? start.row : undefined;
    let foldedBefore = row?.version ?? 0;
    if (row === undefined) {
      if (start.head === 0) return undefined;
      const replayed = await this.#fromEvents({ stream, instantiate }, start, time.startedAt);
      aggregate = replayed.aggregate;
      if (historyOf(aggregate).version === 0) return undefined;
      foldedBefore = replayed.eventsSpared;
    }
    const history = historyOf(aggregate);
    noteRow(history, start.row, { used: row !== undefined });
    const eventsReplayed = history.version - foldedBefore;
    const durationMs = durationOf(time);
    report({
      kind: "loaded",
      stream,
      version: history.version,
      snapshotVersion: row?.version,
      snapshotCreatedAt: row?.createdAt,
      cachedVersion: undefined,
      eventsReplayed,
      durationMs,
    });
    return { aggregate, eventsReplayed, durationMs };
  }

  /** Replays what follows the page that a load began with. A miss leaves `history` half done: it is not to be used. */
  async #replayRest(history: AggregateHistory, start: LoadStart): Promise<Miss | undefined> {
    try {
      for await (const events of this.#followingPages(history.stream, start)) {
        const miss = replayTail(history, events);
        if (miss !== undefined) return miss;
      }
      return undefined;
    } catch (error) {
      if (error instanceof StreamChangedError) return { reason: "history-mismatch" };
      throw error;
    }
  }

  /** Replays all events on a fresh instance, anew where the stream is erased or restored meanwhile. */
  async #fromEvents<A extends AnyAggregate>(
    target: LoadTarget<A>,
    start: LoadStart,
    startedAt: number,
  ): Promise<ReplayedAggregate<A>> {
    let first = start.afterVersion === 0 ? start : undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#replay(target, first, startedAt);
      } catch (error) {
        if (!(error instanceof StreamChangedError) || attempt === REPLAYS_MAX) throw error;
        first = undefined;
      }
    }
  }

  /**
   * Loads of one aggregate that miss at the same time share a replay.
   *
   * @param first the first page, if it is there
   */
  async #replay<A extends AnyAggregate>(
    { stream, instantiate }: LoadTarget<A>,
    first: LoadStart | undefined,
    startedAt: number,
  ): Promise<ReplayedAggregate<A>> {
    const { eventStore, snapshots, pageSize } = this.#options;
    // What the first of several loads does, or one that is alone. Resolves to when the end that it replayed up to was looked up.
    const all = async (history: AggregateHistory): Promise<number> => {
      // That of the page which is there, or else of one that is yet to be read.
      const asOf = first?.head === undefined ? performance.now() : startedAt;
      if (first !== undefined) history.replay(checkedPage(stream, first));
      if (first !== undefined && isComplete(first)) return asOf;
      const pages = first ? this.#followingPages(stream, first) : readPages(eventStore, stream, { pageSize });
      for await (const events of pages) history.replay(events);
      return asOf;
    };
    // What the others do, who take the state of the first: those that began before its end was looked up, nothing. The rest finds
    // out, too, whether that state is of the history that stands there now.
    const rest = async (history: AggregateHistory, asOf: number): Promise<void> => {
      if (startedAt < asOf) return;
      const range = { afterVersion: history.version, afterEventId: history.lastEventId, pageSize };
      for await (const events of readPages(eventStore, stream, range)) history.replay(events);
    };
    const work = { stream, instantiate, all, rest };
    return await (snapshots === undefined ? replayAlone(work) : this.#sharedReplays.replay(work));
  }

  /** The pages after the one that is there, up to the head that it saw, or else the next one sees. */
  #followingPages(stream: StreamId, first: LoadStart): AsyncGenerator<readonly StoredEvent[]> {
    const { eventStore, pageSize } = this.#options;
    const { head: throughVersion = Number.MAX_SAFE_INTEGER } = first;
    return readPages(eventStore, stream, {
      afterVersion: lastVersionOf(first),
      afterEventId: first.events.at(-1)?.id ?? (first.afterVersion > 0 ? first.row?.lastEventId : undefined),
      throughVersion,
      pageSize,
    });
  }
}

/** Restores the snapshot and replays the page that came with it. A miss leaves `history` half done: it is not to be used. */
function restore(history: AggregateHistory, start: LoadStart): Miss | undefined {
  const { row } = start;
  if (row === undefined) return { reason: "missing" };
  try {
    history.restore(row, JSON.parse(row.stateText));
  } catch (error) {
    return { reason: "restore-failed", error };
  }
  return replayTail(history, checkedPage(history.stream, start));
}

function replayTail(history: AggregateHistory, events: readonly StoredEvent[]): Miss | undefined {
  try {
    history.replay(events);
    return undefined;
  } catch (error) {
    return { reason: "restore-failed", error };
  }
}

/** The page that a load began with. @throws {CorruptStreamError} */
function checkedPage(stream: StreamId, start: LoadStart): readonly StoredEvent[] {
  const { events, afterVersion, limit, head: throughVersion = lastVersionOf(start) } = start;
  checkSequence(stream, events, { afterVersion, throughVersion, limit });
  return events;
}

/** Whether the page that a load began with ends with the head. */
function isComplete(start: LoadStart): boolean {
  return start.head !== undefined && lastVersionOf(start) >= start.head;
}

function lastVersionOf({ afterVersion, events }: LoadStart): number {
  return afterVersion + events.length;
}

/**
 * Whether the row may be used, as far as can be told without parsing it: of a definition that we can load from, whole, and of
 * the history that stands there.
 */
export function judge(
  { failure, row, head, anchored }: Pick<LoadStart, "failure" | "row" | "head" | "anchored">,
  { wanted }: AggregateDefinition,
): Miss | undefined {
  if (failure !== undefined) return failure;
  if (row === undefined) return { reason: "missing" };
  const reason = keyFlaw(row, wanted) ?? proofFlaw(row) ?? historyFlaw(row.version, head, anchored);
  return reason && { reason };
}

/** Notes what the next snapshot of an instance goes by, and which row it takes the place of. */
function noteRow(
  { baseline, definition }: AggregateHistory,
  row: SnapshotRow | undefined,
  { used }: { readonly used: boolean },
): void {
  const ownRow = row && isOfKey(row, definition.wanted) ? row : undefined;
  if (used) {
    baseline.snapshotVersion = ownRow?.version ?? 0;
    baseline.createdAt = row?.createdAt;
  } else {
    baseline.rejectedRow = ownRow && { version: ownRow.version, checksum: ownRow.checksum };
  }
}

function withoutState(row: SnapshotRow | undefined): Extract<RepositoryFact, { kind: "missed" }>["row"] {
  if (row === undefined) return undefined;
  const { version, schemaVersion, fingerprint, createdAt } = row;
  return { version, schemaVersion, fingerprint, createdAt };
}
