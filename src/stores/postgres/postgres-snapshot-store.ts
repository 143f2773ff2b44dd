import { checkPage, type EventStore, refuseClosed } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import { checkSnapshot, Snapshot, type SnapshotRow } from "../../snapshots/snapshot.ts";
import {
  checkDeleteByType,
  checkSnapshotQuery,
  type DeleteByTypeOptions,
  type GetSnapshotOptions,
  type JointStore,
  type LoadPage,
  type SaveSnapshotOptions,
  type SaveSnapshotResult,
  type SchemaVersionOption,
  type SnapshotKey,
  type SnapshotStore,
} from "../../snapshots/snapshot-store.ts";
import { Database, type PostgresOptions, type PostgresPool } from "./database.ts";
import { poolOf } from "./postgres-event-store.ts";
import { type EventColumns, toEvent, toInstant } from "./rows.ts";
import {
  deleteSnapshots,
  deleteSnapshotsByType,
  readForLoad,
  selectSnapshot,
  selectSnapshotExists,
  upsertSnapshot,
} from "./statements.ts";

/** Keeps snapshots in PostgreSQL, in the table `snapshots`. Each method is one statement. */
export class PostgresSnapshotStore implements SnapshotStore {
  readonly #database: Database;
  #closed = false;

  /** @param pool stays open when the store is closed. */
  constructor(pool: PostgresPool, options?: PostgresOptions) {
    this.#database = new Database(pool, options);
  }

  async saveSnapshot(snapshot: Snapshot, { replacing }: SaveSnapshotOptions = {}): Promise<SaveSnapshotResult> {
    checkSnapshot(snapshot);
    this.#check(snapshot.aggregateId);
    const stored = await this.#database.count(upsertSnapshot, [
      snapshot.aggregateType,
      snapshot.aggregateId,
      snapshot.schemaVersion,
      snapshot.fingerprint,
      snapshot.version,
      snapshot.stateText,
      snapshot.createdAt,
      snapshot.lastEventId,
      snapshot.checksum,
      replacing?.version,
      replacing?.checksum,
    ]);
    return stored > 0 ? "stored" : "kept";
  }

  async getSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<Snapshot | undefined> {
    const values = this.#matching(aggregateId, aggregateType, options);
    const { prefer } = options;
    const [row] = await this.#database.rows<SnapshotColumns>(selectSnapshot, [
      ...values,
      prefer?.schemaVersion,
      prefer?.fingerprint,
    ]);
    return row && new Snapshot(toSnapshotRow({ aggregateId, aggregateType }, row));
  }

  async deleteSnapshot(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    return (await this.#database.count(deleteSnapshots, this.#matching(aggregateId, aggregateType, options))) > 0;
  }

  async snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    return (await this.#database.count(selectSnapshotExists, this.#matching(aggregateId, aggregateType, options))) > 0;
  }

  async deleteSnapshotsByType(aggregateType: string, options: DeleteByTypeOptions = {}): Promise<number> {
    refuseClosed(this.#closed, "snapshot store");
    checkDeleteByType(aggregateType, options);
    return this.#database.count(deleteSnapshotsByType, [aggregateType, options.schemaVersionBelow]);
  }

  /** Both as one, when `eventStore` was given the very same pool. */
  jointWith(eventStore: EventStore): JointStore | undefined {
    if (poolOf(eventStore) !== this.#database.pool) return undefined;
    return { readForLoad: (stream, wanted, limit) => this.#readForLoad(stream, wanted, limit) };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #readForLoad(stream: StreamId, wanted: SnapshotKey, limit: number): Promise<LoadPage> {
    checkPage(stream, { afterVersion: 0, limit });
    this.#check(stream.aggregateId);
    const { aggregateType, aggregateId } = stream;
    const values = [aggregateType, aggregateId, wanted.schemaVersion, wanted.fingerprint, limit];
    const rows = await this.#database.rows<LoadColumns>(readForLoad, values);
    const [header, ...page] = rows as [LoadColumns, ...LoadColumns[]];
    const [, lastEventId, fingerprint, schemaVersion, state, , createdAt, head, version, checksum, anchored, after] =
      header;
    const row: SnapshotColumns = [schemaVersion, fingerprint, version, state, createdAt, lastEventId, checksum];
    return {
      head: Number(head),
      row: version === null ? undefined : toSnapshotRow(stream, row),
      anchored: anchored === "1",
      afterVersion: Number(after),
      events: page.map((columns) => toEvent({ aggregateType, aggregateId }, columns)),
    };
  }

  #matching(aggregateId: string, aggregateType: string, options: SchemaVersionOption = {}): unknown[] {
    checkSnapshotQuery(aggregateId, aggregateType, options);
    this.#check(aggregateId);
    return [aggregateType, aggregateId, options.schemaVersion];
  }

  #check(aggregateId: string): void {
    refuseClosed(this.#closed, "snapshot store");
    this.#database.checkAggregateId(aggregateId);
  }
}

type SnapshotColumns = readonly [
  schemaVersion: string,
  fingerprint: string,
  version: string,
  state: string,
  createdAt: string,
  lastEventId: string | null,
  checksum: string | null,
];

/** The first row of `readForLoad` holds a snapshot in the columns of an event, the others an event. */
type LoadColumns = readonly [
  ...EventColumns,
  head: string,
  snapshotVersion: string,
  checksum: string | null,
  anchored: string,
  afterVersion: string,
];

function toSnapshotRow({ aggregateType, aggregateId }: StreamId, columns: SnapshotColumns): SnapshotRow {
  const [schemaVersion, fingerprint, version, stateText, createdAt, lastEventId, checksum] = columns;
  return {
    aggregateType,
    aggregateId,
    schemaVersion: Number(schemaVersion),
    fingerprint,
    version: Number(version),
    stateText,
    createdAt: toInstant(createdAt),
    lastEventId: lastEventId ?? undefined,
    checksum: checksum ?? undefined,
  };
}
