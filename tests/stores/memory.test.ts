import { eventStoreContract } from "eventfold/testing";
import { describe, it } from "vitest";
import { InMemoryEventStore } from "../../src/stores/memory/in-memory-event-store.ts";

describe("InMemoryEventStore", () => {
  for (const { title, run } of eventStoreContract) it(title, () => run(() => new InMemoryEventStore()));
});
