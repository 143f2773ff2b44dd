import { AggregateNotFoundError, ClosedError, ConfigurationError, SnapshotRefusedError } from "../errors.ts";
import type { Snapshot } from "../snapshots/snapshot.ts";
import type { SnapshotKey } from "../snapshots/snapshot-store.ts";
import { heldStatesOf } from "./aggregate-cache.ts";
import { type AggregateDefinition, type AggregateType, definitionOf } from "./aggregate-definition.ts";
import { AggregateInstances, distinctIds, refuseOtherClasses } from "./aggregate-instances.ts";
import { AggregateLoader, type Loaded, type LoadTarget } from "./aggregate-loader.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import { AggregateSaver } from "./aggregate-saver.ts";
import { AggregateSnapshotter } from "./aggregate-snapshotter.ts";
import { CachedLoader } from "./cached-loader.ts";
import { attemptsOf, type LoadOptions, type RaiseOptions, staleMsOf, type UpdateOptions } from "./call-options.ts";
import { checkErase, type EraseOptions, type EraseReport, eraseAggregate } from "./erase-aggregate.ts";
import { type RepositoryOptions, type ResolvedOptions, resolveOptions } from "./repository-options.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import {
  type PruneOptions,
  SnapshotMaintenance,
  type VerifyOptions,
  type VerifyReport,
  type WarmOptions,
  type WarmReport,
} from "./snapshot-maintenance.ts";

/** Of `loadMany`, in one read. */
const MANY_IDS_AT_ONCE = 500;

/** What its class declares, and where its events and snapshots are. Exported by no entry point. */
export let definitionOfRepository: (repository: AggregateRepository<AnyAggregate>) => AggregateDefinition;
export let storesOfRepository: (
  repository: AggregateRepository<AnyAggregate>,
) => Pick<ResolvedOptions, "eventStore" | "snapshots">;

/**
 * Loads and saves the aggregates of one class. What it loads is what replaying every event gives; snapshots only make it quick.
 *
 * After `close` methods fail with {@link ClosedError}. An id out of bounds is an {@link InvalidNameError}, metadata that JSON
 * would not bring back a {@link SerializationError}.
 */
export class AggregateRepository<A extends AnyAggregate> {
  readonly #instances: AggregateInstances<A>;
  readonly #definition: AggregateDefinition;
  readonly #options: ResolvedOptions;
  readonly #loader: AggregateLoader;
  readonly #cachedLoader: CachedLoader | undefined;
  readonly #saver: AggregateSaver;
  readonly #snapshotter: AggregateSnapshotter | undefined;
  readonly #maintenance: SnapshotMaintenance | undefined;
  #closed = false;

  static {
    definitionOfRepository = (repository) => repository.#definition;
    storesOfRepository = (repository) => repository.#options;
  }

  /** @throws {ConfigurationError} for what the class or the options declare and cannot work; nothing is stored. */
  constructor(type: AggregateType<A>, options: RepositoryOptions<A>) {
    refuseOtherClasses(type);
    const definition = definitionOf(type);
    const resolved = resolveOptions(options, definition.aggregateType);
    const { eventStore, snapshots, cache } = resolved;
    const loader = new AggregateLoader({ ...resolved, definition });
    const held = cache && heldStatesOf(cache, eventStore, definition);
    const cachedLoader = held && new CachedLoader({ ...resolved, loader, held });
    const snapshotter = snapshots && new AggregateSnapshotter(definition.aggregateType, snapshots, resolved);
    const instantiate = (id: string): A => this.#instances.maker(id)();
    this.#definition = definition;
    this.#options = resolved;
    this.#instances = new AggregateInstances(type, resolved);
    this.#loader = loader;
    this.#cachedLoader = cachedLoader;
    this.#snapshotter = snapshotter;
    this.#saver = new AggregateSaver({ ...resolved, joint: snapshots?.joint, snapshotter, cachedLoader });
    this.#maintenance =
      snapshotter &&
      new SnapshotMaintenance(definition, { ...resolved, ...snapshots, loader, snapshotter, instantiate });
  }

