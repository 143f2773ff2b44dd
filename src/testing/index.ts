export type { ContractCase, OpenStore } from "./contracts/contract.ts";
export { eventStoreContract } from "./contracts/event-store-contract.ts";
export { jointStoreContract, type StorePair } from "./contracts/joint-store-contract.ts";
export { snapshotStoreContract } from "./contracts/snapshot-store-contract.ts";
