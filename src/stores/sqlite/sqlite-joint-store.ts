import { checkPage } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import { isOfKey, type JointStore, type LoadPage, type SnapshotKey } from "../../snapshots/snapshot-store.ts";
import type { SqliteDatabase } from "./database.ts";
import { isAnchored, readEvents, readHead, readSnapshotRow } from "./rows.ts";

/** A load as one transaction of statements that go by keys, which SQLite answers faster than a single one. */
export class SqliteJointStore implements JointStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async readForLoad(stream: StreamId, wanted: SnapshotKey, limit: number): Promise<LoadPage> {
    checkPage(stream, { afterVersion: 0, limit });
    return this.#database.transaction("BEGIN", () => {
      const head = readHead(this.#database, stream);
      const row = readSnapshotRow(this.#database, stream, { prefer: wanted });
      const anchored = row !== undefined && isAnchored(this.#database, stream, row);
      const afterVersion = anchored && isOfKey(row, wanted) ? row.version : 0;
      return { head, row, anchored, afterVersion, events: readEvents(this.#database, stream, { afterVersion, limit }) };
    });
  }
}
