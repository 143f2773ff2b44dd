import {
  CommitUnknownError,
  DuplicateEventError,
  InvalidAppendError,
  OptimisticConcurrencyError,
  SnapshotRefusedError,
  StreamErasedError,
} from "../errors.ts";
import type { NewEvent } from "../events/event.ts";
import type { StreamId } from "../events/stream-id.ts";
import { type DebtQuery, type ReplayDebt, ReplayDebts } from "../snapshots/replay-debt.ts";
import { Snapshot } from "../snapshots/snapshot.ts";
import { snapshotChecksum } from "../snapshots/snapshot-checksum.ts";
import {
  afterLoad,
  decided,
  type SnapshotDecision,
  type SnapshotFacts,
  type SnapshotPolicy,
} from "../snapshots/snapshot-policy.ts";
import { SnapshotQueue } from "../snapshots/snapshot-queue.ts";
import type { JointStore } from "../snapshots/snapshot-store.ts";
import { type SnapshotCapture, SnapshotWriter, type SnapshotWriterOptions } from "../snapshots/snapshot-writer.ts";
import type { AggregateHistory } from "./aggregate-history.ts";
import type { Loaded } from "./aggregate-loader.ts";
import type { RepositoryObserver } from "./repository-observer.ts";
import type { ResolvedSnapshotOptions } from "./repository-options.ts";
import { SaveFacts } from "./save-facts.ts";

export interface JointAppend {
  readonly stream: StreamId;
  readonly events: readonly NewEvent[];
  readonly expectedVersion: number;
  readonly expectedEventId: string | undefined;
}

const OF_THE_APPEND = [
  CommitUnknownError,
  DuplicateEventError,
  InvalidAppendError,
  OptimisticConcurrencyError,
  StreamErasedError,
];

/** Of what a policy says, this much is reported. */
const WHY_LENGTH_MAX = 500;

/** Takes the snapshots of a repository: decides when one is due, captures it, and has it written in the repository's mode. */
export class AggregateSnapshotter {
  readonly #options: ResolvedSnapshotOptions;
  readonly #clock: () => Date;
  readonly #report: RepositoryObserver;
  readonly #writer: SnapshotWriter;
  readonly #queue: SnapshotQueue;
  /** Writes that a caller waits for. */
  readonly #awaited = new Set<Promise<void>>();
  /** Only for a policy that asks for it: keeping them takes a little of each load and save. */
  readonly #debts: ReplayDebts | undefined;

