export type { ContractCase, OpenStore } from "./contracts/contract.ts";
export { eventStoreContract } from "./contracts/event-store-contract.ts";
export type { StorePair } from "./contracts/joint-pair.ts";
export { jointStoreContract } from "./contracts/joint-store-contract.ts";
export { snapshotStoreContract } from "./contracts/snapshot-store-contract.ts";
export {
  answeredAfter,
  delayedUntil,
  type Fault,
  type FaultPoint,
  Faults,
  failing,
  losingAnswer,
} from "./faults/faults.ts";
export { FaultyEventStore } from "./faults/faulty-event-store.ts";
export { FaultySnapshotStore } from "./faults/faulty-snapshot-store.ts";
export { type Scenario, type ScenarioEvent, scenario } from "./scenario.ts";
export { type OldState, proveStateUpgrades } from "./state-upgrade-proof.ts";
