import { SpanKind } from "@opentelemetry/api";
import { type AggregateType, definitionOf } from "../aggregates/aggregate-definition.ts";
import { AggregateRepository } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { LoadOptions, RaiseOptions, UpdateOptions } from "../aggregates/call-options.ts";
import type { WalkReport } from "../aggregates/each-aggregate.ts";
import type { EraseOptions, EraseReport } from "../aggregates/erase-aggregate.ts";
import type { RepositoryFact, RepositoryObserver } from "../aggregates/repository-observer.ts";
import type { RepositoryOptions } from "../aggregates/repository-options.ts";
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
import { attributesOf, Telemetry, type TelemetryOptions } from "./telemetry.ts";

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
  readonly #telemetry: Telemetry;
  readonly #leaveQueueDepth: () => void;
  /** Options of calls whose span is there already, which call other methods of the repository. */
  readonly #spanned = new WeakSet<RaiseOptions>();

  /** @throws {ConfigurationError} as the constructor of `AggregateRepository`, and for an unknown option of `telemetry`. */
  constructor(type: AggregateType<A>, options: RepositoryOptions<A>, telemetry: TelemetryOptions = {}) {
    super(type, instrumented(options, telemetry));
    this.#aggregateType = definitionOf(type).aggregateType;
    this.#mode = options.snapshots && (options.snapshots.mode ?? "sync");
    this.#telemetry = new Telemetry(telemetry);
    const { instruments, isMeasuring } = this.#telemetry;
    const depth = QueueDepth.of(instruments["eventfold.snapshot.queue.depth"]);
    const isObserved = isMeasuring && options.snapshots !== undefined;
    this.#leaveQueueDepth = isObserved ? depth.add(this.#aggregateType, this) : () => {};
  }

  override createNew(id?: string, options: RaiseOptions = {}): A {
    return super.createNew(id, this.#traced(options));
  }

  override load(id: string): Promise<A>;
  override load(id: string, options: LoadOptions): Promise<A>;
  override load(id: string, options: LoadOptions = {}): Promise<A> {
    return this.#loading(id, options, (traced) => super.load(id, traced));
  }

  override find(id: string, options: LoadOptions = {}): Promise<A | undefined> {
    return this.#loading(id, options, (traced) => super.find(id, traced));
  }

  override loadOrCreate(id: string, options: LoadOptions = {}): Promise<A> {
    return this.#loading(id, options, (traced) => super.loadOrCreate(id, traced));
  }

  override loadMany(ids: Iterable<string>, options: LoadOptions = {}): Promise<Map<string, A>> {
    if (!this.#telemetry.isOn) return super.loadMany(ids, options);
    const operation = this.#start("loadMany");
    return this.#measured("load", operation, async () => {
      const found = await super.loadMany(ids, this.#traced(options));
      operation.set({ "eventfold.aggregates.count": found.size });
      return found;
    });
  }

  override save(aggregate: A): Promise<void> {
    const save = (): Promise<void> => super.save(aggregate);
    if (!this.#telemetry.isOn) return save();
    const attributes = { "eventfold.snapshot.mode": this.#mode };
    return this.#measured("save", this.#start("save", idOf(aggregate), attributes), save);
  }

  override update(id: string, change: (aggregate: A) => unknown, options: UpdateOptions = {}): Promise<A> {
    if (!this.#telemetry.isTracing) return super.update(id, change, options);
    const operation = this.#start("update", id);
    let attempts = 0;
    const counted = (aggregate: A): unknown => {
      attempts += 1;
      operation.set({ "eventfold.attempts": attempts });
      return change(aggregate);
    };
    return operation.run(() => super.update(id, counted, options));
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
    const { tracer, options } = this.#telemetry;
    const span = tracer.startSpan(`${name} ${this.#aggregateType}`, {
      kind: SpanKind.INTERNAL,
      attributes: attributesOf({
        "eventfold.aggregate.type": this.#aggregateType,
        "eventfold.aggregate.id": options.aggregateIds ? aggregateId : undefined,
        ...attributes,
      }),
    });
    return new Operation(span, aggregateId, isWalk);
  }

  /** A span for a load, unless it is part of one that has it already. */
  #loading<Loaded>(
    id: string,
    options: RaiseOptions,
    load: (options: RaiseOptions) => Promise<Loaded>,
  ): Promise<Loaded> {
    if (!this.#telemetry.isOn || this.#spanned.has(options)) return load(options);
    const traced = this.#traced(options);
    return this.#measured("load", this.#start("load", id), () => load(traced));
  }

  /** The observer has measured what succeeds. */
  async #measured<Result>(name: "load" | "save", operation: Operation, work: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await operation.run(work);
    } catch (error) {
      const failed = { "eventfold.aggregate.type": this.#aggregateType, "error.type": errorType(error) };
      this.#telemetry.instruments[`eventfold.${name}.duration`].record((performance.now() - startedAt) / 1_000, failed);
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
      operation.set({ "eventfold.aggregates.count": report.aggregates, "eventfold.aggregates.failed": report.failed });
      return report;
    });
  }

  /** `options` with the trace context of the caller, unless the metadata has its keys already: a trace is not to be mixed up. */
  #traced(options: RaiseOptions): RaiseOptions {
    if (!this.#telemetry.isOn || this.#spanned.has(options)) return options;
    const { metadata = {} } = options;
    const trace = this.#telemetry.options.traceContext === false ? {} : traceMetadata();
    const isTraced = Object.keys(trace).some((key) => metadata[key] !== undefined);
    const traced = { ...options, metadata: isTraced ? metadata : { ...trace, ...metadata } };
    this.#spanned.add(traced);
    return traced;
  }
}

/** `options` with instrumented stores, and an observer before the user's. What is wrong in them is for the repository to refuse. */
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
