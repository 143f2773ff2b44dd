import { checkName, checkWholeNumber, type OptionNames, refuseUnknown } from "../events/bounds.ts";
import type { NewEvent, StoredEvent } from "../events/event.ts";
import { type AppendOptions, type AppendResult, checkMany, type EventStore } from "../events/event-store.ts";
import { type Instant, toInstant } from "../events/instant.ts";
import { checkStreamId, type StreamId } from "../events/stream-id.ts";
import { checkSnapshot, type Snapshot, type SnapshotRow } from "./snapshot.ts";

/**
 * Keeps snapshots: a cache. One row for each (aggregate type, aggregate id, schema version, fingerprint), so that two builds can
 * run side by side on one database.
 *
 * Every method rejects with {@link InvalidNameError} or {@link InvalidNumberError} for names and numbers out of bounds, before the
 * database is asked, and with {@link ClosedError} after `close`. The stores of this package also refuse unknown options, with
 * {@link ConfigurationError}. Asking for what is not there is no error.
 */
export interface SnapshotStore {
  /**
   * Stores `snapshot` in its row, unless the row holds a newer version: then that one is `"kept"`. An equal version is replaced.
   *
   * @throws {StreamErasedError} when snapshots of this version were erased.
   */
  saveSnapshot(snapshot: Snapshot, options?: SaveSnapshotOptions): Promise<SaveSnapshotResult>;

  /** The row of the greatest version; among equal ones that of the greatest schema version. */
  getSnapshot(aggregateId: string, aggregateType: string, options?: GetSnapshotOptions): Promise<Snapshot | undefined>;

  /**
   * As `getSnapshot`, for many aggregates of one type in one statement or transaction: an answer for each id, in their order.
   *
   * @param aggregateIds 1,000 at most; an id may be named more than once.
   */
  getManySnapshots(
    aggregateIds: readonly string[],
    aggregateType: string,
    options?: GetSnapshotOptions,
  ): Promise<readonly (Snapshot | undefined)[]>;

  /** Deletes every row of the aggregate, or those of one schema version, or exactly one row. True when there was one. */
  deleteSnapshot(aggregateId: string, aggregateType: string, options?: DeleteSnapshotOptions): Promise<boolean>;

  snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean>;

  /** Deletes the rows of all aggregates of a type, or those that fit every option given. Resolves to their number. */
  deleteSnapshotsByType(aggregateType: string, options?: DeleteByTypeOptions): Promise<number>;

  /**
   * Deletes every row of the aggregate for good: from then on `saveSnapshot` refuses versions up to `throughVersion`, so that a
   * write in flight, here or in another process, cannot bring one back. Resolves to the number of rows.
   */
  eraseSnapshots(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): Promise<number>;

  /**
   * Both stores as one, when `eventStore` keeps its events in the same database over the same connections: then a load is one
   * read. Undefined when it does not; stores that never share a database leave the method out.
   */
  jointWith?(eventStore: EventStore): JointStore | undefined;

  /** Releases what the store opened itself. Idempotent. */
  close(): Promise<void>;
}

/** `"kept"`: the row holds a newer version, and was left as it is. */
export type SaveSnapshotResult = "stored" | "kept";

export interface SaveSnapshotOptions {
  /** A row that a load has just rejected: replaced whatever its version, if it is still this very one. */
  readonly replacing?: RejectedRow;
}

/** Names exactly one content of a row. */
export interface RejectedRow {
  readonly version: number;
  readonly checksum: string | undefined;
}

export interface SchemaVersionOption {
  /** Only rows of this schema version. @default all */
  readonly schemaVersion?: number;
}

export interface GetSnapshotOptions extends SchemaVersionOption {
  /** The row of this key if there is one, else as without. */
  readonly prefer?: SnapshotKey;
}

export interface DeleteSnapshotOptions extends SchemaVersionOption {
  /** Exactly this row, if it still is the one that was read. */
  readonly exactly?: SnapshotKey & RejectedRow;
}

export interface DeleteByTypeOptions {
  /** Exclusive. @default no bound */
  readonly schemaVersionBelow?: number;
  /** Exclusive: only rows that were written before. @default no bound */
  readonly createdBefore?: Date | Instant;
  /** Only rows of other keys. @default all */
  readonly otherThan?: SnapshotKey;
}

export interface EraseSnapshotsOptions {
  /** Inclusive. */
  readonly throughVersion: number;
}

/** Tells an aggregate's rows apart: which definition of the state wrote them. */
export interface SnapshotKey {
  readonly schemaVersion: number;
  readonly fingerprint: string;
}

/** What an event store and a snapshot store in one database can do together. */
export interface JointStore {
  /**
   * Snapshot and first page of events, of one moment, in one round trip: the row of key `wanted`, else the newest other one; the
   * events after its version when it is usable and proven to be of this history, else from the first on. For a row that turns
   * out to be of another history, head and events may come from a second round trip.
   */
  readForLoad(stream: StreamId, wanted: WantedSnapshot, limit: number): Promise<LoadPage>;

  /** As `readForLoad`, where the driver answers at once: waiting for promises would take a tenth of such a load. */
  readForLoadSync?(stream: StreamId, wanted: WantedSnapshot, limit: number): LoadPage;

  /**
   * As `EventStore.append` and `saveSnapshot` in one: both are committed, or neither, in no more round trips than the append
   * takes. A snapshot that is kept back by a newer one, or whose version was erased, does not keep the events from being appended.
   * Rejects as `append` does; whatever else makes it reject has stored nothing.
   */
  append(stream: StreamId, events: readonly NewEvent[], options: JointAppendOptions): Promise<JointAppendResult>;

