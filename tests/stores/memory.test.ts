import { InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import { eventStoreContract, snapshotStoreContract } from "eventfold/testing";
import { describe, it } from "vitest";

describe("InMemoryEventStore", () => {
  for (const { title, run } of eventStoreContract) it(title, () => run(() => new InMemoryEventStore()));
});

describe("InMemorySnapshotStore", () => {
  for (const { title, run } of snapshotStoreContract) it(title, () => run(() => new InMemorySnapshotStore()));
});
