import { SpanKind, type Tracer } from "@opentelemetry/api";
import { type AggregateType, definitionOf } from "../aggregates/aggregate-definition.ts";
import { AggregateRepository, type UpdateOptions } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { WalkReport } from "../aggregates/each-aggregate.ts";
import type { EraseOptions, EraseReport } from "../aggregates/erase-aggregate.ts";
import type { RepositoryFact, RepositoryObserver } from "../aggregates/repository-observer.ts";
import type { LoadOptions, RaiseOptions, RepositoryOptions } from "../aggregates/repository-options.ts";
import type {
  PruneOptions,
  VerifyOptions,
  VerifyReport,
  WarmOptions,
  WarmReport,
} from "../aggregates/snapshot-maintenance.ts";
import type { Snapshot } from "../snapshots/snapshot.ts";
import { errorType } from "./error-type.ts";
import { traceMetadata } from "./event-context.ts";
import { InstrumentedEventStore } from "./instrumented-event-store.ts";
import { InstrumentedSnapshotStore, originsOf } from "./instrumented-snapshot-store.ts";
import { metricsObserver } from "./metrics-observer.ts";
import type { NamedAttributes, OperationName } from "./names.ts";
import { Operation } from "./operation.ts";
import { QueueDepth } from "./queue-depth.ts";
import { attributesOf, type Instruments, instrumentsOf, type TelemetryOptions, tracerOf } from "./telemetry.ts";

/**
 * A repository with a span for each call, those of its stores as children, and with metrics. Takes the same options, and plain
 * stores: it instruments them by itself. What it gives is what an `AggregateRepository` gives.
 *
 * Events that are raised on its instances carry the trace context of whoever asked for the instance, in their metadata: of the
 * span that was active when it was loaded or created, within `update` of the update.
 */
export class InstrumentedRepository<A extends AnyAggregate> extends AggregateRepository<A> {
  readonly #aggregateType: string;
  readonly #mode: string | undefined;
  readonly #telemetry: TelemetryOptions;
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #leaveQueueDepth: () => void;
  /** Options of calls whose span is there already, which call other methods of the repository. */
  readonly #spanned = new WeakSet<RaiseOptions>();