  /** As `EventStore.eraseStream`, which takes the snapshots along, of every version and for good: both go, or neither. */
  eraseStream(stream: StreamId): Promise<JointEraseResult>;
}

/** Which rows a class can load from: those of its own key, and older ones that it has upgrades for. */
export interface WantedSnapshot extends SnapshotKey {
  /** Rows of schema versions from this one up to the own one, exclusive, are usable too; the own one when there are no upgrades. */
  readonly upgradableFrom: number;
}

/** A {@link WantedSnapshot} with the type whose aggregates want it. */
export interface WantedOfType extends WantedSnapshot {
  readonly aggregateType: string;
  /** Of the rows that are usable by their schema version, those of these keys have an upgrade. @default all of them */
  readonly formerKeys?: readonly SnapshotKey[];
}

export interface JointAppendOptions extends AppendOptions, SaveSnapshotOptions {
  /** Never "any": a snapshot is of one version. */
  readonly expectedVersion: number;
  readonly snapshot: Snapshot;
}

export interface JointAppendResult extends AppendResult {
  readonly snapshot: SaveSnapshotResult;
}

/** How many rows were deleted. */
export interface JointEraseResult {
  readonly events: number;
  readonly snapshots: number;
}

/** What a load needs to begin with. */
export interface LoadPage {
  /**
   * Version of the newest event of the stream; 0 when there is none. May be undefined when `events` are as many as were asked for,
   * so that there may be more: then the next page tells. Always there when a usable row is not anchored: it may be ahead of it.
   */
  readonly head: number | undefined;
  readonly row: SnapshotRow | undefined;
  /** Whether the row is usable, and the event `row.lastEventId` stands at `row.version` of the stream. */
  readonly anchored: boolean;
  /** The version that `events` begin after: that of the row, or 0. */
  readonly afterVersion: number;
  readonly events: readonly StoredEvent[];
}

const SAVE_NAMES: OptionNames<SaveSnapshotOptions> = { replacing: true };
const OF_VERSION_NAMES: OptionNames<SchemaVersionOption> = { schemaVersion: true };
export const GET_NAMES: OptionNames<GetSnapshotOptions> = { ...OF_VERSION_NAMES, prefer: true };
export const DELETE_NAMES: OptionNames<DeleteSnapshotOptions> = { ...OF_VERSION_NAMES, exactly: true };
const BY_TYPE_NAMES: OptionNames<DeleteByTypeOptions> = {
  schemaVersionBelow: true,
  createdBefore: true,
  otherThan: true,
};
const ERASE_NAMES: OptionNames<EraseSnapshotsOptions> = { throughVersion: true };

/** Checks what `saveSnapshot` was given, the same in every store. */
export function checkSave(snapshot: Snapshot, options: SaveSnapshotOptions): void {
  refuseUnknown("", options, SAVE_NAMES);
  checkSnapshot(snapshot);
}

/** Checks what the methods that take an aggregate were given, the same in every store. @param names of the method's options */
export function checkSnapshotQuery(
  aggregateId: string,
  aggregateType: string,
  options: SchemaVersionOption = {},
  names: OptionNames<SchemaVersionOption> = OF_VERSION_NAMES,
): void {
  refuseUnknown("", options, names);
  checkStreamId({ aggregateId, aggregateType });
  if (options.schemaVersion !== undefined) checkWholeNumber("schema version", options.schemaVersion, 1);
}

/** Checks what `getManySnapshots` was given, the same in every store. */
export function checkManySnapshots(
  aggregateIds: readonly string[],
  aggregateType: string,
  options: GetSnapshotOptions,
): void {
  refuseUnknown("", options, GET_NAMES);
  checkMany(aggregateIds.length);
  checkName("aggregate type", aggregateType);
  for (const aggregateId of aggregateIds) checkStreamId({ aggregateId, aggregateType });
  if (options.schemaVersion !== undefined) checkWholeNumber("schema version", options.schemaVersion, 1);
}

/** Checks what `deleteSnapshotsByType` was given, the same in every store. */
export function checkDeleteByType(aggregateType: string, options: DeleteByTypeOptions = {}): void {
  refuseUnknown("", options, BY_TYPE_NAMES);
  checkName("aggregate type", aggregateType);
  if (options.schemaVersionBelow !== undefined) checkWholeNumber("schema version", options.schemaVersionBelow, 1);
  if (options.createdBefore !== undefined) toInstant("time to delete before", options.createdBefore);
}

/** Checks what `eraseSnapshots` was given, the same in every store. */
export function checkErase(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): void {
  refuseUnknown("", options, ERASE_NAMES);
  checkStreamId({ aggregateId, aggregateType });
  checkWholeNumber("version to erase through", options.throughVersion, 0);
}

/** Whether `row` was written by the definition that `wanted` names. */
export function isOfKey(row: SnapshotKey, wanted: SnapshotKey): boolean {
  return row.schemaVersion === wanted.schemaVersion && row.fingerprint === wanted.fingerprint;
}

/** Whether `event` is the one that `row` ends with. */
export function isAnchor(
  event: Pick<StoredEvent, "version" | "id"> | undefined,
  row: Pick<SnapshotRow, "version" | "lastEventId">,
): boolean {
  return event !== undefined && event.version === row.version && event.id === row.lastEventId;
}

/** Whether a load may begin with `row`, as far as stores can tell: not all keys of an upgradable schema version have an upgrade. */
export function isUsable(row: SnapshotKey, wanted: WantedSnapshot): boolean {
  const upgradable = row.schemaVersion >= wanted.upgradableFrom && row.schemaVersion < wanted.schemaVersion;
  return upgradable || isOfKey(row, wanted);
}
