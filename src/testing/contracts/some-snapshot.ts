import { Snapshot, type SnapshotRow } from "../../snapshots/snapshot.ts";
import { newName, newStream } from "./contract.ts";

/** A snapshot as a repository writes it, of an aggregate of its own. */
export function someSnapshot(fields: Partial<SnapshotRow> = {}): Snapshot {
  return new Snapshot({
    ...newStream(),
    version: 1,
    schemaVersion: 1,
    fingerprint: "",
    lastEventId: newName("event"),
    checksum: newName("checksum"),
    createdAt: "2026-01-31T12:00:00.000Z",
    stateText: JSON.stringify({ version: fields.version ?? 1 }),
    ...fields,
  });
}

/** The fields of a row and nothing else: what two rows are compared by, or a third is made of. */
export function rowOf(row: SnapshotRow): SnapshotRow {
  const { aggregateType, aggregateId, version, schemaVersion, fingerprint } = row;
  const { lastEventId, checksum, createdAt, stateText } = row;
  return {
    aggregateType,
    aggregateId,
    version,
    schemaVersion,
    fingerprint,
    lastEventId,
    checksum,
    createdAt,
    stateText,
  };
}