  constructor(
    aggregateType: string,
    options: ResolvedSnapshotOptions,
    { clock, report }: { readonly clock: () => Date; readonly report: RepositoryObserver },
  ) {
    const { store, writeTimeoutMs: timeoutMs, queueLimit, waitUntil } = options;
    this.#options = options;
    this.#clock = clock;
    this.#report = report;
    this.#debts = options.policy?.measures ? new ReplayDebts() : undefined;
    const onWritten: SnapshotWriterOptions["onWritten"] = (capture, result, costMs) => {
      const { aggregateId, version } = capture.snapshot;
      if (costMs !== undefined) this.#debts?.noteWriteCost(costMs);
      this.#debts?.settled(aggregateId, version);
      // What a load has asked for meanwhile is no news any more.
      if (result === "stored") this.#queue.forget(aggregateId, version);
    };
    this.#writer = new SnapshotWriter({ store, timeoutMs, clock, report, onWritten });
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
    const due = this.#ask(history, () => policy(this.#factsOf(history)));
    return due ? this.#captureFor(history, due) : undefined;
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
    const { stream, events, ...expected } = append;
    if (this.#writer.refusesNow(capture)) return false;
    const startedAt = performance.now();
    this.#writer.track(capture);
    try {
      const options = { ...expected, snapshot, ...(replacing && { replacing }) };
      const result = await joint.append(stream, events, options);
      const appendMs = performance.now() - startedAt;
      this.#writer.succeed(capture, result.snapshot, appendMs);
      this.#debts?.noteJointWriteCost(events.length, { captureMs: capture.captureMs, appendMs });
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

  /** Notes a load, and queues a snapshot where the policy wants one after it. Never throws. */
  noteLoad(history: AggregateHistory, load: Omit<Loaded<never>, "aggregate">): void {
    const { policy } = this.#options;
    if (policy === undefined) return;
    history.baseline.replayMs = this.#replayMsOf(history, load);
    if (load.eventsReplayed > 0) this.#healIfDue(policy, history, load.eventsReplayed);
  }

  /** Notes a save that is committed. */
  saved(stream: StreamId, events: number, append: { readonly durationMs: number; readonly alone: boolean }): void {
    this.#debts?.saved(stream.aggregateId, events, append);
  }

  /** Drops what is on its way for an aggregate that is being erased, and waits for what cannot be stopped. */
  async discard(aggregateId: string): Promise<void> {
    this.#queue.forget(aggregateId, Number.POSITIVE_INFINITY);
    this.#debts?.forget(aggregateId);
    await Promise.allSettled([this.#queue.settled(aggregateId), ...this.#awaited]);
  }

  /**
   * Takes and writes a snapshot now, whatever the mode.
   *
   * @param why for the report
   * @throws {SnapshotRefusedError} for an aggregate with uncommitted events, or without events.
   */
  async create(history: AggregateHistory, why = "createSnapshot()"): Promise<Snapshot> {
    refuseUnsaved(history.stream, history);
    const capture = this.#capture(history, why);
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

  /** How long a load replayed for, in milliseconds: with it the debt grows. */
  #replayMsOf(history: AggregateHistory, load: Omit<Loaded<never>, "aggregate">): number {
    const { eventsReplayed, durationMs, fromCache = false } = load;
    // What a cache spares a load, no snapshot would.
    if (this.#debts === undefined || fromCache) return 0;
    const { stream, baseline } = history;
    const { aggregateId } = stream;
    return this.#debts.loaded({ aggregateId, snapshotVersion: baseline.snapshotVersion, eventsReplayed, durationMs });
  }

  /** Queues a snapshot of what a load has left, unless one is on its way. */
  #healIfDue(policy: SnapshotPolicy, history: AggregateHistory, eventsReplayed: number): void {
    const { stream, version, baseline } = history;
    const inFlight = this.#writer.newestInFlight(stream.aggregateId, () => true)?.version ?? 0;
    if (inFlight >= version || this.#writer.isPaused()) return;
    const snapshotVersion = Math.max(baseline.snapshotVersion, inFlight);
    const due = this.#ask(history, () => {
      const debt = this.#debtOf(history, { snapshotVersion, saving: 0 });
      return afterLoad(policy, { ...stream, version, snapshotVersion, eventsReplayed, debt });
    });
    const capture = due && this.#captureFor(history, due);
    if (capture) this.#queue.add({ ...capture, healing: true });
  }

  /** What a policy has decided about `history`; false where it failed, which is reported. */
  #ask(history: AggregateHistory, decide: () => SnapshotDecision): SnapshotDecision {
    const { stream, version } = history;
    try {
      const due = decided(decide());
      if (history.version !== version) throw new TypeError("The policy raised events; it must only decide.");
      return due;
    } catch (error) {
      this.#report({ kind: "snapshot-failed", stream, version, stage: "policy", why: undefined, error });
      return false;
    }
  }

  #factsOf(history: AggregateHistory): SnapshotFacts {
    const { stream, baseline } = history;
    // A load's may be lost with the process, and comes too late for a mode in which saves wait.
    const inFlight = this.#writer.newestInFlight(stream.aggregateId, ({ healing }) => !healing);
    const newest = inFlight !== undefined && inFlight.version > baseline.snapshotVersion ? inFlight : undefined;
    const snapshotVersion = newest?.version ?? baseline.snapshotVersion;
    const since = (newest ?? baseline).createdAt ?? baseline.firstEventAt;
    const debt = this.#debtOf(history, { snapshotVersion, saving: history.uncommitted.length });
    return new SaveFacts(history, { snapshotVersion, since, debt }, this.#clock);
  }

  #debtOf(history: AggregateHistory, known: Pick<DebtQuery, "snapshotVersion" | "saving">): ReplayDebt | undefined {
    const { stream, version, baseline } = history;
    const { aggregateId } = stream;
    const inFlight = known.snapshotVersion > baseline.snapshotVersion;
    return this.#debts?.of({ ...known, aggregateId, version, inFlight, replayMs: baseline.replayMs });
  }

  /** A capture that the policy has asked for; undefined when the state cannot be stored, which is reported. */
  #captureFor(history: AggregateHistory, due: SnapshotDecision): SnapshotCapture | undefined {
    const why = typeof due === "string" ? due.slice(0, WHY_LENGTH_MAX) : undefined;
    try {
      return this.#capture(history, why);
    } catch (error) {
      const { stream, version } = history;
      this.#report({ kind: "snapshot-failed", stream, version, stage: "capture", why, error });
      return undefined;
    }
  }

  #capture(history: AggregateHistory, why: string | undefined): SnapshotCapture {
    const { stream, version, lastEventId, definition, baseline } = history;
    const startedAt = performance.now();
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
    this.#debts?.taken(stream.aggregateId, version);
    const captureMs = performance.now() - startedAt;
    return { snapshot, baseline, replacing: baseline.rejectedRow, healing: false, why, captureMs };
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
