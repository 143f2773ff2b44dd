import { ClosedError, InvalidAppendError, OptimisticConcurrencyError } from "../errors.ts";
import { checkName, checkWholeNumber, type OptionNames, refuseUnknown } from "./bounds.ts";
import type { NewEvent, RecordedEvent, StoredEvent } from "./event.ts";
import { checkStreamId, type StreamId } from "./stream-id.ts";

/**
 * Keeps events: the truth. The port that every event store implements, and that decorators wrap.
 *
 * Every method rejects with {@link InvalidNameError} or {@link InvalidNumberError} for names and numbers out of bounds, before
 * the database is asked, and with {@link ClosedError} after `close`. The stores of this package also refuse unknown names in
 * the options of `append`, `read`, `streams` and `readAll`, with {@link ConfigurationError}.
 */
export interface EventStore {
  /**
   * Whether appends may be part of a transaction of the caller's, which may undo them after they have resolved.
   *
   * @default false
   */
  readonly joinsTransactions?: boolean;

  /**
   * Adds `events` to the end of one stream: all of them, or none.
   *
   * @throws {OptimisticConcurrencyError} when the stream is not at `expectedVersion`, or another event than
   *   `expectedEventId` stands there.
   * @throws {DuplicateEventError} when one of the event ids is stored already, in any stream, or occurs twice in `events`.
   * @throws {InvalidAppendError} when `events` is empty, or holds what `newEvent` did not make, and for an `expectedEventId` that
   *   no event can have there.
   * @throws {StreamErasedError} when the stream was erased.
   * @throws {CommitUnknownError} when the connection was lost before the answer came.
   */
  append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult>;

  /**
   * The events of one stream in order, fetched page by page; no lock and no connection is held between pages. Events that are
   * appended meanwhile are not part of it.
   *
   * @throws {CorruptStreamError} while iterating, when a version is missing, repeated or not readable.
   * @throws {StreamChangedError} while iterating, when the events were erased or restored from a backup meanwhile.
   */
  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent>;

  /** One page of a stream and the version of its end, of one moment. Not checked for gaps: `read` and repositories do. */
  readPage(stream: StreamId, range: PageRange): Promise<StreamPage>;

  /**
   * As `readPage`, for many streams of one type in one statement or transaction: a page for each of `starts`, in their order, of at
   * most `limit` events each.
   *
   * @param starts 1,000 at most; a stream may be named more than once.
   */
  readManyPages(aggregateType: string, starts: readonly PageStart[], limit: number): Promise<readonly StreamPage[]>;

  /** Version of the newest event; 0 for a stream that does not exist. */
  versionOf(stream: StreamId): Promise<number>;

  exists(stream: StreamId): Promise<boolean>;

  /** Ids of the aggregates of one type, in the order of their UTF-8 bytes. */
  streams(aggregateType: string, range?: StreamsRange): Promise<readonly string[]>;

  /**
   * Events of all streams in the order of `position`. Who continues after the last position of a page meets every event once,
   * also those whose transaction was slow to commit.
   */
  readAll(range?: PositionRange): Promise<readonly RecordedEvent[]>;

  /**
   * Deletes the events of one stream for good, and leaves a tombstone: from then on `append` refuses it. Snapshots of the
   * aggregate in the same database may go in the same step. Whoever reads all events does not meet them any more; copies
   * elsewhere are their keeper's to erase. Resolves to the number of events.
   */
  eraseStream(stream: StreamId): Promise<number>;

  /** Releases what the store opened itself. Idempotent. */
  close(): Promise<void>;
}

export interface AppendOptions {
  /** Version the stream must have now: `0` means that it must not exist yet, `"any"` that it does not matter. */
  readonly expectedVersion: number | "any";
  /**
   * Id that the event at `expectedVersion` must have: after a restore another one may stand at the same version. Only where that
   * is 1 or more. @default any id
   */
  readonly expectedEventId?: string | undefined;
}

export interface AppendResult {
  /** Version of the stream with the appended events. */
  readonly version: number;
}

export interface ReadRange {
  /** Exclusive: events with a greater version are read. @default 0 */
  readonly afterVersion?: number;
  /** Inclusive. @default the version of the newest event when the read starts */
  readonly throughVersion?: number;
  /** Events fetched at once, 1 to 100,000. @default 1000 */
  readonly pageSize?: number;
}

export interface PageRange {
  /** Exclusive. */
  readonly afterVersion: number;
  /** Inclusive. @default no bound */
  readonly throughVersion?: number;
  /** Events at most, 1 to 100,000. */
  readonly limit: number;
}

export interface PageStart {
  readonly aggregateId: string;
  /** Exclusive. */
  readonly afterVersion: number;
}

export interface StreamPage {
  /** Version of the newest event of the stream; 0 when there is none. */
  readonly head: number;
  readonly events: readonly StoredEvent[];
}

export interface StreamsRange {
  /** Exclusive. @default from the first */
  readonly afterId?: string;
  /** Ids at most, 1 to 100,000. @default 1000 */
  readonly limit?: number;
}

export interface PositionRange {
  /** Exclusive. @default 0 */
  readonly afterPosition?: number;
  /** Events at most, 1 to 100,000. @default 1000 */
  readonly limit?: number;
}

