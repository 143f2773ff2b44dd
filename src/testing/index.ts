export type { ContractCase, OpenStore } from "./contracts/contract.ts";
export { eventStoreContract } from "./contracts/event-store-contract.ts";
