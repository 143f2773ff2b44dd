import type { StoredEvent } from "../events/event.ts";
import type { EventStore } from "../events/event-store.ts";
import { checkSequence, readPages } from "../events/read-stream.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import { snapshotChecksum } from "../snapshots/snapshot-checksum.ts";
import { isOfKey, type SnapshotKey } from "../snapshots/snapshot-store.ts";
import type { AggregateHistory } from "./aggregate-history.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import { type LoadReader, type LoadStart, loadReader, type SnapshotSource } from "./load-reader.ts";
import type { MissReason, RepositoryFact, RepositoryObserver } from "./repository-observer.ts";

export interface AggregateLoaderOptions {
  readonly eventStore: EventStore;
  /** Undefined: every load replays all events. */
  readonly snapshots: SnapshotSource | undefined;
  /** Which rows are the class's own. */
  readonly wanted: SnapshotKey;
  readonly pageSize: number;
  readonly report: RepositoryObserver;
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

  constructor(options: AggregateLoaderOptions) {
    this.#options = options;
    this.#reader = loadReader(options.eventStore, options.snapshots);
  }

  /**
   * @param instantiate makes a fresh instance for each attempt, so that nothing of a failed one is built upon.
   * @returns undefined when the stream has no events.
   */
  async load<A extends AnyAggregate>(stream: StreamId, instantiate: () => A): Promise<A | undefined> {
    const { snapshots, wanted, pageSize, report } = this.#options;
    const startedAt = performance.now();
    const start = await this.#reader.read(stream, wanted, pageSize);

    let aggregate = instantiate();
    const miss = snapshots && (judge(start, wanted) ?? (await this.#fromSnapshot(historyOf(aggregate), start)));
    if (miss !== undefined) {
      report({ kind: "missed", stream, wanted, error: undefined, ...miss, row: withoutState(start.row) });
      aggregate = instantiate();
    }
    const history = historyOf(aggregate);
    if (snapshots === undefined || miss !== undefined) {
      if (start.head === 0) return undefined;
      await this.#fromEvents(history, start);
      // The next write of this instance takes the place of the row that it could not use.
      if (start.row !== undefined && isOfKey(start.row, wanted)) history.baseline.rejectedRow = start.row;
    }
    const snapshotVersion = history.baseline.snapshotVersion || undefined;
    const eventsReplayed = history.version - (snapshotVersion ?? 0);
    const durationMs = performance.now() - startedAt;
    report({ kind: "loaded", stream, version: history.version, snapshotVersion, eventsReplayed, durationMs });
    return aggregate;
  }

  /** Restores and replays the tail. A miss leaves `history` half done: it is not to be used. */
  async #fromSnapshot(history: AggregateHistory, start: LoadStart): Promise<Miss | undefined> {
    const { row } = start;
    if (row === undefined) return { reason: "missing" };
    let state: unknown;
    try {
      state = JSON.parse(row.stateText);
    } catch (error) {
      return { reason: "corrupt", error };
    }
    try {
      history.restore(row, state);
    } catch (error) {
      return { reason: "restore-failed", error };
    }
    for await (const events of this.#pages(history.stream, start)) {
      try {
        history.replay(events);
      } catch (error) {
        return { reason: "restore-failed", error };
      }
    }
    return undefined;
  }

  async #fromEvents(history: AggregateHistory, start: LoadStart): Promise<void> {
    const { eventStore, pageSize } = this.#options;
    const fromFirst = start.afterVersion === 0;
    const pages = fromFirst ? this.#pages(history.stream, start) : readPages(eventStore, history.stream, { pageSize });
    for await (const events of pages) history.replay(events);
  }

  /** The page that is there already, and those that follow it up to the head that it saw. */
  async *#pages(stream: StreamId, first: LoadStart): AsyncGenerator<readonly StoredEvent[]> {
    const { eventStore, pageSize } = this.#options;
    const { head, events, afterVersion } = first;
    checkSequence(stream, events, { afterVersion, throughVersion: head, limit: pageSize });
    yield events;
    const lastVersion = afterVersion + events.length;
    if (lastVersion < head)
      yield* readPages(eventStore, stream, { afterVersion: lastVersion, throughVersion: head, pageSize });
  }
}

/** Whether the row may be used, as far as can be told without parsing it: ours, whole, and of the history that stands there. */
function judge({ failure, row, head, anchored }: LoadStart, wanted: SnapshotKey): Miss | undefined {
  if (failure !== undefined) return failure;
  if (row === undefined) return { reason: "missing" };
  if (row.schemaVersion !== wanted.schemaVersion) return { reason: "schema-mismatch" };
  if (row.fingerprint !== wanted.fingerprint) return { reason: "fingerprint-mismatch" };
  if (row.lastEventId === undefined || row.checksum === undefined) return { reason: "unproven" };
  if (row.checksum !== snapshotChecksum(row)) return { reason: "corrupt" };
  if (row.version > head) return { reason: "ahead-of-stream" };
  return anchored ? undefined : { reason: "history-mismatch" };
}

function withoutState(row: SnapshotRow | undefined): Extract<RepositoryFact, { kind: "missed" }>["row"] {
  if (row === undefined) return undefined;
  const { version, schemaVersion, fingerprint, createdAt } = row;
  return { version, schemaVersion, fingerprint, createdAt };
}
