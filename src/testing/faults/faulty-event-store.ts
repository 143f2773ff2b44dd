import type { EventStore } from "../../events/event-store.ts";
import { type EventStoreCall, EventStoreDecorator } from "../../events/event-store-decorator.ts";
import type { Faults } from "./faults.ts";

/** Any event store, with faults. Without a fault planned it is that store. */
export class FaultyEventStore extends EventStoreDecorator {
  readonly #faults: Faults;

  constructor(wrapped: EventStore, faults: Faults) {
    super(wrapped);
    this.#faults = faults;
  }

  protected around<Answer>({ method }: EventStoreCall, carryOut: () => Promise<Answer>): Promise<Answer> {
    return this.#faults.strike(method, carryOut);
  }
}
