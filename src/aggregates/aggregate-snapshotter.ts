import {
  CommitUnknownError,
  DuplicateEventError,
  InvalidAppendError,
  OptimisticConcurrencyError,
  SnapshotRefusedError,
  StreamErasedError,
} from "../errors.ts";
import { discardPromise } from "../events/discard-promise.ts";
import type { NewEvent } from "../events/event.ts";
import type { StreamId } from "../events/stream-id.ts";
import { Snapshot } from "../snapshots/snapshot.ts";
import { snapshotChecksum } from "../snapshots/snapshot-checksum.ts";
import { THRESHOLD_DEFAULT } from "../snapshots/snapshot-policy.ts";
import { SnapshotQueue } from "../snapshots/snapshot-queue.ts";
import type { JointStore } from "../snapshots/snapshot-store.ts";
import { type SnapshotCapture, SnapshotWriter } from "../snapshots/snapshot-writer.ts";
import type { AggregateHistory } from "./aggregate-history.ts";
import type { RepositoryObserver } from "./repository-observer.ts";
import type { ResolvedSnapshotOptions } from "./repository-options.ts";

export interface JointAppend {
  readonly stream: StreamId;
  readonly events: readonly NewEvent[];
  readonly expectedVersion: number;
}

const OF_THE_APPEND = [
  CommitUnknownError,
  DuplicateEventError,
  InvalidAppendError,
  OptimisticConcurrencyError,
  StreamErasedError,
];

/** Takes the snapshots of a repository: decides when one is due, captures it, and has it written in the repository's mode. */
export class AggregateSnapshotter {
  readonly #options: ResolvedSnapshotOptions;
  readonly #clock: () => Date;
  readonly #report: RepositoryObserver;
  readonly #writer: SnapshotWriter;
  readonly #queue: SnapshotQueue;
  /** Writes that a caller waits for. */
  readonly #awaited = new Set<Promise<void>>();

  constructor(
    aggregateType: string,
    options: ResolvedSnapshotOptions,
    { clock, report }: { readonly clock: () => Date; readonly report: RepositoryObserver },
  ) {
    const { store, writeTimeoutMs: timeoutMs, queueLimit, waitUntil } = options;
    this.#options = options;
    this.#clock = clock;
    this.#report = report;
    this.#writer = new SnapshotWriter({ store, timeoutMs, clock, report });
    this.#queue = new SnapshotQueue(this.#writer, { aggregateType, queueLimit, waitUntil });
  }

  /** Snapshots on their way to the store. */
  get pendingCount(): number {
    return this.#queue.size + this.#awaited.size;
  }

  /**
   * The snapshot that saving the uncommitted events of `history` makes due; undefined when none is. Taken before the append, in
   * the tick in which the events are taken: what is raised while the append is under way cannot leak into it. Never throws.
   */
  captureIfDue(history: AggregateHistory): SnapshotCapture | undefined {
    const { policy } = this.#options;
    if (policy === undefined) return undefined;
    const { stream, version } = history;
    let stage: "policy" | "capture" = "policy";
    try {
      const snapshotVersion = Math.max(
        history.baseline.snapshotVersion,
        // A load's may be lost with the process, and comes too late for a mode in which saves wait.
        this.#writer.versionInFlight(stream.aggregateId, ({ healing }) => !healing),
      );
      const events = history.uncommitted.map(({ event }) => event);
      const due: unknown = policy({ ...stream, version, snapshotVersion, events, state: history.state });
      if (discardPromise(due)) throw new TypeError("The policy returned a promise; it must decide at once.");
      if (history.version !== version) throw new TypeError("The policy raised events; it must only decide.");
      if (!due) return undefined;
      stage = "capture";
      return this.#capture(history);
    } catch (error) {
      this.#report({ kind: "snapshot-failed", stream, version, stage, error });
      return undefined;
    }
  }

