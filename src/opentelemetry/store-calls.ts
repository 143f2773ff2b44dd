import { type Attributes, context, type Histogram, type Link, type Span, SpanKind, trace } from "@opentelemetry/api";
import type { StoreCall } from "../events/event-store-decorator.ts";
import { systemOf } from "../events/store-system.ts";
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

  /** For what is answered at once. */
  carryOutSync<Answer>(call: StoreCall<string>, work: () => Answer): Answer {
    if (!this.#telemetry.isOn) return work();
    const measurement = this.#begin(call);
    try {
      return measurement.succeed(measurement.within(work));
    } catch (error) {
      return measurement.fail(error);
    }
  }

  async #measured<Answer>(call: StoreCall<string>, work: () => Promise<Answer>, origin?: Link): Promise<Answer> {
    const measurement = this.#begin(call, origin);
    try {
      return measurement.succeed(await measurement.within(work));
    } catch (error) {
      return measurement.fail(error);
    }
  }

  #begin(call: StoreCall<string>, origin?: Link): Measurement {
    const described = this.#describe(call);
    const { isTracing, instruments } = this.#telemetry;
    const span = isTracing && !Operation.active?.isWalk ? this.#startSpan(call, described, origin) : undefined;
    const duration = instruments["db.client.operation.duration"];
    return new Measurement(span, duration, { ...this.#common, ...attributesOf(described) });
  }

  #describe({ method, events, snapshotVersion }: StoreCall<string>): NamedAttributes {
    // An append with a snapshot, the read of a load, and an erasure by way of the snapshots are about both collections.
    const isErasure = method === "eraseStream" && this.#collection === "snapshots";
    const isAppend = events !== undefined && snapshotVersion !== undefined;
    const isJoint = method === "readForLoad" || isErasure || isAppend;
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

/** Of one call, until it succeeds or fails. */
class Measurement {
  readonly #span: Span | undefined;
  readonly #duration: Histogram;
  readonly #attributes: Attributes;
  readonly #startedAt = performance.now();

  constructor(span: Span | undefined, duration: Histogram, attributes: Attributes) {
    this.#span = span;
    this.#duration = duration;
    this.#attributes = attributes;
  }

  /** Does `work` so that spans of a driver stand below the one of the call. */
  within<Answer>(work: () => Answer): Answer {
    return this.#span === undefined ? work() : context.with(trace.setSpan(context.active(), this.#span), work);
  }

  succeed<Answer>(answer: Answer): Answer {
    const events = this.#span?.isRecording() ? eventsIn(answer) : undefined;
    if (events !== undefined) this.#span?.setAttributes(attributesOf({ "eventfold.events": events }));
    this.#end(this.#attributes);
    return answer;
  }

  /** @throws `error` */
  fail(error: unknown): never {
    const failure = attributesOf({ "error.type": errorType(error), "db.response.status_code": sqlState(error) });
    this.#span?.setAttributes(failure);
    if (this.#span !== undefined) failSpan(this.#span, error);
    this.#end({ ...this.#attributes, ...failure });
    throw error;
  }

  #end(attributes: Attributes): void {
    this.#duration.record((performance.now() - this.#startedAt) / 1_000, attributes);
    this.#span?.end();
  }
}

/** How many events a read has brought; undefined for an answer without events. */
function eventsIn(answer: unknown): number | undefined {
  const { events } = Object(answer) as { readonly events?: unknown };
  return Array.isArray(events) ? events.length : undefined;
}
