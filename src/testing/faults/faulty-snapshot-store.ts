import type { EventStore } from "../../events/event-store.ts";
import type { SnapshotStore } from "../../snapshots/snapshot-store.ts";
import { type SnapshotStoreCall, SnapshotStoreDecorator } from "../../snapshots/snapshot-store-decorator.ts";
import type { Faults } from "./faults.ts";
import { FaultyEventStore } from "./faulty-event-store.ts";

/** Any snapshot store, with faults, which strike its joint reads and appends too. Without a fault planned it is that store. */
export class FaultySnapshotStore extends SnapshotStoreDecorator {
  readonly #faults: Faults;

  constructor(wrapped: SnapshotStore, faults: Faults) {
    super(wrapped);
    this.#faults = faults;
  }

  protected around<Answer>({ method }: SnapshotStoreCall, carryOut: () => Promise<Answer>): Promise<Answer> {
    return this.#faults.strike(method, carryOut);
  }

  protected undecorated(eventStore: EventStore): EventStore {
    return eventStore instanceof FaultyEventStore ? eventStore.wrapped : eventStore;
  }
}
