import type { ContractCase } from "./contract.ts";
import { jointAppendCases } from "./joint-append-cases.ts";
import { jointLoadCases } from "./joint-load-cases.ts";
import type { StorePair } from "./joint-pair.ts";

/** What two stores promise that share a database, and so read for a load, append and erase at once. */
export const jointStoreContract: readonly ContractCase<StorePair>[] = [...jointLoadCases, ...jointAppendCases];
