import { StreamErasedError } from "../errors.ts";
import type { Instant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import { bounded } from "./bounded.ts";
import type { Snapshot } from "./snapshot.ts";
import type { RejectedRow, SaveSnapshotResult, SnapshotStore } from "./snapshot-store.ts";
import { utf8Length } from "./utf8-length.ts";

/** What an instance knows of its snapshot row. An object of its own, because writes outlive instances. */
export interface SnapshotBaseline {
  /** Version of the last usable snapshot that the instance was loaded from or wrote; 0 if none. */
  snapshotVersion: number;
  /** When the snapshot was taken that the instance was loaded from, or wrote; undefined if none. */
  createdAt: Instant | undefined;
  /** When the first event happened; undefined before it, and where a snapshot took its place. */
  firstEventAt: Instant | undefined;
  /** How long the load replayed events, as far as measured; 0 once the instance has written a snapshot. */
  replayMs: number;
  /** The row that its load could not use, for the next write to replace. */
  rejectedRow: RejectedRow | undefined;
}

/** A snapshot on its way to the store: captured as text, so that nothing that happens to the aggregate can reach it. */
export interface SnapshotCapture {
  readonly snapshot: Snapshot;
  readonly replacing: RejectedRow | undefined;
  /** Whether a load asked for it, which nobody waits for. */
  readonly healing: boolean;
  /** Brought up to date once the snapshot is written. */
  readonly baseline: SnapshotBaseline;
  /** Why it is taken; undefined where the policy did not say. */
  readonly why: string | undefined;
  /** How long turning the state into text took. */
  readonly captureMs: number;
}

/** What became of a snapshot. */
export type SnapshotFact =
  /** It waits to be written behind the caller's back. Another fact tells how that ended, unless a newer one takes its place. */
  | {
      readonly kind: "snapshot-queued";
      readonly stream: StreamId;
      readonly version: number;
      readonly why: string | undefined;
    }
  | {
      readonly kind: "snapshot-stored" | "snapshot-kept";
      readonly stream: StreamId;
      readonly version: number;
      /** Why it was taken: what the policy said, or who asked for it; undefined where the policy did not say. */
      readonly why: string | undefined;
      /** Length of the state's text in UTF-8. */
      readonly stateBytes: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: "snapshot-refused";
      readonly stream: StreamId;
      readonly version: number;
      /** The queue is full, the store is left alone after failures, or the aggregate was erased. */
      readonly reason: "queue-full" | "store-paused" | "erased";
      readonly why: string | undefined;
    }
  | {
      readonly kind: "snapshot-failed";
      readonly stream: StreamId;
      readonly version: number;
      /** Where: the user's policy, turning the state into text, or the store. */
      readonly stage: "policy" | "capture" | "write";
      /** Why it was due; undefined when the policy failed, too. */
      readonly why: string | undefined;
      readonly error: unknown;
    }
  /** The host's `waitUntil` threw. The snapshot is written all the same, if the process lives long enough. */
  | {
      readonly kind: "wait-until-failed";
      readonly stream: StreamId;
      readonly version: number;
      readonly why: string | undefined;
      readonly error: unknown;
    }
  /** Several writes in a row failed: none is tried for a while. */
  | { readonly kind: "snapshot-store-paused"; readonly failures: number; readonly pauseMs: number }
  /** The process ended before these queued snapshots were written. */
  | { readonly kind: "snapshots-dropped"; readonly aggregateType: string; readonly count: number };

export interface SnapshotWriterOptions {
  readonly store: SnapshotStore;
  readonly timeoutMs: number;
  readonly clock: () => Date;
  readonly report: (fact: SnapshotFact) => void;
  /** Is told of each capture that has reached the store, and what that took all in all, where it was written by itself. */
  readonly onWritten: (capture: SnapshotCapture, result: SaveSnapshotResult, costMs?: number) => void;
}

const FAILURES_MAX = 3;
const PAUSE_MS = 30_000;

/**
 * Writes snapshots: in bounded time, reporting what became of each, and leaving a store alone that keeps failing.
 * Knows which versions are on their way, so that nobody takes a second snapshot meanwhile.
 */
export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  /** Captures on their way, by aggregate id. */
  readonly #inFlight = new Map<string, Set<SnapshotCapture>>();
  #failuresInRow = 0;
  #pausedAt: number | undefined;

  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
  }

  /** The newest snapshot on its way for an aggregate, by way of those that `counts` lets count. */
  newestInFlight(aggregateId: string, counts: (capture: SnapshotCapture) => boolean): Snapshot | undefined {
    let newest: Snapshot | undefined;
    for (const capture of this.#inFlight.get(aggregateId) ?? []) {
      if (counts(capture) && capture.snapshot.version > (newest?.version ?? 0)) newest = capture.snapshot;
    }
    return newest;
  }

  /** From now on `capture` counts as on its way, until `untrack`. */
  track(capture: SnapshotCapture): void {
    const { aggregateId } = capture.snapshot;
    const captures = this.#inFlight.get(aggregateId);
    if (captures === undefined) this.#inFlight.set(aggregateId, new Set([capture]));
    else captures.add(capture);
  }

  untrack(capture: SnapshotCapture): void {
    const { aggregateId } = capture.snapshot;
    const captures = this.#inFlight.get(aggregateId);
    captures?.delete(capture);
    if (captures?.size === 0) this.#inFlight.delete(aggregateId);
  }

  /**
   * Writes a tracked capture and untracks it. Never rejects: what goes wrong is reported.
   *
   * @param keepsProcess whether the process stays alive until it is written, or its time has run out.
   */
  async write(capture: SnapshotCapture, keepsProcess = true): Promise<void> {
    if (this.refusesNow(capture)) this.untrack(capture);
    else await this.writeOrThrow(capture, keepsProcess).catch(() => undefined);
  }

  /** As `write`, also while the store is left alone; rejects when the store fails or takes too long. */
  async writeOrThrow(capture: SnapshotCapture, keepsProcess = true): Promise<void> {
    const { snapshot, replacing } = capture;
    const startedAt = performance.now();
    try {
      const saving = this.#options.store.saveSnapshot(snapshot, replacing && { replacing });
      const result = await bounded("Writing a snapshot", this.#options.timeoutMs, saving, keepsProcess);
      const durationMs = performance.now() - startedAt;
      this.succeed(capture, result, durationMs, capture.captureMs + durationMs);
    } catch (error) {
      if (error instanceof StreamErasedError) {
        this.report({ kind: "snapshot-refused", ...named(capture), reason: "erased" });
      } else {
        this.fail(capture, error);
      }
      throw error;
    } finally {
      this.untrack(capture);
    }
  }

  /** Notes a capture that has reached the store, by `write` or together with its events. */
  succeed(capture: SnapshotCapture, result: SaveSnapshotResult, durationMs: number, costMs?: number): void {
    const { baseline, snapshot } = capture;
    if (snapshot.version > baseline.snapshotVersion) {
      baseline.snapshotVersion = snapshot.version;
      baseline.createdAt = snapshot.createdAt;
    }
    baseline.replayMs = 0;
    baseline.rejectedRow = undefined;
    this.#failuresInRow = 0;
    this.#pausedAt = undefined;
    this.#options.onWritten(capture, result, costMs);
    const stateBytes = utf8Length(snapshot.stateText);
    this.report({ kind: `snapshot-${result}`, ...named(capture), stateBytes, durationMs });
  }

  /** Notes a capture that the store has failed to write. */
  fail(capture: SnapshotCapture, error: unknown): void {
    this.report({ kind: "snapshot-failed", ...named(capture), stage: "write", error });
    this.#failuresInRow += 1;
    if (this.#failuresInRow !== FAILURES_MAX) return;
    this.#pausedAt = this.#nowMs();
    this.report({ kind: "snapshot-store-paused", failures: FAILURES_MAX, pauseMs: PAUSE_MS });
  }

  /** As `isPaused`; then `capture` is reported as refused. */
  refusesNow(capture: SnapshotCapture): boolean {
    if (!this.isPaused()) return false;
    this.report({ kind: "snapshot-refused", ...named(capture), reason: "store-paused" });
    return true;
  }

  report(fact: SnapshotFact): void {
    this.#options.report(fact);
  }

  /** Whether the store is being left alone after failures. */
  isPaused(): boolean {
    if (this.#pausedAt === undefined) return false;
    const elapsed = this.#nowMs() - this.#pausedAt;
    // A clock that was set back must not make the pause longer.
    if (elapsed >= 0 && elapsed < PAUSE_MS) return true;
    this.#pausedAt = undefined;
    // One more failure pauses again.
    this.#failuresInRow = FAILURES_MAX - 1;
    return false;
  }

  /** A clock that throws must not fail a save: then no pause is kept. */
  #nowMs(): number {
    try {
      return this.#options.clock().getTime();
    } catch {
      return Number.NaN;
    }
  }
}

/** What facts say of a capture: never its state, since they end up in logs. */
export function named({ snapshot, why }: SnapshotCapture): {
  readonly stream: StreamId;
  readonly version: number;
  readonly why: string | undefined;
} {
  const { aggregateType, aggregateId, version } = snapshot;
  return { stream: { aggregateType, aggregateId }, version, why };
}
