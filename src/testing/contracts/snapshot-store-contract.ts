import type { SnapshotStore } from "../../snapshots/snapshot-store.ts";
import type { ContractCase } from "./contract.ts";
import { manySnapshotsCases } from "./many-cases.ts";
import { snapshotValueCases } from "./snapshot-cases.ts";
import { snapshotRemovalCases } from "./snapshot-removal-cases.ts";
import { snapshotRowCases } from "./snapshot-row-cases.ts";

/** What every snapshot store promises, and every decorator of one. */
export const snapshotStoreContract: readonly ContractCase<SnapshotStore>[] = [
  ...snapshotValueCases,
  ...snapshotRowCases,
  ...manySnapshotsCases,
  ...snapshotRemovalCases,
];
