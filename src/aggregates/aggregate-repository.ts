import { AggregateNotFoundError, ClosedError, ConfigurationError, SnapshotRefusedError } from "../errors.ts";
import { checkStreamId, type StreamId } from "../events/stream-id.ts";
import type { Snapshot } from "../snapshots/snapshot.ts";
import type { SnapshotKey } from "../snapshots/snapshot-store.ts";
import { type AggregateDefinition, type AggregateType, definitionOf } from "./aggregate-definition.ts";
import { type AggregateHistory, metadataContext } from "./aggregate-history.ts";
import { AggregateLoader } from "./aggregate-loader.ts";
import { AggregateRoot, type AnyAggregate, historyOf } from "./aggregate-root.ts";
import { AggregateSaver } from "./aggregate-saver.ts";
import { AggregateSnapshotter } from "./aggregate-snapshotter.ts";
import { type EraseOptions, type EraseReport, eraseAggregate } from "./erase-aggregate.ts";
import {
  type RaiseOptions,
  type RepositoryOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./repository-options.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import {
  type PruneOptions,
  SnapshotMaintenance,
  type VerifyOptions,
  type VerifyReport,
  type WarmOptions,
  type WarmReport,
} from "./snapshot-maintenance.ts";

export interface UpdateOptions extends RaiseOptions {
  /** How often to load, change and save before a conflict is given up on. 1 to 1000. @default 5 */
  readonly attempts?: number;
}

/**
 * Loads and saves the aggregates of one class. What it loads is what replaying every event gives; snapshots only make it quick.
 *
 * After `close` methods fail with {@link ClosedError}. An id out of bounds is an {@link InvalidNameError}, metadata that JSON
 * would not bring back a {@link SerializationError}.
 */
export class AggregateRepository<A extends AnyAggregate> {
  readonly #type: AggregateType<A>;
  readonly #definition: AggregateDefinition;
  readonly #options: ResolvedOptions;
  readonly #loader: AggregateLoader;
  readonly #saver: AggregateSaver;
  readonly #snapshotter: AggregateSnapshotter | undefined;
  readonly #maintenance: SnapshotMaintenance | undefined;
  #closed = false;

  /** @throws {ConfigurationError} for what the class or the options declare and cannot work; nothing is stored. */
  constructor(type: AggregateType<A>, options: RepositoryOptions<A>) {
    if (!((type as { readonly prototype?: unknown } | undefined)?.prototype instanceof AggregateRoot)) {
      const problem = "does not extend AggregateRoot. Pass such a class, or what defineAggregate() returns.";
      throw new ConfigurationError({ option: "type", problem });
    }
    this.#type = type;
    this.#definition = definitionOf(type);
    const { aggregateType } = this.#definition;
    this.#options = resolveOptions(options, aggregateType);
    const { eventStore, snapshots, pageSize, report, publisher } = this.#options;
    this.#loader = new AggregateLoader({ definition: this.#definition, eventStore, snapshots, pageSize, report });
    this.#snapshotter = snapshots && new AggregateSnapshotter(aggregateType, snapshots, this.#options);
    const snapshotter = this.#snapshotter;
    this.#saver = new AggregateSaver({ eventStore, publisher, report, snapshotter, joint: snapshots?.joint });
    this.#maintenance =
      snapshots &&
      snapshotter &&
      new SnapshotMaintenance(this.#definition, {
        ...this.#options,
        ...snapshots,
        loader: this.#loader,
        snapshotter,
        instantiate: (id) => this.#instantiator(id, {})(),
      });
  }

  /** An instance without events. Nothing is stored before it is saved. @param id default: a new UUIDv7 */
  createNew(id: string = this.#options.newId(), options: RaiseOptions = {}): A {
    this.#refuseClosed();
    return this.#instantiator(id, options)();
  }

  /**
   * The aggregate as all of its events make it.
   *
   * @param options for what is raised on the instance later.
   * @throws {AggregateNotFoundError} when it has no events.
   * @throws {CorruptStreamError} when they are damaged.
   * @throws {UnknownEventTypeError} {@link EventUpgradeError} when the class cannot read one of them; whatever `evolve` throws.
   */
  // Two signatures, so that the hover of the plain call is one line.
  async load(id: string): Promise<A>;
  async load(id: string, options: RaiseOptions): Promise<A>;
  async load(id: string, options: RaiseOptions = {}): Promise<A> {
    const aggregate = await this.find(id, options);
    if (aggregate === undefined) throw new AggregateNotFoundError({ stream: this.#streamOf(id) });
    return aggregate;
  }

  /** As `load`; undefined when it has no events. */
  async find(id: string, options: RaiseOptions = {}): Promise<A | undefined> {
    this.#refuseClosed();
    const loaded = await this.#loader.load(this.#streamOf(id), this.#instantiator(id, options));
    if (loaded === undefined) return undefined;
    if (!this.#closed) this.#snapshotter?.healAfterLoad(historyOf(loaded.aggregate), loaded.eventsReplayed);
    return loaded.aggregate;
  }

  /** As `load`; an instance without events when there are none. */
  async loadOrCreate(id: string, options: RaiseOptions = {}): Promise<A> {
    return (await this.find(id, options)) ?? this.createNew(id, options);
  }

  async exists(id: string): Promise<boolean> {
    this.#refuseClosed();
    return await this.#options.eventStore.exists(this.#streamOf(id));
  }

  /** Number of its events; 0 when it does not exist. Reads one value, not the stream. */
  async versionOf(id: string): Promise<number> {
    this.#refuseClosed();
    return await this.#options.eventStore.versionOf(this.#streamOf(id));
  }

  /**
   * Appends what was raised, all of it or nothing; without anything raised it does nothing. A snapshot's trouble never makes it
   * reject. A second `save` of the same instance waits for the first one.
   *
   * @throws {OptimisticConcurrencyError} when others saved the aggregate since this instance was loaded. Nothing was stored.
   * @throws {CommitUnknownError} when the answer of the store was lost: save the same instance again.
   * @throws {StreamErasedError} when the aggregate was erased with its events. Nothing was stored.
   * @throws {PublishError} when the events are committed, and the publisher failed.
   * @throws {ConfigurationError} for an instance of another class.
   */
  async save(aggregate: A): Promise<void> {
    this.#refuseClosed();
    await this.#saver.save(this.#historyOf(aggregate));
  }

  /**
   * Loads, changes and saves an aggregate; starts over with a fresh one, after a short random pause, when others saved it meanwhile.
   *
   * @param change is awaited, and may run several times: keep effects out of it.
   * @returns the saved aggregate.
   * @throws {OptimisticConcurrencyError} when every attempt met a conflict; whatever `load`, `change` and `save` throw.
   * @throws {ConfigurationError} for attempts out of bounds.
   */
  async update(id: string, change: (aggregate: A) => unknown, options: UpdateOptions = {}): Promise<A> {
    const loadAndChange = async (): Promise<A> => {
      const aggregate = await this.load(id, options);
      await change(aggregate);
      return aggregate;
    };
    return await retryOnConflict(options.attempts, loadAndChange, (aggregate) => this.save(aggregate));
  }

  /**
   * Takes a snapshot of a saved aggregate now, in every mode. Resolves to it once it is stored; a newer one in the store is kept.
   *
   * @throws {SnapshotRefusedError} with uncommitted events, without events, or without a snapshot store.
   * @throws {SerializationError} when the state cannot be stored.
   * @throws {StreamErasedError} when it was erased and has no event since.
   * @throws {StoreTimeoutError} after `writeTimeoutMs`. What the store throws passes unchanged.
   */
  async createSnapshot(aggregate: A): Promise<Snapshot> {
    this.#refuseClosed();
    const history = this.#historyOf(aggregate);
    if (this.#snapshotter === undefined) {
      const problem = "the repository has no snapshot store. Pass snapshots: { store } at construction.";
      throw new SnapshotRefusedError({ stream: history.stream, problem });
    }
    return await this.#snapshotter.create(history);
  }

  /** Waits for the snapshots that are on their way now. Resolves to how many writes settled, failed ones included. */
  async awaitPendingSnapshots(): Promise<number> {
    return (await this.#snapshotter?.drain()) ?? 0;
  }

  /** Snapshots that are queued or being written. */
  get pendingSnapshotCount(): number {
    return this.#snapshotter?.pendingCount ?? 0;
  }

  /** Which snapshots this class writes: its schema version, and the fingerprint of what it declares. */
  get snapshotKey(): SnapshotKey {
    const { schemaVersion, fingerprint } = this.#definition.wanted;
    return { schemaVersion, fingerprint };
  }

  /**
   * Writes the snapshots that loads of this class would miss, for example those of a new build before it is deployed. Runs beside
   * a working system; stops at `signal`, and goes on at `afterId`.
   */
  async warm(options: WarmOptions = {}): Promise<WarmReport> {
    return await this.#maintenanceOrThrow().warm(options);
  }

  /**
   * Compares each snapshot that a load of this class could use with a replay of the events behind it. Runs beside a working
   * system; stops at `signal`, and goes on at `afterId`.
   */
  async verifySnapshots(options: VerifyOptions = {}): Promise<VerifyReport> {
    return await this.#maintenanceOrThrow().verify(options);
  }

  /**
   * Deletes snapshots that other definitions of the state have left: of other schema versions or fingerprints, and not written for
   * `notWrittenForMs` milliseconds. Resolves to their number. Aggregates that have no other are replayed once: `warm` first.
   */
  async pruneSnapshots(options: PruneOptions): Promise<number> {
    return await this.#maintenanceOrThrow().prune(options);
  }

  /**
   * Deletes all snapshots of an aggregate for good, those of other builds and those in flight included; the next one that a later
   * save makes due is stored again. With `events` its events go too, and nothing can be appended under this id any more. May be
   * repeated when it was interrupted. Copies elsewhere are yours to erase.
   *
   * @throws {StoreBusyError} when other writers' transactions stay open for too long.
   * @throws {ConfigurationError} in PostgreSQL above READ COMMITTED.
   */
  async erase(id: string, options: EraseOptions = {}): Promise<EraseReport> {
    this.#refuseClosed();
    const { eventStore, snapshots } = this.#options;
    const stream = this.#streamOf(id);
    await this.#snapshotter?.discard(id);
    return await eraseAggregate({ eventStore, snapshotStore: snapshots?.store }, stream, options);
  }

  /** Waits for saves and snapshots in flight. The stores stay open: they are yours. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#saver.drain();
    await this.awaitPendingSnapshots();
  }

  #instantiator(id: string, { metadata }: RaiseOptions): () => A {
    const { clock, newId, freeze, checkPurity } = this.#options;
    const context = { clock, newId, freeze, checkPurity, ...metadataContext(metadata) };
    return () => {
      const aggregate = new this.#type(id);
      if (aggregate.version > 0 || aggregate.id !== id) {
        const problem =
          "raises events or takes another id. A constructor is called at each load: use a method to open it.";
        throw new ConfigurationError({ option: `constructor of ${this.#type.name}`, problem });
      }
      historyOf(aggregate).useContext(context);
      return aggregate;
    };
  }

  #historyOf(aggregate: A): AggregateHistory {
    if (!(aggregate instanceof this.#type)) {
      const isPromise = (aggregate as unknown) instanceof Promise;
      const problem = isPromise
        ? "is a promise. Await load() first."
        : `is no instance of ${this.#type.name}. A repository serves one class.`;
      throw new ConfigurationError({ option: "aggregate", problem });
    }
    const history = historyOf(aggregate);
    const { aggregateType } = this.#definition;
    if (history.stream.aggregateType !== aggregateType) {
      const problem = `is of type ${history.stream.aggregateType}; this repository serves ${aggregateType}.`;
      throw new ConfigurationError({ option: "aggregate", problem });
    }
    return history;
  }

  #streamOf(aggregateId: string): StreamId {
    const stream = { aggregateType: this.#definition.aggregateType, aggregateId };
    checkStreamId(stream);
    return stream;
  }

  #maintenanceOrThrow(): SnapshotMaintenance {
    this.#refuseClosed();
    if (this.#maintenance !== undefined) return this.#maintenance;
    throw new ConfigurationError({ option: "snapshots", problem: "is missing: there are no snapshots to look after." });
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ClosedError({ what: "repository" });
  }
}
