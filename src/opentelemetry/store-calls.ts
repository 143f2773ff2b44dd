import { type Attributes, type Link, type Span, SpanKind } from "@opentelemetry/api";
import type { StoreCall } from "../events/event-store-decorator.ts";
import { InMemoryEventStore } from "../stores/memory/in-memory-event-store.ts";
import { InMemorySnapshotStore } from "../stores/memory/in-memory-snapshot-store.ts";
import { PostgresEventStore } from "../stores/postgres/postgres-event-store.ts";
import { PostgresSnapshotStore } from "../stores/postgres/postgres-snapshot-store.ts";
import { SqliteEventStore } from "../stores/sqlite/sqlite-event-store.ts";
import { SqliteSnapshotStore } from "../stores/sqlite/sqlite-snapshot-store.ts";
import { errorType, failSpan, sqlState } from "./error-type.ts";
import type { NamedAttributes } from "./names.ts";
import { Operation } from "./operation.ts";
import { attributesOf, Telemetry, type TelemetryOptions } from "./telemetry.ts";

/** Measures the calls of one store, and has a span for each. */
export class StoreCalls {
  readonly #collection: string;
  readonly #common: Attributes;
  readonly #kind: SpanKind;
  readonly #telemetry: Telemetry;

  /** @param collection the table that the calls are about, but those of a joint store */
  constructor(store: object, collection: string, options: TelemetryOptions) {
    const system = systemOf(store);
    this.#collection = collection;
    this.#common = { ...(system !== undefined && { "db.system.name": system }), ...options.storeAttributes };
    // As the conventions ask: CLIENT for databases, INTERNAL for what happens in memory.
    const isDatabase = ![undefined, "memory"].includes(this.#common["db.system.name"] as string | undefined);
    this.#kind = isDatabase ? SpanKind.CLIENT : SpanKind.INTERNAL;
    this.#telemetry = new Telemetry(options);
  }

  /** @param origin of a call that nobody waits for: it gets a trace of its own, with a link. */
  carryOut<Answer>(call: StoreCall<string>, work: () => Promise<Answer>, origin?: Link): Promise<Answer> {
    return this.#telemetry.isOn ? this.#measured(call, work, origin) : work();
  }

  async #measured<Answer>(call: StoreCall<string>, work: () => Promise<Answer>, origin?: Link): Promise<Answer> {
    const described = this.#describe(call);
    const span =
      this.#telemetry.isTracing && !Operation.active?.isWalk ? this.#startSpan(call, described, origin) : undefined;
    const startedAt = performance.now();
    let failure: NamedAttributes = {};
    try {
      const answer = await work();
      const events = span?.isRecording() ? eventsIn(answer) : undefined;
      if (events !== undefined) span?.setAttributes(attributesOf({ "eventfold.events": events }));
      return answer;
    } catch (error) {
      failure = { "error.type": errorType(error), "db.response.status_code": sqlState(error) };
      span?.setAttributes(attributesOf(failure));
      if (span !== undefined) failSpan(span, error);
      throw error;
    } finally {
      const seconds = (performance.now() - startedAt) / 1_000;
      const attributes = { ...this.#common, ...attributesOf({ ...described, ...failure }) };
      this.#telemetry.instruments["db.client.operation.duration"].record(seconds, attributes);
      span?.end();
    }
  }

  #describe({ method, events, snapshotVersion }: StoreCall<string>): NamedAttributes {
    // An append with a snapshot, and the read of a load, are about both collections.
    const isJoint = method === "readForLoad" || (events !== undefined && snapshotVersion !== undefined);
    return { "db.operation.name": method, "db.collection.name": isJoint ? undefined : this.#collection };
  }

  #startSpan(call: StoreCall<string>, described: NamedAttributes, origin: Link | undefined): Span {
    const { tracer, options } = this.#telemetry;
    const collection = described["db.collection.name"];
    const attributes = attributesOf({
      ...described,
      "eventfold.aggregate.type": call.aggregateType,
      "eventfold.aggregate.id": options.aggregateIds ? call.aggregateId : undefined,
      "eventfold.events": call.events,
    });
    return tracer.startSpan(collection === undefined ? call.method : `${call.method} ${collection}`, {
      kind: this.#kind,
      attributes: { ...this.#common, ...attributes },
      ...(origin && { root: true, links: [origin] }),
    });
  }
}

/** How many events a read has brought; undefined for an answer without events. */
function eventsIn(answer: unknown): number | undefined {
  const { events } = Object(answer) as { readonly events?: unknown };
  return Array.isArray(events) ? events.length : undefined;
}

function systemOf(store: object): string | undefined {
  if (store instanceof PostgresEventStore || store instanceof PostgresSnapshotStore) return "postgresql";
  if (store instanceof SqliteEventStore || store instanceof SqliteSnapshotStore) return "sqlite";
  if (store instanceof InMemoryEventStore || store instanceof InMemorySnapshotStore) return "memory";
  // A decorator is of the kind of what it decorates.
  const { wrapped } = store as { readonly wrapped?: unknown };
  return typeof wrapped === "object" && wrapped !== null ? systemOf(wrapped) : undefined;
}
