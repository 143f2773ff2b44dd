import type { SnapshotRow } from "./snapshot.ts";
import { snapshotChecksum } from "./snapshot-checksum.ts";

/** Why a row does not prove that it is whole; undefined when it does. */
export function proofFlaw(row: SnapshotRow): "unproven" | "corrupt" | undefined {
  if (row.lastEventId === undefined || row.checksum === undefined) return "unproven";
  return row.checksum === snapshotChecksum(row) ? undefined : "corrupt";
}
