import { StreamErasedError } from "../../errors.ts";
import type { OptionNames } from "../../events/bounds.ts";
import { type EventStore, refuseClosed } from "../../events/event-store.ts";
import { toInstant } from "../../events/instant.ts";
import { declareSystem } from "../../events/store-system.ts";
import { Snapshot } from "../../snapshots/snapshot.ts";
import {
  checkDeleteByType,
  checkErase,
  checkManySnapshots,
  checkSave,
  checkSnapshotQuery,
  DELETE_NAMES,
  type DeleteByTypeOptions,
  type DeleteSnapshotOptions,
  type EraseSnapshotsOptions,
  GET_NAMES,
  type GetSnapshotOptions,
  type JointStore,
  type SaveSnapshotOptions,
  type SaveSnapshotResult,
  type SchemaVersionOption,
  type SnapshotStore,
} from "../../snapshots/snapshot-store.ts";
import { Database, type PostgresOptions, type PostgresPool } from "./database.ts";
import { eraseSnapshotsThrough } from "./erasing.ts";
import { poolOf } from "./postgres-event-store.ts";
import { PostgresJointStore } from "./postgres-joint-store.ts";
import { type SnapshotColumns, snapshotValues, toSnapshotRow } from "./rows.ts";
import {
  deleteExactSnapshot,
  deleteSnapshots,
  deleteSnapshotsByType,
  selectErased,
  selectManySnapshots,
  selectSnapshot,
  selectSnapshotExists,
  upsertSnapshot,
} from "./snapshot-statements.ts";

/** Keeps snapshots in PostgreSQL, in the table `snapshots`. Each method is one statement. */
export class PostgresSnapshotStore implements SnapshotStore {
  readonly #database: Database;
  #closed = false;

  /** @param pool stays open when the store is closed. */
  constructor(pool: PostgresPool, options?: PostgresOptions) {
    this.#database = new Database(pool, options);
    declareSystem(this, "postgresql");
  }

  async saveSnapshot(snapshot: Snapshot, options: SaveSnapshotOptions = {}): Promise<SaveSnapshotResult> {
    checkSave(snapshot, options);
    this.#check(snapshot.aggregateId);
    const { aggregateType, aggregateId } = snapshot;
    const values = [aggregateType, aggregateId, ...snapshotValues(snapshot, options.replacing)];
    if ((await this.#database.count(upsertSnapshot, values)) > 0) return "stored";
    const erased = await this.#database.count(selectErased, [aggregateType, aggregateId, snapshot.version]);
    if (erased > 0) throw new StreamErasedError({ stream: { aggregateType, aggregateId } });
    return "kept";
  }

  async getSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<Snapshot | undefined> {
    const values = this.#matching(aggregateId, aggregateType, options, GET_NAMES);
    const { prefer } = options;
    const [row] = await this.#database.read<SnapshotColumns>(selectSnapshot, [
      ...values,
      prefer?.schemaVersion,
      prefer?.fingerprint,
    ]);
    return row && new Snapshot(toSnapshotRow({ aggregateId, aggregateType }, row));
  }

  async getManySnapshots(
    aggregateIds: readonly string[],
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<readonly (Snapshot | undefined)[]> {
    checkManySnapshots(aggregateIds, aggregateType, options);
    refuseClosed(this.#closed, "snapshot store");
    for (const aggregateId of aggregateIds) this.#check(aggregateId);
    const { schemaVersion, prefer } = options;
    const values = [aggregateType, aggregateIds, schemaVersion, prefer?.schemaVersion, prefer?.fingerprint];
    const statement = selectManySnapshots[this.#database.aggregateIdType];
    const rows = await this.#database.read<[...SnapshotColumns, place: string]>(statement, values);
    const found = aggregateIds.map((): Snapshot | undefined => undefined);
    for (const row of rows) {
      const index = Number(row[7]) - 1;
      const aggregateId = aggregateIds[index] as string;
      found[index] = new Snapshot(toSnapshotRow({ aggregateId, aggregateType }, row));
    }
    return found;
  }

  async deleteSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: DeleteSnapshotOptions = {},
  ): Promise<boolean> {
    const values = this.#matching(aggregateId, aggregateType, options, DELETE_NAMES);
    const { exactly } = options;
    if (exactly === undefined) return (await this.#database.count(deleteSnapshots, values)) > 0;
    const { schemaVersion, fingerprint, version, checksum } = exactly;
    if (schemaVersion !== (options.schemaVersion ?? schemaVersion)) return false;
    const row = [aggregateType, aggregateId, schemaVersion, fingerprint, version, checksum];
    return (await this.#database.count(deleteExactSnapshot, row)) > 0;
  }

  async snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    return (await this.#database.count(selectSnapshotExists, this.#matching(aggregateId, aggregateType, options))) > 0;
  }

  async deleteSnapshotsByType(aggregateType: string, options: DeleteByTypeOptions = {}): Promise<number> {
    refuseClosed(this.#closed, "snapshot store");
    checkDeleteByType(aggregateType, options);
    const { schemaVersionBelow, createdBefore, otherThan } = options;
    const before = createdBefore && toInstant("time to delete before", createdBefore);
    const narrowing = [schemaVersionBelow, before, otherThan?.schemaVersion, otherThan?.fingerprint];
    return this.#database.count(deleteSnapshotsByType, [aggregateType, ...narrowing]);
  }

  /**
   * Waits for transactions that have written and are still open; writers wait meanwhile, for half a second at most.
   *
   * @throws {StoreBusyError} when one stays open for longer.
   * @throws {ConfigurationError} above READ COMMITTED.
   */
  async eraseSnapshots(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): Promise<number> {
    checkErase(aggregateId, aggregateType, options);
    this.#check(aggregateId);
    return await eraseSnapshotsThrough(this.#database, { aggregateType, aggregateId }, options.throughVersion);
  }

  /** Both as one, when `eventStore` was given the very same pool. */
  jointWith(eventStore: EventStore): JointStore | undefined {
    if (poolOf(eventStore) !== this.#database.pool) return undefined;
    return new PostgresJointStore(this.#database, (stream) => this.#check(stream.aggregateId));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #matching(
    aggregateId: string,
    aggregateType: string,
    options: SchemaVersionOption = {},
    names?: OptionNames<SchemaVersionOption>,
  ): unknown[] {
    checkSnapshotQuery(aggregateId, aggregateType, options, names);
    this.#check(aggregateId);
    return [aggregateType, aggregateId, options.schemaVersion];
  }

  #check(aggregateId: string): void {
    refuseClosed(this.#closed, "snapshot store");
    this.#database.checkAggregateId(aggregateId);
  }
}
