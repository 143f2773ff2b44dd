import { StreamErasedError } from "../../errors.ts";
import type { EventStore } from "../../events/event-store.ts";
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
import { SqliteDatabase } from "./database.ts";
import type { SqliteOptions, SqliteSource } from "./handle.ts";
import { readSnapshotRow } from "./rows.ts";
import { databaseOf, groupsOf, SqliteEventStore } from "./sqlite-event-store.ts";
import { SqliteJointStore } from "./sqlite-joint-store.ts";
import { deleteExactSnapshot, deleteSnapshot, deleteSnapshotsByType, selectSnapshotExists } from "./statements.ts";
import { eraseSnapshotsThrough, isErased, snapshotValues, storeSnapshot } from "./writing.ts";

/** Keeps snapshots in a SQLite database, which several processes may share. */
export class SqliteSnapshotStore implements SnapshotStore {
  readonly #database: SqliteDatabase;

  /**
   * Creates the tables where they are missing.
   *
   * @throws {ConfigurationError} for a path where there is no `node:sqlite`, and for options that cannot take effect.
   * @throws {StoreBusyError} when the database stays locked.
   */
  constructor(source: SqliteSource, options: SqliteOptions = {}) {
    this.#database = new SqliteDatabase("snapshot store", source, options);
    declareSystem(this, "sqlite");
  }

  async saveSnapshot(snapshot: Snapshot, options: SaveSnapshotOptions = {}): Promise<SaveSnapshotResult> {
    checkSave(snapshot, options);
    if (storeSnapshot(this.#database, snapshotValues(snapshot, options.replacing))) return "stored";
    const { aggregateType, aggregateId, version } = snapshot;
    const stream = { aggregateType, aggregateId };
    if (isErased(this.#database, stream, version)) throw new StreamErasedError({ stream });
    return "kept";
  }

  async getSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<Snapshot | undefined> {
    checkSnapshotQuery(aggregateId, aggregateType, options, GET_NAMES);
    const row = readSnapshotRow(this.#database, { aggregateId, aggregateType }, options);
    return row && new Snapshot(row);
  }

  async getManySnapshots(
    aggregateIds: readonly string[],
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<readonly (Snapshot | undefined)[]> {
    checkManySnapshots(aggregateIds, aggregateType, options);
    const rows = this.#database.transaction("BEGIN", () =>
      aggregateIds.map((aggregateId) => readSnapshotRow(this.#database, { aggregateId, aggregateType }, options)),
    );
    return rows.map((row) => row && new Snapshot(row));
  }

  async deleteSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: DeleteSnapshotOptions = {},
  ): Promise<boolean> {
    checkSnapshotQuery(aggregateId, aggregateType, options, DELETE_NAMES);
    const { schemaVersion = null, exactly } = options;
    if (exactly === undefined) {
      return this.#database.run(deleteSnapshot, aggregateType, aggregateId, schemaVersion, schemaVersion) > 0;
    }
    if (exactly.schemaVersion !== (schemaVersion ?? exactly.schemaVersion)) return false;
    const content = [exactly.version, exactly.checksum ?? null];
    const key = [aggregateType, aggregateId, exactly.schemaVersion, exactly.fingerprint];
    return this.#database.run(deleteExactSnapshot, ...key, ...content) > 0;
  }

  async snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    checkSnapshotQuery(aggregateId, aggregateType, options);
    const schemaVersion = options?.schemaVersion ?? null;
    const rows = this.#database.rows(selectSnapshotExists, aggregateType, aggregateId, schemaVersion, schemaVersion);
    return rows[0]?.[0] === 1;
  }

  async deleteSnapshotsByType(aggregateType: string, options: DeleteByTypeOptions = {}): Promise<number> {
    checkDeleteByType(aggregateType, options);
    const { schemaVersionBelow = null, createdBefore, otherThan } = options;
    const before = createdBefore === undefined ? null : toInstant("time to delete before", createdBefore);
    const other = [otherThan?.schemaVersion ?? null, otherThan?.fingerprint ?? null];
    return this.#database.run(deleteSnapshotsByType, aggregateType, schemaVersionBelow, before, ...other);
  }

  async eraseSnapshots(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): Promise<number> {
    checkErase(aggregateId, aggregateType, options);
    return eraseSnapshotsThrough(this.#database, { aggregateType, aggregateId }, options.throughVersion);
  }

  /** Both as one, when `eventStore` works on the same connection. */
  jointWith(eventStore: EventStore): JointStore | undefined {
    if (!(eventStore instanceof SqliteEventStore)) return undefined;
    const sameConnection = databaseOf(eventStore).handle === this.#database.handle;
    return sameConnection ? new SqliteJointStore(this.#database, groupsOf(eventStore)) : undefined;
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
