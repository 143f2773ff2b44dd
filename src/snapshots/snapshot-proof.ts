import { type ProofFlaw, proofOnceOf, type SnapshotRow } from "./snapshot.ts";
import { snapshotChecksum } from "./snapshot-checksum.ts";

/** Why a row does not prove that it is whole; undefined when it does. Of rows that cannot change it is found out once. */
export function proofFlaw(row: SnapshotRow): ProofFlaw | undefined {
  const once = proofOnceOf(row);
  if (once === undefined) return flawOf(row);
  once.found ??= { flaw: flawOf(row) };
  return once.found.flaw;
}

function flawOf(row: SnapshotRow): ProofFlaw | undefined {
  if (row.lastEventId === undefined || row.checksum === undefined) return "unproven";
  return row.checksum === snapshotChecksum(row) ? undefined : "corrupt";
}
