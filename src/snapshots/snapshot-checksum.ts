import { sha256 } from "./sha256.ts";
import type { SnapshotRow } from "./snapshot.ts";

/**
 * Checksum of everything that a row says: whose it is, of which version, definition and history, when it was made, and the
 * state to the letter. One changed bit, or a row copied to another aggregate, and it is another one.
 */
export function snapshotChecksum(row: Omit<SnapshotRow, "checksum">): string {
  const { aggregateType, aggregateId, version, schemaVersion, fingerprint, lastEventId, createdAt, stateText } = row;
  const header = [aggregateType, aggregateId, version, schemaVersion, fingerprint, lastEventId, createdAt];
  return sha256(`${JSON.stringify(header)}\n`, stateText);
}