  /** Writes a capture whose events are committed: now, or behind the caller's back. Never rejects. */
  async write(capture: SnapshotCapture): Promise<void> {
    if (this.#options.mode === "background") return this.#queue.add(capture);
    this.#writer.track(capture);
    await this.#awaitable(this.#writer.write(capture));
  }

  /**
   * Appends events together with the snapshot that they make due. What the database has against the snapshot never spoils the
   * append: then it is reported, and the events are still to be appended.
   *
   * @returns true when the events are stored, with the snapshot or behind a newer one that was kept; else nothing is.
   */
  async appendBoth(capture: SnapshotCapture, joint: JointStore, append: JointAppend): Promise<boolean> {
    const { snapshot, replacing } = capture;
    const { stream, events, expectedVersion } = append;
    if (this.#writer.refusesNow(capture)) return false;
    const startedAt = performance.now();
    this.#writer.track(capture);
    try {
      const options = { expectedVersion, snapshot, ...(replacing && { replacing }) };
      const result = await joint.append(stream, events, options);
      this.#writer.succeed(capture, result.snapshot, performance.now() - startedAt);
      return true;
    } catch (error) {
      // Anything else may come from the snapshot; if it does not, the append by itself will say so again.
      if (OF_THE_APPEND.some((type) => error instanceof type)) throw error;
      this.#writer.fail(capture, error);
      return false;
    } finally {
      this.#writer.untrack(capture);
    }
  }

  /** Queues a snapshot of an aggregate whose load had to replay more than twice the threshold of the policy. Never throws. */
  healAfterLoad(history: AggregateHistory, eventsReplayed: number): void {
    const { policy } = this.#options;
    const { stream, version } = history;
    if (policy === undefined || eventsReplayed <= 2 * (policy.threshold ?? THRESHOLD_DEFAULT)) return;
    if (this.#writer.isPaused() || this.#writer.versionInFlight(stream.aggregateId) >= version) return;
    try {
      this.#queue.add({ ...this.#capture(history), healing: true });
    } catch (error) {
      this.#report({ kind: "snapshot-failed", stream, version, stage: "capture", error });
    }
  }

  /** Drops what is on its way for an aggregate that is being erased, and waits for what cannot be stopped. */
  async discard(aggregateId: string): Promise<void> {
    this.#queue.forget(aggregateId, Number.POSITIVE_INFINITY);
    await Promise.allSettled([this.#queue.settled(aggregateId), ...this.#awaited]);
  }

  /**
   * Takes and writes a snapshot now, whatever the mode.
   *
   * @throws {SnapshotRefusedError} for an aggregate with uncommitted events, or without events.
   */
  async create(history: AggregateHistory): Promise<Snapshot> {
    refuseUnsaved(history.stream, history);
    const capture = this.#capture(history);
    this.#writer.track(capture);
    await this.#awaitable(this.#writer.writeOrThrow(capture));
    this.#queue.forget(history.stream.aggregateId, history.version);
    return capture.snapshot;
  }

  /** Waits for all that is on its way now. Resolves to how many writes settled, failed ones included. */
  async drain(): Promise<number> {
    const awaited = [...this.#awaited];
    const [queued] = await Promise.all([this.#queue.drain(), Promise.allSettled(awaited)]);
    return queued + awaited.length;
  }

  #capture(history: AggregateHistory): SnapshotCapture {
    const { stream, version, lastEventId, definition, baseline } = history;
    const createdAt = this.#clock().toISOString();
    const row = {
      ...stream,
      version,
      ...definition.wanted,
      lastEventId,
      createdAt,
      stateText: history.stateText(),
    };
    const snapshot = new Snapshot({ ...row, checksum: snapshotChecksum(row) });
    return { snapshot, baseline, replacing: baseline.rejectedRow, healing: false };
  }

  async #awaitable(writing: Promise<void>): Promise<void> {
    this.#awaited.add(writing);
    try {
      await writing;
    } finally {
      this.#awaited.delete(writing);
    }
  }
}

function refuseUnsaved(stream: StreamId, { version, uncommitted }: AggregateHistory): void {
  if (uncommitted.length > 0) {
    const problem = `it has ${uncommitted.length} unsaved event(s). Save it first: a snapshot holds committed events only.`;
    throw new SnapshotRefusedError({ stream, problem });
  }
  if (version === 0) throw new SnapshotRefusedError({ stream, problem: "it has no events yet." });
}
