import type { EventStore } from "../events/event-store.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";
import { type SnapshotStoreCall, SnapshotStoreDecorator } from "../snapshots/snapshot-store-decorator.ts";
import { InstrumentedEventStore } from "./instrumented-event-store.ts";
import { SnapshotOrigins } from "./snapshot-origins.ts";
import { StoreCalls } from "./store-calls.ts";
import type { TelemetryOptions } from "./telemetry.ts";

/** Where queued snapshots come from, for the repository to tell. Exported by no entry point. */
export let originsOf: (store: InstrumentedSnapshotStore) => SnapshotOrigins;

/**
 * Any snapshot store, with a span for each call, and a metric of the time that it takes. Beside an instrumented event store of the
 * same database a load is one read as before, and atomic mode works.
 */
export class InstrumentedSnapshotStore extends SnapshotStoreDecorator {
  readonly #calls: StoreCalls;
  readonly #origins = new SnapshotOrigins();

  static {
    originsOf = (store) => store.#origins;
  }

  /** @throws {ConfigurationError} for an option that is unknown. */
  constructor(wrapped: SnapshotStore, options: TelemetryOptions = {}) {
    super(wrapped);
    this.#calls = new StoreCalls(wrapped, "snapshots", options);
  }

  protected around<Answer>(call: SnapshotStoreCall, carryOut: () => Promise<Answer>): Promise<Answer> {
    if (call.method === "close") return carryOut();
    const origin = call.method === "saveSnapshot" ? this.#origins.take(call) : undefined;
    return this.#calls.carryOut(call, carryOut, origin);
  }

  protected override aroundSync<Answer>(call: SnapshotStoreCall, carryOut: () => Answer): Answer {
    return this.#calls.carryOutSync(call, carryOut);
  }

  protected undecorated(eventStore: EventStore): EventStore {
    return eventStore instanceof InstrumentedEventStore ? eventStore.wrapped : eventStore;
  }
}
