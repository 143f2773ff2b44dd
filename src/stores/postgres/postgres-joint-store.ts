import type { NewEvent } from "../../events/event.ts";
import { checkAppend, checkPage } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import { checkSnapshot } from "../../snapshots/snapshot.ts";
import type {
  JointAppendOptions,
  JointAppendResult,
  JointStore,
  LoadPage,
  WantedSnapshot,
} from "../../snapshots/snapshot-store.ts";
import { Appending } from "./appending.ts";
import type { Database } from "./database.ts";
import { readForLoad } from "./joint-statements.ts";
import { type EventColumns, type SnapshotColumns, toEvent, toSnapshotRow } from "./rows.ts";

/** Both stores in one statement. */
export class PostgresJointStore implements JointStore {
  readonly #database: Database;
  readonly #check: (stream: StreamId) => void;

  /** @param check throws when the store is closed, or would not keep the id of the stream. */
  constructor(database: Database, check: (stream: StreamId) => void) {
    this.#database = database;
    this.#check = check;
  }

  async append(
    stream: StreamId,
    events: readonly NewEvent[],
    { expectedVersion, snapshot, replacing }: JointAppendOptions,
  ): Promise<JointAppendResult> {
    checkAppend(stream, events, { expectedVersion });
    checkSnapshot(snapshot);
    this.#check(stream);
    return new Appending(stream, events, expectedVersion, { row: snapshot, replacing }).storeIn(this.#database);
  }

  async readForLoad(stream: StreamId, wanted: WantedSnapshot, limit: number): Promise<LoadPage> {
    checkPage(stream, { afterVersion: 0, limit });
    this.#check(stream);
    const { aggregateType, aggregateId } = stream;
    const { schemaVersion: wantedVersion, fingerprint: wantedFingerprint, upgradableFrom } = wanted;
    const values = [aggregateType, aggregateId, wantedVersion, wantedFingerprint, upgradableFrom, limit];
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
}

/** The first row of `readForLoad` holds a snapshot in the columns of an event, the others an event. */
type LoadColumns = readonly [
  ...EventColumns,
  head: string,
  snapshotVersion: string,
  checksum: string | null,
  anchored: string,
  afterVersion: string,
];
