import { DuplicateEventError, StreamErasedError } from "../../errors.ts";
import type { NewEvent } from "../../events/event.ts";
import { type AppendOptions, refuseConflict } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { JointEraseResult, RejectedRow } from "../../snapshots/snapshot-store.ts";
import type { SqliteDatabase } from "./database.ts";
import { isDuplicateEventId } from "./driver-errors.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { SqliteValue } from "./handle.ts";
import { readLast } from "./rows.ts";
import {
  deleteEvents,
  deleteSnapshot,
  insertEvent,
  selectErased,
  upsertErasure,
  upsertSnapshot,
} from "./statements.ts";

interface Save {
  readonly stream: StreamId;
  readonly events: readonly NewEvent[];
}

/** Has `work` store a save in a transaction that holds the write lock: now, or with a group soon. */
export async function commitWith<Result>(
  groups: GroupCommit | undefined,
  database: SqliteDatabase,
  { stream, events }: Save,
  work: (save: Save) => Result,
): Promise<Result> {
  // IMMEDIATE takes the write lock before the head is read, so that nobody comes in between.
  if (groups === undefined) return database.transaction("BEGIN IMMEDIATE", () => work({ stream, events }));
  // The caller may go on to change its own.
  const { aggregateType, aggregateId } = stream;
  const save = { stream: { aggregateType, aggregateId }, events: events.map((event) => ({ ...event })) };
  return groups.store(save.events, () => work(save));
}

/** Within a transaction that holds the write lock. Gives the version that the stream then has. */
export function appendEvents(
  database: SqliteDatabase,
  stream: StreamId,
  events: readonly NewEvent[],
  expected: AppendOptions,
): number {
  const last = readLast(database, stream);
  if (isErased(database, stream, "events")) throw new StreamErasedError({ stream });
  refuseConflict(stream, expected, last);
  let version = last?.version ?? 0;
  for (const event of events) insert(database, stream, (version += 1), event);
  return version;
}

/** What `storeSnapshot` stores, as it is now. */
export function snapshotValues(row: SnapshotRow, replacing: RejectedRow | undefined): readonly SqliteValue[] {
  const { aggregateType, aggregateId, schemaVersion, fingerprint, version, stateText, createdAt } = row;
  const key = [aggregateType, aggregateId, schemaVersion, fingerprint];
  const proof = [row.lastEventId ?? null, row.checksum ?? null];
  const erased = [aggregateType, aggregateId, version];
  const rejected = [replacing?.version ?? null, replacing?.checksum ?? null];
  return [...key, version, stateText, createdAt, ...proof, ...erased, ...rejected];
}

/** False when the row holds what is to be kept, or snapshots of this version were erased. */
export function storeSnapshot(database: SqliteDatabase, values: readonly SqliteValue[]): boolean {
  return database.run(upsertSnapshot, ...values) > 0;
}

/** Whether the events of `stream` were erased, or its snapshots of a version. */
export function isErased(database: SqliteDatabase, stream: StreamId, what: "events" | number): boolean {
  const [row] = database.rows(selectErased, stream.aggregateType, stream.aggregateId);
  if (row === undefined) return false;
  return what === "events" ? row[0] === 1 : (row[1] as number) >= what;
}

/** Deletes events and snapshots of one aggregate; no version of it may come back. */
export function eraseAll(database: SqliteDatabase, stream: StreamId): JointEraseResult {
  return erase(database, stream, { withEvents: true, throughVersion: Number.MAX_SAFE_INTEGER });
}

/** Deletes the snapshots of one aggregate; none up to `throughVersion` may come back. Returns their number. */
export function eraseSnapshotsThrough(database: SqliteDatabase, stream: StreamId, throughVersion: number): number {
  return erase(database, stream, { withEvents: false, throughVersion }).snapshots;
}

/** Deletes the rows of one aggregate, and leaves a tombstone. */
function erase(
  database: SqliteDatabase,
  { aggregateType, aggregateId }: StreamId,
  { withEvents, throughVersion }: { readonly withEvents: boolean; readonly throughVersion: number },
): JointEraseResult {
  return database.transaction("BEGIN IMMEDIATE", () => {
    database.run(upsertErasure, aggregateType, aggregateId, withEvents ? 1 : 0, throughVersion);
    return {
      events: withEvents ? database.run(deleteEvents, aggregateType, aggregateId) : 0,
      snapshots: database.run(deleteSnapshot, aggregateType, aggregateId, null, null),
    };
  });
}

function insert(database: SqliteDatabase, stream: StreamId, version: number, event: NewEvent): void {
  const { aggregateType, aggregateId } = stream;
  const { id, type, schemaVersion, dataText, metadataText, occurredAt } = event;
  const values = [aggregateType, aggregateId, version, id, type, schemaVersion, dataText, metadataText, occurredAt];
  try {
    database.run(insertEvent, ...values);
  } catch (cause) {
    throw isDuplicateEventId(cause) ? new DuplicateEventError({ stream, eventId: id, cause }) : cause;
  }
}
