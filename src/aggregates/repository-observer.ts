import { discardPromise } from "../events/discard-promise.ts";
import type { Instant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import type { SnapshotKey } from "../snapshots/snapshot-store.ts";
import type { SnapshotFact } from "../snapshots/snapshot-writer.ts";

/** Why a load did not use a snapshot. */
export type MissReason =
  /** There is none; normal for young aggregates. */
  | "missing"
  /** The row is of another schema version. */
  | "schema-mismatch"
  /** The row is of another definition of the same schema version. */
  | "fingerprint-mismatch"
  /** The row is damaged. */
  | "corrupt"
  /** The row is newer than the stream: the stream was restored from a backup. */
  | "ahead-of-stream"
  /** Another event stands where the row says its last one does: the stream was restored, and has grown past the row. */
  | "history-mismatch"
  /** The state was refused by the codec, by a state upgrade, or by `evolve` when newer events were folded on top. */
  | "restore-failed"
  /** The row lacks its checksum or its last event's id: it was built by hand. */
  | "unproven"
  /** The store failed. */
  | "store-error"
  /** The store took too long. */
  | "timeout";

/** Why a load did not use the state that a cache held; the same as for snapshots. */
export type CacheMissReason = Extract<MissReason, "ahead-of-stream" | "history-mismatch" | "restore-failed">;

/** What a repository did. Durations are in milliseconds, versions count events. */
export type RepositoryFact =
  | SnapshotFact
  | {
      readonly kind: "loaded";
      readonly stream: StreamId;
      readonly version: number;
      /** Version of the snapshot that was used; undefined after a full replay. */
      readonly snapshotVersion: number | undefined;
      /** When that snapshot was taken. */
      readonly snapshotCreatedAt: Instant | undefined;
      /** Version of the state that a cache held and that was used; then no snapshot was asked for. */
      readonly cachedVersion: number | undefined;
      readonly eventsReplayed: number;
      /** Undefined for one of `loadMany`, whose share of the time cannot be told. */
      readonly durationMs: number | undefined;
    }
  | {
      readonly kind: "missed";
      readonly stream: StreamId;
      readonly reason: MissReason;
      /** What the class asks for. */
      readonly wanted: SnapshotKey;
      /** The row that was there, if one was read; without its state, since facts end up in logs. */
      readonly row: Pick<SnapshotRow, "version" | "schemaVersion" | "fingerprint" | "createdAt"> | undefined;
      readonly error: unknown;
    }
  /** A state that the cache held is not of the history that stands now. It was dropped, and the load did without. */
  | {
      readonly kind: "cache-missed";
      readonly stream: StreamId;
      readonly version: number;
      readonly reason: CacheMissReason;
      readonly error: unknown;
    }
  /** A state could not be turned into text for the cache, which holds none of this aggregate now. */
  | { readonly kind: "cache-failed"; readonly stream: StreamId; readonly version: number; readonly error: unknown }
  | {
      readonly kind: "saved";
      readonly stream: StreamId;
      readonly version: number;
      /** Events that the save appended. */
      readonly events: number;
      readonly durationMs: number;
    }
  /** `verifySnapshots` found a row that is not what the events give, or that loads do not use. */
  | {
      readonly kind: "diverged";
      readonly stream: StreamId;
      readonly version: number;
      /** `"state"`: loads would have used it. Otherwise why they do not. */
      readonly reason: "state" | MissReason;
      /** Of the first difference, such as `state.items[3].price`; undefined unless `reason` is `"state"`. */
      readonly path: string | undefined;
    }
  /** A threshold was given in manual mode, where it has no effect. */
  | { readonly kind: "threshold-ignored"; readonly aggregateType: string; readonly threshold: number };

/** Is told every fact, in the same tick. Must not throw; what it throws is ignored. */
export type RepositoryObserver = (fact: RepositoryFact) => void;

/** The part that pino, winston and console share: one line of text at a level. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}

const PREFIX = "eventfold: ";

/**
 * Writes what people should know of: a schema mismatch at info, everything else that is abnormal at warning. What a busy import
 * repeats for each aggregate, a full queue or a state that no cache can hold, is written the 1st, 10th, 100th … time, and
 * says which.
 */
export function logTo(logger: Logger): RepositoryObserver {
  let refusals = 0;
  let uncached = 0;
  return (fact) => {
    if (fact.kind === "snapshot-refused" && fact.reason === "queue-full") {
      refusals += 1;
      if (isPowerOfTen(refusals)) discardPromise(logger.warn(PREFIX + describeFullQueue(fact, refusals)));
      return;
    }
    if (fact.kind === "cache-failed") {
      uncached += 1;
      if (isPowerOfTen(uncached)) discardPromise(logger.warn(PREFIX + describeUncached(fact, uncached)));
      return;
    }
    const line = describe(fact);
    if (line === undefined) return;
    if (fact.kind === "missed" && fact.reason === "schema-mismatch") discardPromise(logger.info(PREFIX + line));
    else discardPromise(logger.warn(PREFIX + line));
  };
}

/** One line for what is worth one; undefined when all is well. */
function describe(fact: RepositoryFact): string | undefined {
  switch (fact.kind) {
    case "loaded":
    case "saved":
    case "snapshot-queued":
    case "snapshot-stored":
    case "snapshot-kept":
    case "cache-failed":
    // These two have lines of their own; a pause is reported once, by itself; what was erased is meant to stay so.
    case "snapshot-refused":
      return undefined;
    case "missed":
      return fact.reason === "missing" ? undefined : describeMiss(fact);
    case "snapshot-failed":
      return (
        `no snapshot of ${label(fact)}${fact.why === undefined ? "" : ` (${fact.why})`}, ` +
        `${STAGES[fact.stage]}: ${text(fact.error)}`
      );
    case "wait-until-failed":
      return `waitUntil threw for the snapshot of ${label(fact)}, which is written all the same: ${text(fact.error)}`;
    case "snapshot-store-paused":
      return (
        `the snapshot store failed ${fact.failures} times in a row and is left alone for ${fact.pauseMs / 1_000} s. ` +
        "Until then no snapshot is written; saves and loads go on."
      );
    case "snapshots-dropped":
      return (
        `the process ended with ${fact.count} ${fact.aggregateType} snapshots unwritten. ` +
        "Loads replay more events; call close() at the end to write them."
      );
    case "cache-missed":
      return (
        `the cached state of ${label(fact)} was dropped, ${fact.reason}${because(fact.error)}. ` +
        "The aggregate was loaded without it."
      );
    case "diverged":
      return fact.path === undefined
        ? `the snapshot of ${label(fact)} is of no use to loads, ${fact.reason}. This row can be deleted.`
        : `the snapshot of ${label(fact)} differs from a replay at ${fact.path}. ` +
            "Raise schemaVersion when a fold changes; this row can be deleted.";
    case "threshold-ignored":
      return `threshold ${fact.threshold} of ${fact.aggregateType} has no effect in manual mode.`;
  }
}

function isPowerOfTen(count: number): boolean {
  return /^10*$/.test(String(count));
}

function describeUncached(fact: Extract<RepositoryFact, { kind: "cache-failed" }>, times: number): string {
  return (
    `the state of ${label(fact)} was not cached (${times} so far): ${text(fact.error)}. ` +
    "Its loads do without; declare a stateCodec, or leave the cache to classes whose states are JSON."
  );
}

function describeFullQueue(fact: { readonly stream: StreamId; readonly version: number }, refusals: number): string {
  return (
    `the snapshot of ${label(fact)} was not queued: the queue is full (${refusals} so far). A later save takes one. ` +
    'Raise queueLimit, or use mode "sync" for imports.'
  );
}

const STAGES = { policy: "the policy threw", capture: "its state cannot be stored", write: "the store failed" };

function describeMiss(fact: Extract<RepositoryFact, { kind: "missed" }>): string {
  const { row, wanted, reason, error } = fact;
  const found = row === undefined ? "" : ` at version ${row.version}`;
  const versions = reason === "schema-mismatch" ? ` (row ${row?.schemaVersion}, class ${wanted.schemaVersion})` : "";
  const why = `${reason}${versions}${because(error)}`;
  const { aggregateType, aggregateId } = fact.stream;
  return `the snapshot of ${aggregateType}/${aggregateId}${found} was not used, ${why}. Its events were replayed.`;
}

function label(fact: { readonly stream: StreamId; readonly version: number }): string {
  return `${fact.stream.aggregateType}/${fact.stream.aggregateId} at version ${fact.version}`;
}

function because(error: unknown): string {
  return error === undefined ? "" : `: ${text(error)}`;
}

function text(error: unknown): string {
  // Goes into a sentence that has a full stop of its own.
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
