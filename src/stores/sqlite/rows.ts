import type { StoredEvent } from "../../events/event.ts";
import type { PageRange, StreamPage } from "../../events/event-store.ts";
import { parseEvent } from "../../events/parse-event.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { GetSnapshotOptions, SnapshotKey } from "../../snapshots/snapshot-store.ts";
import type { SqliteDatabase, SqliteRow } from "./database.ts";
import { selectFrom, selectLast, selectPage, selectProvenSnapshot, selectSnapshot } from "./statements.ts";

/** Version of the newest event of a stream; 0 when there is none. */
export function readHead(database: SqliteDatabase, stream: StreamId): number {
  return readLast(database, stream)?.version ?? 0;
}

/** Which event is the newest one of a stream. */
export function readLast(
  database: SqliteDatabase,
  { aggregateType, aggregateId }: StreamId,
): { readonly version: number; readonly id: string } | undefined {
  const [row] = database.rows(selectLast, aggregateType, aggregateId);
  return row && { version: row[0] as number, id: row[1] as string };
}

export function readEvents(database: SqliteDatabase, stream: StreamId, range: PageRange): readonly StoredEvent[] {
  const { aggregateType, aggregateId } = stream;
  const { afterVersion, throughVersion = Number.MAX_SAFE_INTEGER, limit } = range;
  const rows = database.rows(selectPage, aggregateType, aggregateId, afterVersion, throughVersion, limit);
  return rows.map((row) => toEvent(stream, row));
}

/** A page of a stream and its head; of one moment within a transaction. */
export function readPageIn(database: SqliteDatabase, stream: StreamId, range: PageRange): StreamPage {
  return { head: readHead(database, stream), events: readEvents(database, stream, range) };
}

export function toEvent(stream: StreamId, row: SqliteRow): StoredEvent {
  return parseEvent(stream, {
    version: row[0] as number,
    id: row[1] as string,
    type: row[2] as string,
    schemaVersion: row[3] as number,
    dataText: row[4] as string,
    metadataText: row[5] as string,
    occurredAt: row[6] as string,
  });
}

/** The best row for `options`, as it lies there. */
export function readSnapshotRow(
  database: SqliteDatabase,
  { aggregateType, aggregateId }: StreamId,
  options: GetSnapshotOptions,
): SnapshotRow | undefined {
  const schemaVersion = options.schemaVersion ?? null;
  const preferred = [options.prefer?.schemaVersion ?? null, options.prefer?.fingerprint ?? null];
  const [row] = database.rows(selectSnapshot, aggregateType, aggregateId, schemaVersion, schemaVersion, ...preferred);
  return row && toSnapshotRow(row);
}

/** From the columns of `selectSnapshot`. */
export function toSnapshotRow(row: SqliteRow): SnapshotRow {
  return {
    aggregateType: row[0] as string,
    aggregateId: row[1] as string,
    schemaVersion: Number(row[2]),
    fingerprint: row[3] as string,
    version: Number(row[4]),
    stateText: row[5] as string,
    createdAt: row[6] as string,
    lastEventId: (row[7] as string | null) ?? undefined,
    checksum: (row[8] as string | null) ?? undefined,
  };
}

/** The row of exactly this key, if the event that it ends with stands at its version, and whether there are newer ones. */
export function readProvenSnapshot(
  database: SqliteDatabase,
  { aggregateType, aggregateId }: StreamId,
  { schemaVersion, fingerprint }: SnapshotKey,
): { readonly row: SnapshotRow; readonly followed: boolean } | undefined {
  const rows = database.rows(selectProvenSnapshot, aggregateType, aggregateId, schemaVersion, fingerprint);
  // Without a state it is the row of a newer event.
  const proven = rows[0]?.[1] === null ? rows[1] : rows[0];
  if (proven === undefined || proven[1] === null) return undefined;
  const [version, stateText, createdAt, lastEventId, checksum] = proven as ProvenColumns;
  const key = { aggregateType, aggregateId, schemaVersion, fingerprint };
  const row = { ...key, version, stateText, createdAt, lastEventId, checksum: checksum ?? undefined };
  return { row, followed: rows.length > 1 };
}

type ProvenColumns = readonly [
  version: number,
  stateText: string,
  createdAt: string,
  lastEventId: string,
  checksum: string | null,
];

/** The event that a snapshot ends with, if it stands at its version, and those after it, up to `limit` in all. */
export function readFromAnchor(
  database: SqliteDatabase,
  { aggregateType, aggregateId }: StreamId,
  row: SnapshotRow,
  limit: number,
): readonly SqliteRow[] | undefined {
  const rows = database.rows(selectFrom, aggregateType, aggregateId, row.version, limit);
  const [version, id] = rows[0] ?? [];
  return version === row.version && id === row.lastEventId ? rows : undefined;
}
