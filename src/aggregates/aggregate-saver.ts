import { CommitUnknownError, OptimisticConcurrencyError, PublishError } from "../errors.ts";
import type { EventStore } from "../events/event-store.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { JointStore } from "../snapshots/snapshot-store.ts";
import type { SnapshotCapture } from "../snapshots/snapshot-writer.ts";
import type { AggregateHistory, UncommittedEvent } from "./aggregate-history.ts";
import type { AggregateSnapshotter } from "./aggregate-snapshotter.ts";
import type { CachedLoader } from "./cached-loader.ts";
import type { RepositoryObserver } from "./repository-observer.ts";
import type { EventPublisher } from "./repository-options.ts";

export interface AggregateSaverOptions {
  readonly eventStore: EventStore;
  readonly publisher: EventPublisher | undefined;
  readonly report: RepositoryObserver;
  readonly snapshotter: AggregateSnapshotter | undefined;
  /** In atomic mode: takes events and their snapshot in one. */
  readonly joint: JointStore | undefined;
  /** Undefined: nothing is held of what was saved. */
  readonly cachedLoader: CachedLoader | undefined;
}

interface Appended {
  /** What is still to be written, now that the events are committed. */
  readonly unwritten: SnapshotCapture | undefined;
  /** Whether by an append before this one: others may have appended since. */
  readonly before: boolean;
}

/** Commits what instances have raised; then publishes it, and has the snapshot written that was due. */
export class AggregateSaver {
  readonly #options: AggregateSaverOptions;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: AggregateSaverOptions) {
    this.#options = options;
  }

  /** One save of an instance at a time: the second one waits, and saves what is uncommitted then. */
  async save(history: AggregateHistory): Promise<void> {
    const before = history.saving;
    const saving = before === undefined ? this.#saveNow(history) : this.#saveAfter(before, history);
    history.saving = saving;
    this.#inFlight.add(saving);
    try {
      await saving;
    } finally {
      this.#inFlight.delete(saving);
      if (history.saving === saving) history.saving = undefined;
    }
  }

  /** Waits for the saves in flight, however they end. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  async #saveAfter(before: Promise<void>, history: AggregateHistory): Promise<void> {
    await before.catch(() => undefined);
    await this.#saveNow(history);
  }

  async #saveNow(history: AggregateHistory): Promise<void> {
    let unpublished: PublishError | undefined;
    // A batch whose answer was lost is settled by itself: it stands as a whole, or not at all.
    if (history.lostAppendEvents > 0) {
      try {
        await this.#saveBatch(history, history.lostAppendEvents);
      } catch (error) {
        if (!(error instanceof PublishError)) throw error;
        // It says that all is stored: first the rest has to be.
        unpublished = error;
      }
    }
    try {
      if (history.uncommitted.length > 0) await this.#saveBatch(history, history.uncommitted.length);
    } catch (error) {
      if (unpublished === undefined) throw error;
      const message = `${unpublished.message} What was raised since then failed as well.`;
      throw new AggregateError([unpublished, error], message, { cause: error });
    }
    if (unpublished !== undefined) throw unpublished;
  }

  async #saveBatch(history: AggregateHistory, count: number): Promise<void> {
    const { report, snapshotter, cachedLoader } = this.#options;
    const { stream } = history;
    const startedAt = performance.now();
    const batch = history.uncommitted.slice(0, count);
    const version = history.committedVersion + count;
    const capture = version === history.version ? snapshotter?.captureIfDue(history) : undefined;
    // Not of a batch whose answer was lost: the state has later events in it, and others may have appended meanwhile.
    const hold = version === history.version ? cachedLoader?.capture(history, capture?.snapshot.stateText) : undefined;
    let appended: Appended;
    try {
      appended = await this.#append(history, batch, capture);
    } finally {
      cachedLoader?.doubt(stream.aggregateId);
    }
    const { unwritten, before } = appended;
    if (!before) hold?.();
    // Exactly these: what was raised meanwhile stays uncommitted.
    history.uncommitted.splice(0, count);
    const durationMs = performance.now() - startedAt;
    report({ kind: "saved", stream, version, events: count, durationMs });
    snapshotter?.saved(stream, count, { durationMs, alone: capture === undefined });
    try {
      await this.#publish(history, batch, version);
    } finally {
      if (unwritten !== undefined) await snapshotter?.write(unwritten);
    }
  }

  async #append(
    history: AggregateHistory,
    batch: readonly UncommittedEvent[],
    capture: SnapshotCapture | undefined,
  ): Promise<Appended> {
    const { eventStore, snapshotter, joint } = this.#options;
    const { stream, committedVersion: expectedVersion } = history;
    // After a restore another event may stand at the same version: this instance has not folded it.
    const expected = { expectedVersion, expectedEventId: batch[0]?.previousId };
    const events = batch.map(({ record }) => record);
    const jointly = capture !== undefined && joint !== undefined && snapshotter !== undefined;
    let appended: Appended = { unwritten: jointly ? undefined : capture, before: false };
    let mayStand = history.lostAppendEvents > 0;
    try {
      const both = jointly && (await snapshotter.appendBoth(capture, joint, { stream, events, ...expected }));
      // Should a store keep the events of what it refused, the conflict that follows must not be taken for another's.
      mayStand ||= jointly && !both;
      if (!both) await eventStore.append(stream, events, expected);
    } catch (error) {
      if (error instanceof CommitUnknownError) history.lostAppendEvents = batch.length;
      const conflict = error instanceof OptimisticConcurrencyError;
      if (!conflict || !mayStand || !(await this.#stands(stream, batch, expectedVersion))) throw error;
      appended = { unwritten: capture, before: true };
    }
    history.lostAppendEvents = 0;
    return appended;
  }

  /** Whether an earlier append of this batch was committed after all: as a whole, so that its first event tells. */
  async #stands(stream: StreamId, batch: readonly UncommittedEvent[], afterVersion: number): Promise<boolean> {
    const { events } = await this.#options.eventStore.readPage(stream, { afterVersion, limit: 1 });
    return events[0]?.id === batch[0]?.event.id;
  }

  async #publish(history: AggregateHistory, batch: readonly UncommittedEvent[], version: number): Promise<void> {
    const { publisher } = this.#options;
    if (publisher === undefined) return;
    const { stream, definition } = history;
    try {
      // Copies, from what is stored: what a publisher does to an event must not reach the state.
      const events = batch.map(({ event, record }) => {
        return { ...event, data: definition.dataCodec.decode(JSON.parse(record.dataText)) };
      });
      await publisher.publish(events, stream);
    } catch (cause) {
      throw new PublishError({ stream, version, cause });
    }
  }
}
