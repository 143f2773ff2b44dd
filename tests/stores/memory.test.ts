import { InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import {
  eventStoreContract,
  Faults,
  FaultyEventStore,
  FaultySnapshotStore,
  snapshotStoreContract,
} from "eventfold/testing";
import { describe, it } from "vitest";

describe("InMemoryEventStore", () => {
  for (const { title, run } of eventStoreContract) it(title, () => run(() => new InMemoryEventStore()));
});

describe("InMemorySnapshotStore", () => {
  for (const { title, run } of snapshotStoreContract) it(title, () => run(() => new InMemorySnapshotStore()));
});

describe("FaultyEventStore without a fault", () => {
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => new FaultyEventStore(new InMemoryEventStore(), new Faults())));
  }
});

describe("FaultySnapshotStore without a fault", () => {
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => new FaultySnapshotStore(new InMemorySnapshotStore(), new Faults())));
  }
});