  /** @throws {ConfigurationError} as the constructor of `AggregateRepository`. */
  constructor(type: AggregateType<A>, options: RepositoryOptions<A>, telemetry: TelemetryOptions = {}) {
    super(type, instrumented(options, telemetry));
    this.#aggregateType = definitionOf(type).aggregateType;
    this.#mode = options.snapshots && (options.snapshots.mode ?? "sync");
    this.#telemetry = telemetry;
    this.#tracer = tracerOf(telemetry);
    this.#instruments = instrumentsOf(telemetry);
    const depth = QueueDepth.of(this.#instruments["eventfold.snapshot.queue.depth"]);
    this.#leaveQueueDepth = options.snapshots === undefined ? () => {} : depth.add(this.#aggregateType, this);
  }

  override createNew(id?: string, options: RaiseOptions = {}): A {
    return super.createNew(id, this.#traced(options));
  }

  override async load(id: string): Promise<A>;
  override async load(id: string, options: LoadOptions): Promise<A>;
  override async load(id: string, options: LoadOptions = {}): Promise<A> {
    const traced = this.#traced(options);
    return await this.#measured("load", id, () => super.load(id, traced));
  }

  override async find(id: string, options: LoadOptions = {}): Promise<A | undefined> {
    if (this.#spanned.has(options)) return await super.find(id, options);
    const traced = this.#traced(options);
    return await this.#measured("load", id, () => super.find(id, traced));
  }

  override async loadOrCreate(id: string, options: LoadOptions = {}): Promise<A> {
    const traced = this.#traced(options);
    return await this.#measured("load", id, () => super.loadOrCreate(id, traced));
  }

  override async save(aggregate: A): Promise<void> {
    const attributes = { "eventfold.snapshot.mode": this.#mode };
    return await this.#measured("save", idOf(aggregate), () => super.save(aggregate), attributes);
  }

  override async update(id: string, change: (aggregate: A) => unknown, options: UpdateOptions = {}): Promise<A> {
    const operation = this.#start("update", id);
    let attempts = 0;
    const counted = (aggregate: A): unknown => {
      attempts += 1;
      operation.set({ "eventfold.attempts": attempts });
      return change(aggregate);
    };
    return await operation.run(() => super.update(id, counted, options));
  }

  override async createSnapshot(aggregate: A): Promise<Snapshot> {
    const { version } = Object(aggregate) as { readonly version?: number };
    const operation = this.#start("createSnapshot", idOf(aggregate), { "eventfold.aggregate.version": version });
    return await operation.run(() => super.createSnapshot(aggregate));
  }

  override async warm(options: WarmOptions = {}): Promise<WarmReport> {
    return await this.#walk("warm", () => super.warm(options));
  }

  override async verifySnapshots(options: VerifyOptions = {}): Promise<VerifyReport> {
    return await this.#walk("verifySnapshots", () => super.verifySnapshots(options));
  }

  override async pruneSnapshots(options: PruneOptions): Promise<number> {
    return await this.#start("pruneSnapshots").run(() => super.pruneSnapshots(options));
  }

  override async erase(id: string, options: EraseOptions = {}): Promise<EraseReport> {
    return await this.#start("erase", id).run(() => super.erase(id, options));
  }

  override async close(): Promise<void> {
    await super.close();
    this.#leaveQueueDepth();
  }

  #start(name: OperationName, aggregateId?: string, attributes: NamedAttributes = {}, isWalk = false): Operation {
    const span = this.#tracer.startSpan(`${name} ${this.#aggregateType}`, {
      kind: SpanKind.INTERNAL,
      attributes: attributesOf({
        "eventfold.aggregate.type": this.#aggregateType,
        "eventfold.aggregate.id": this.#telemetry.aggregateIds ? aggregateId : undefined,
        ...attributes,
      }),
    });
    return new Operation(span, aggregateId, isWalk);
  }

  /** The observer has measured what succeeds. */
  async #measured<Result>(
    name: "load" | "save",
    aggregateId: string,
    work: () => Promise<Result>,
    attributes?: NamedAttributes,
  ): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await this.#start(name, aggregateId, attributes).run(work);
    } catch (error) {
      const failed = { "eventfold.aggregate.type": this.#aggregateType, "error.type": errorType(error) };
      this.#instruments[`eventfold.${name}.duration`].record((performance.now() - startedAt) / 1_000, failed);
      throw error;
    }
  }

  async #walk<Report extends WalkReport>(
    name: "warm" | "verifySnapshots",
    work: () => Promise<Report>,
  ): Promise<Report> {
    const operation = this.#start(name, undefined, {}, true);
    return await operation.run(async () => {
      const report = await work();
      operation.set({ "eventfold.walk.aggregates": report.aggregates, "eventfold.walk.failed": report.failed });
      return report;
    });
  }

  /** `options` with the trace context of the caller, unless the metadata has its keys already: a trace is not to be mixed up. */
  #traced(options: RaiseOptions): RaiseOptions {
    if (this.#spanned.has(options)) return options;
    const { metadata = {} } = options;
    const trace = this.#telemetry.traceContext === false ? {} : traceMetadata();
    const isTraced = Object.keys(trace).some((key) => metadata[key] !== undefined);
    const traced = { ...options, metadata: isTraced ? metadata : { ...trace, ...metadata } };
    this.#spanned.add(traced);
    return traced;
  }
}

/** `options` with instrumented stores, and an observer before the user's. What is wrong in them stays for the repository to refuse. */
function instrumented<A extends AnyAggregate>(
  options: RepositoryOptions<A>,
  telemetry: TelemetryOptions,
): RepositoryOptions<A> {
  const { snapshots, observer } = options;
  const eventStore =
    typeof options.eventStore?.append !== "function" || options.eventStore instanceof InstrumentedEventStore
      ? options.eventStore
      : new InstrumentedEventStore(options.eventStore, telemetry);
  const store =
    typeof snapshots?.store?.saveSnapshot !== "function" || snapshots.store instanceof InstrumentedSnapshotStore
      ? snapshots?.store
      : new InstrumentedSnapshotStore(snapshots.store, telemetry);
  const told = observer === undefined || typeof observer === "function";
  return {
    ...options,
    eventStore,
    ...(snapshots && { snapshots: { ...snapshots, store: store as InstrumentedSnapshotStore } }),
    ...(told && { observer: observerOf(options, telemetry, store) }),
  };
}

function observerOf<A extends AnyAggregate>(
  { snapshots, observer, clock }: RepositoryOptions<A>,
  { meterProvider }: TelemetryOptions,
  store: unknown,
): RepositoryObserver {
  const threshold = snapshots?.threshold ?? snapshots?.policy?.threshold;
  const measure = metricsObserver({
    ...(meterProvider && { meterProvider }),
    ...(threshold !== undefined && { threshold }),
    ...(clock && { clock }),
  });
  const origins = store instanceof InstrumentedSnapshotStore ? originsOf(store) : undefined;
  return (fact: RepositoryFact) => {
    measure(fact);
    const operation = Operation.active;
    if (operation !== undefined && fact.kind === "snapshot-queued") {
      const { stream, version } = fact;
      origins?.remember(stream.aggregateType, stream.aggregateId, { version, context: operation.span.spanContext() });
    }
    operation?.note(fact);
    return observer?.(fact);
  };
}

function idOf(aggregate: unknown): string {
  const { id } = Object(aggregate) as { readonly id?: unknown };
  return typeof id === "string" ? id : "";
}
