import type { EventStore } from "../../events/event-store.ts";
import { checkSnapshot, Snapshot } from "../../snapshots/snapshot.ts";
import {
  checkDeleteByType,
  checkSnapshotQuery,
  type DeleteByTypeOptions,
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
import { databaseOf, SqliteEventStore } from "./sqlite-event-store.ts";
import { SqliteJointStore } from "./sqlite-joint-store.ts";
import {
  deleteSnapshot,
  deleteSnapshotsBelow,
  deleteSnapshotsOfType,
  selectSnapshotExists,
  upsertSnapshot,
} from "./statements.ts";

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
  }

  async saveSnapshot(snapshot: Snapshot, options: SaveSnapshotOptions = {}): Promise<SaveSnapshotResult> {
    checkSnapshot(snapshot);
    const { aggregateType, aggregateId, schemaVersion, fingerprint, version, stateText, createdAt } = snapshot;
    const proof = [snapshot.lastEventId ?? null, snapshot.checksum ?? null];
    const rejected = [options.replacing?.version ?? null, options.replacing?.checksum ?? null];
    const key = [aggregateType, aggregateId, schemaVersion, fingerprint];
    const changes = this.#database.run(upsertSnapshot, ...key, version, stateText, createdAt, ...proof, ...rejected);
    return changes > 0 ? "stored" : "kept";
  }

  async getSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<Snapshot | undefined> {
    checkSnapshotQuery(aggregateId, aggregateType, options);
    const row = readSnapshotRow(this.#database, { aggregateId, aggregateType }, options);
    return row && new Snapshot(row);
  }

  async deleteSnapshot(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    checkSnapshotQuery(aggregateId, aggregateType, options);
    const schemaVersion = options?.schemaVersion ?? null;
    return this.#database.run(deleteSnapshot, aggregateType, aggregateId, schemaVersion, schemaVersion) > 0;
  }

  async snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    checkSnapshotQuery(aggregateId, aggregateType, options);
    const schemaVersion = options?.schemaVersion ?? null;
    const rows = this.#database.rows(selectSnapshotExists, aggregateType, aggregateId, schemaVersion, schemaVersion);
    return rows[0]?.[0] === 1;
  }

  async deleteSnapshotsByType(aggregateType: string, options: DeleteByTypeOptions = {}): Promise<number> {
    checkDeleteByType(aggregateType, options);
    const { schemaVersionBelow } = options;
    if (schemaVersionBelow === undefined) return this.#database.run(deleteSnapshotsOfType, aggregateType);
    return this.#database.run(deleteSnapshotsBelow, aggregateType, schemaVersionBelow);
  }

  /** Both as one, when `eventStore` works on the same connection. */
  jointWith(eventStore: EventStore): JointStore | undefined {
    if (!(eventStore instanceof SqliteEventStore)) return undefined;
    const sameConnection = databaseOf(eventStore).handle === this.#database.handle;
    return sameConnection ? new SqliteJointStore(this.#database) : undefined;
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