export const PAGE_SIZE_DEFAULT = 1_000;
export const PAGE_SIZE_MAX = 100_000;

/** Aggregates that are read at once, at most. */
const MANY_MAX = 1_000;

const APPEND_NAMES: OptionNames<AppendOptions> = { expectedVersion: true, expectedEventId: true };
const READ_NAMES: OptionNames<ReadRange> = { afterVersion: true, throughVersion: true, pageSize: true };
const STREAMS_NAMES: OptionNames<StreamsRange> = { afterId: true, limit: true };
const POSITION_NAMES: OptionNames<PositionRange> = { afterPosition: true, limit: true };

/** Checks what `append` was given, the same in every store. */
export function checkAppend(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): void {
  checkStreamId(stream);
  refuseUnknown("", options, APPEND_NAMES);
  const { expectedVersion, expectedEventId } = options;
  if (expectedVersion !== "any") checkWholeNumber("expected version", expectedVersion, 0);
  if (expectedEventId !== undefined) {
    // Read from a database: it need not be what a name may be.
    if (typeof expectedEventId !== "string") {
      throw new InvalidAppendError({
        stream,
        problem: `expectedEventId is of type ${typeof expectedEventId}. Pass the event's id.`,
      });
    }
    if (expectedVersion === "any" || expectedVersion === 0) {
      throw new InvalidAppendError({
        stream,
        problem: "expectedEventId needs an expectedVersion of 1 or more. Pass both, or no id.",
      });
    }
  }
  if (events.length === 0) throw new InvalidAppendError({ stream, problem: "it has no events. Append at least one." });
  if (events.some((event) => typeof event.dataText !== "string" || typeof event.metadataText !== "string")) {
    throw new InvalidAppendError({ stream, problem: "an event is not ready to be stored. Make it with newEvent()." });
  }
  for (const event of events) {
    checkName("event id", event.id);
    checkName("event type", event.type);
    checkWholeNumber("event schema version", event.schemaVersion, 1);
  }
}

/**
 * Holds a stream, whose newest event is `last`, against what an append expects.
 *
 * @throws {OptimisticConcurrencyError}
 */
export function refuseConflict(
  stream: StreamId,
  { expectedVersion, expectedEventId }: AppendOptions,
  last: { readonly version: number; readonly id: string } | undefined,
): void {
  const actualVersion = last?.version ?? 0;
  if (expectedVersion === "any") return;
  if (expectedVersion !== actualVersion) {
    throw new OptimisticConcurrencyError({ stream, expectedVersion, actualVersion });
  }
  if (expectedEventId !== undefined && expectedEventId !== last?.id) {
    throw new OptimisticConcurrencyError({ stream, expectedVersion, actualVersion, expectedEventId });
  }
}

/** Checks what `read` was given, but for its numbers: `readPage` does. */
export function checkRead(range: ReadRange): void {
  refuseUnknown("", range, READ_NAMES);
}

/** Checks what `readPage` was given, the same in every store. */
export function checkPage(stream: StreamId, range: PageRange): void {
  checkStreamId(stream);
  checkWholeNumber("version to read after", range.afterVersion, 0);
  if (range.throughVersion !== undefined) checkWholeNumber("version to read through", range.throughVersion, 0);
  checkLimit(range.limit);
}

/** Checks what `readManyPages` was given, the same in every store. */
export function checkManyPages(aggregateType: string, starts: readonly PageStart[], limit: number): void {
  checkMany(starts.length);
  checkName("aggregate type", aggregateType);
  for (const { aggregateId, afterVersion } of starts)
    checkPage({ aggregateType, aggregateId }, { afterVersion, limit });
  checkLimit(limit);
}

/** @throws {InvalidNumberError} for more aggregates than are read at once. */
export function checkMany(count: number): void {
  checkWholeNumber("number of aggregates to read at once", count, 0, MANY_MAX);
}

/** The bounds of `streams`, with their defaults. */
export function streamsBounds(aggregateType: string, range: StreamsRange = {}): { afterId: string; limit: number } {
  refuseUnknown("", range, STREAMS_NAMES);
  checkName("aggregate type", aggregateType);
  if (range.afterId !== undefined) checkName("aggregate id to continue after", range.afterId);
  // No id is empty, so every id comes after "".
  return { afterId: range.afterId ?? "", limit: checkLimit(range.limit) };
}

/** The bounds of `readAll`, with their defaults. */
export function positionBounds(range: PositionRange = {}): { afterPosition: number; limit: number } {
  refuseUnknown("", range, POSITION_NAMES);
  const afterPosition = range.afterPosition ?? 0;
  checkWholeNumber("position to read after", afterPosition, 0);
  return { afterPosition, limit: checkLimit(range.limit) };
}

/** @throws {ClosedError} */
export function refuseClosed(closed: boolean, what: string): void {
  if (closed) throw new ClosedError({ what });
}

function checkLimit(limit: number = PAGE_SIZE_DEFAULT): number {
  checkWholeNumber("limit", limit, 1, PAGE_SIZE_MAX);
  return limit;
}
