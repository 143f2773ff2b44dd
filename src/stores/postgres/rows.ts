import type { StoredEvent } from "../../events/event.ts";
import type { Instant } from "../../events/instant.ts";
import { parseEvent } from "../../events/parse-event.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { RejectedRow } from "../../snapshots/snapshot-store.ts";

/** The columns that every statement which reads events begins with. */
export type EventColumns = readonly [
  version: string,
  id: string,
  type: string,
  schemaVersion: string,
  data: string,
  metadata: string,
  occurredAt: string,
];

/** @throws {CorruptStreamError} */
export function toEvent(stream: StreamId, columns: readonly [...EventColumns, ...unknown[]]): StoredEvent {
  const [version, id, type, schemaVersion, dataText, metadataText, occurredAt] = columns;
  return parseEvent(stream, {
    version: Number(version),
    id,
    type,
    schemaVersion: Number(schemaVersion),
    dataText,
    metadataText,
    occurredAt: toInstant(occurredAt),
  });
}

/** The columns that every statement which reads snapshots gives. */
export type SnapshotColumns = readonly [
  schemaVersion: string,
  fingerprint: string,
  version: string,
  state: string,
  createdAt: string,
  lastEventId: string | null,
  checksum: string | null,
];

export function toSnapshotRow(
  { aggregateType, aggregateId }: StreamId,
  columns: readonly [...SnapshotColumns, ...unknown[]],
): SnapshotRow {
  const [schemaVersion, fingerprint, version, stateText, createdAt, lastEventId, checksum] = columns;
  return {
    aggregateType,
    aggregateId,
    schemaVersion: Number(schemaVersion),
    fingerprint,
    version: Number(version),
    stateText,
    createdAt: toInstant(createdAt),
    lastEventId: lastEventId ?? undefined,
    checksum: checksum ?? undefined,
  };
}

/** What every statement that stores a snapshot is given beside the stream. */
export function snapshotValues(row: SnapshotRow, replacing: RejectedRow | undefined): unknown[] {
  const { schemaVersion, fingerprint, version, stateText, createdAt, lastEventId, checksum } = row;
  const rejected = [replacing?.version, replacing?.checksum];
  return [schemaVersion, fingerprint, version, stateText, createdAt, lastEventId, checksum, ...rejected];
}

/** From `"2026-01-31T12:00:00.5"` in quotes: PostgreSQL leaves out zeros at the end. */
export function toInstant(json: string): Instant {
  if (json.length === '"2026-01-31T12:00:00.000"'.length) return `${json.slice(1, -1)}Z`;
  const [seconds, fraction = ""] = json.slice(1, -1).split(".");
  return `${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
}
