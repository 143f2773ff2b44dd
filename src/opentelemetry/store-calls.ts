import { type Attributes, type Link, SpanKind, type Tracer } from "@opentelemetry/api";
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
import { attributesOf, type Instruments, instrumentsOf, type TelemetryOptions, tracerOf } from "./telemetry.ts";

/** Measures the calls of one store, and has a span for each. */
export class StoreCalls {
  readonly #collection: string;
  readonly #common: Attributes;
  readonly #kind: SpanKind;
  readonly #aggregateIds: boolean;
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;

  /** @param collection the table that the calls are about, but those of a joint store */
  constructor(store: object, collection: string, options: TelemetryOptions) {
    const { storeAttributes = {}, aggregateIds = false } = options;
    const system = systemOf(store);
    this.#collection = collection;
    this.#common = { ...(system !== undefined && { "db.system.name": system }), ...storeAttributes };
    // As the conventions ask: CLIENT for databases, INTERNAL for what happens in memory.
    this.#kind = [undefined, "memory"].includes(this.#common["db.system.name"] as string | undefined)
      ? SpanKind.INTERNAL
      : SpanKind.CLIENT;
    this.#aggregateIds = aggregateIds;
    this.#tracer = tracerOf(options);
    this.#instruments = instrumentsOf(options);
  }

  /** @param origin of a call that nobody waits for: it gets a trace of its own, with a link. */
  async carryOut<Answer>(call: StoreCall<string>, work: () => Promise<Answer>, origin?: Link): Promise<Answer> {
    const { method, aggregateType, aggregateId, events, snapshotVersion } = call;
    // An append with a snapshot, and the read of a load, are about both collections.
    const isJoint = method === "readForLoad" || (events !== undefined && snapshotVersion !== undefined);
    const collection = isJoint ? undefined : this.#collection;
    const described: NamedAttributes = { "db.operation.name": method, "db.collection.name": collection };
    const span = Operation.active?.isWalk
      ? undefined
      : this.#tracer.startSpan(collection === undefined ? method : `${method} ${collection}`, {
          kind: this.#kind,
          attributes: attributesOf({
            ...this.#common,
            ...described,
            "eventfold.aggregate.type": aggregateType,
            "eventfold.aggregate.id": this.#aggregateIds ? aggregateId : undefined,
            "eventfold.events": events,
          }),
          ...(origin && { root: true, links: [origin] }),
        });
    const startedAt = performance.now();
    let failure: NamedAttributes = {};
    try {
      const answer = await work();
      const read = span?.isRecording() ? eventsIn(answer) : undefined;
      if (read !== undefined) span?.setAttributes(attributesOf({ "eventfold.events": read }));
      return answer;
    } catch (error) {
      failure = { "error.type": errorType(error), "db.response.status_code": sqlState(error) };
      if (span !== undefined) failSpan(span, error);
      span?.setAttributes(attributesOf(failure));
      throw error;
    } finally {
      const seconds = (performance.now() - startedAt) / 1_000;
      const attributes = attributesOf({ ...described, ...failure });
      this.#instruments["db.client.operation.duration"].record(seconds, { ...this.#common, ...attributes });
      span?.end();
    }
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