  /** An instance without events. Nothing is stored before it is saved. @param id default: a new UUIDv7 */
  createNew(id: string = this.#options.newId(), options: RaiseOptions = {}): A {
    this.#refuseClosed();
    return this.#instances.create(id, options);
  }

  /**
   * The aggregate as all of its events make it.
   *
   * @param options for what is raised on the instance later, and how old a cached state may be.
   * @throws {AggregateNotFoundError} when it has no events.
   * @throws {CorruptStreamError} when they are damaged.
   * @throws {StreamChangedError} when they are erased or restored from a backup again and again meanwhile.
   * @throws {UnknownEventTypeError} {@link EventUpgradeError} when the class cannot read one of them; whatever `evolve` throws.
   * @throws {ConfigurationError} for an unknown option, and for `staleMs` without a cache or out of bounds.
   */
  // Two signatures, so that the hover of the plain call is one line.
  async load(id: string): Promise<A>;
  async load(id: string, options: LoadOptions): Promise<A>;
  async load(id: string, options: LoadOptions = {}): Promise<A> {
    const aggregate = await this.find(id, options);
    if (aggregate === undefined) throw new AggregateNotFoundError({ stream: this.#instances.streamOf(id) });
    return aggregate;
  }

  /** As `load`; undefined when it has no events. */
  async find(id: string, options: LoadOptions = {}): Promise<A | undefined> {
    this.#refuseClosed();
    const staleMs = staleMsOf(options, this.#options);
    const target = this.#targetOf(id, options);
    return this.#heal(await (this.#cachedLoader?.load(target, staleMs) ?? this.#loader.load(target)));
  }

  /**
   * Loads many aggregates with a number of reads that does not grow with theirs: for each 500 of them one read of snapshots, and
   * one of the events after them. Only those with more than 100 events to replay, or with a bad snapshot, take further reads.
   * Up to 101 events of each of the 500 are in memory at once, or `pageSize` + 1 where that is less, whatever their size: of
   * aggregates with long tails of large events pass fewer ids at a time.
   *
   * @param ids in any number; one that is named twice is loaded once.
   * @returns the aggregates by id, in the order of `ids`; without those that have no events.
   * @throws what `load` throws, for the first aggregate that cannot be loaded.
   * @throws {ConfigurationError} for a string in place of `ids`.
   */
  async loadMany(ids: Iterable<string>, options: LoadOptions = {}): Promise<Map<string, A>> {
    this.#refuseClosed();
    const staleMs = staleMsOf(options, this.#options);
    const targets = Array.from(distinctIds(ids), (id) => this.#targetOf(id, options));
    const found = new Map<string, A>();
    for (let start = 0; start < targets.length; start += MANY_IDS_AT_ONCE) {
      const some = targets.slice(start, start + MANY_IDS_AT_ONCE);
      for (const loaded of await (this.#cachedLoader?.loadMany(some, staleMs) ?? this.#loader.loadMany(some))) {
        const aggregate = this.#heal(loaded);
        if (aggregate !== undefined) found.set(aggregate.id, aggregate);
      }
    }
    return found;
  }

  /** As `load`; an instance without events when there are none. */
  async loadOrCreate(id: string, options: LoadOptions = {}): Promise<A> {
    return (await this.find(id, options)) ?? this.#instances.maker(id, options)();
  }

  async exists(id: string): Promise<boolean> {
    this.#refuseClosed();
    return await this.#options.eventStore.exists(this.#instances.streamOf(id));
  }

  /** Number of its events; 0 when it does not exist. Reads one value, not the stream. */
  async versionOf(id: string): Promise<number> {
    this.#refuseClosed();
    return await this.#options.eventStore.versionOf(this.#instances.streamOf(id));
  }

  /**
   * Appends what was raised, all of it or nothing; without anything raised it does nothing. A snapshot's trouble never makes it
   * reject. A second `save` of the same instance waits for the first one.
   *
   * @throws {OptimisticConcurrencyError} when others saved the aggregate since this instance was loaded. Nothing was stored, but
   *   for what an earlier save had left unknown.
   * @throws {CommitUnknownError} when the answer of the store was lost: save the same instance again.
   * @throws {StreamErasedError} when the aggregate was erased with its events. Nothing was stored.
   * @throws {PublishError} when the events are committed, and the publisher failed.
   * @throws {ConfigurationError} for an instance of another class.
   */
  async save(aggregate: A): Promise<void> {
    this.#refuseClosed();
    await this.#saver.save(this.#instances.historyOf(aggregate));
  }

  /**
   * Loads, changes and saves an aggregate; when others saved it meanwhile, starts over with a fresh one after a short random pause.
   * When the answer of the store is lost, saves the same instance again, which stores its events once.
   *
   * @param change is awaited, and may run several times: keep effects out of it.
   * @returns the saved aggregate.
   * @throws {OptimisticConcurrencyError} when the last attempt met a conflict; whatever `load`, `change` and `save` throw.
   * @throws {CommitUnknownError} when the last attempt could not tell whether the change is stored: load and look.
   * @throws {ConfigurationError} for an unknown option, and for attempts out of bounds.
   */
  async update(id: string, change: (aggregate: A) => unknown, options: UpdateOptions = {}): Promise<A> {
    const loadAndChange = async (): Promise<A> => {
      // Nothing else: a change that decides on an old state, and raises nothing, would never be corrected.
      const aggregate = await this.load(id, { ...(options.metadata && { metadata: options.metadata }) });
      await change(aggregate);
      return aggregate;
    };
    return await retryOnConflict(attemptsOf(options), loadAndChange, (aggregate) => this.save(aggregate));
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
    const history = this.#instances.historyOf(aggregate);
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
   * save makes due is stored again. With `events` its events go too, and nothing can be appended under this id any more. One step
   * where both stores share a database; else a repetition completes what failed in between. Copies elsewhere are yours to erase.
   *
   * @throws {StoreBusyError} when other writers' transactions stay open for too long.
   * @throws {ConfigurationError} in PostgreSQL above READ COMMITTED.
   */
  async erase(id: string, options: EraseOptions = {}): Promise<EraseReport> {
    this.#refuseClosed();
    checkErase(options);
    const { eventStore, snapshots } = this.#options;
    const stream = this.#instances.streamOf(id);
    try {
      await this.#snapshotter?.discard(id);
      return await eraseAggregate({ eventStore, snapshotStore: snapshots?.store }, stream, options);
    } finally {
      // Last, so that what was being loaded meanwhile is not held either.
      this.#cachedLoader?.purge(id);
    }
  }

  /** Waits for saves and snapshots in flight. The stores stay open: they are yours. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#saver.drain();
    await this.awaitPendingSnapshots();
  }

  #targetOf(id: string, options: RaiseOptions): LoadTarget<A> {
    return { stream: this.#instances.streamOf(id), instantiate: this.#instances.maker(id, options) };
  }

  /** What was loaded, once a snapshot is queued where one is due. */
  #heal(loaded: Loaded<A> | undefined): A | undefined {
    if (loaded === undefined) return undefined;
    if (!this.#closed) this.#snapshotter?.noteLoad(historyOf(loaded.aggregate), loaded);
    return loaded.aggregate;
  }

  #maintenanceOrThrow(): SnapshotMaintenance {
    this.#refuseClosed();
    if (this.#maintenance !== undefined) return this.#maintenance;
    throw new ConfigurationError({ option: "snapshots", problem: "is missing. Pass snapshots: { store }." });
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ClosedError({ what: "repository" });
  }
}
