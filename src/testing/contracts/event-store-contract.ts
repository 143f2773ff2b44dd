import type { EventStore } from "../../events/event-store.ts";
import { appendCases } from "./append-cases.ts";
import type { ContractCase } from "./contract.ts";
import { erasureCases } from "./erasure-cases.ts";
import { listingCases } from "./listing-cases.ts";
import { manyPagesCases } from "./many-cases.ts";
import { closingCases, nameCases, valueCases } from "./name-cases.ts";
import { raceCases } from "./race-cases.ts";
import { readCases } from "./read-cases.ts";

/** What every event store promises, and every decorator of one. */
export const eventStoreContract: readonly ContractCase<EventStore>[] = [
  ...appendCases,
  ...raceCases,
  ...readCases,
  ...manyPagesCases,
  ...listingCases,
  ...erasureCases,
  ...nameCases,
  ...valueCases,
  ...closingCases,
];
