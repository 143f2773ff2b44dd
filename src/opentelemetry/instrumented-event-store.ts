import type { EventStore } from "../events/event-store.ts";
import { type EventStoreCall, EventStoreDecorator } from "../events/event-store-decorator.ts";
import { StoreCalls } from "./store-calls.ts";
import type { TelemetryOptions } from "./telemetry.ts";

/** Any event store, with a span for each call, and a metric of the time that it takes. */
export class InstrumentedEventStore extends EventStoreDecorator {
  readonly #calls: StoreCalls;

  /** @throws {ConfigurationError} for an option that is unknown. */
  constructor(wrapped: EventStore, options: TelemetryOptions = {}) {
    super(wrapped);
    this.#calls = new StoreCalls(wrapped, "events", options);
  }

  protected around<Answer>(call: EventStoreCall, carryOut: () => Promise<Answer>): Promise<Answer> {
    return call.method === "close" ? carryOut() : this.#calls.carryOut(call, carryOut);
  }
}
