import type { NewEvent } from "../../events/event.ts";
import { checkAppend, checkPage } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import { checkSnapshot } from "../../snapshots/snapshot.ts";
import {
  isUsable,
  type JointAppendOptions,
  type JointAppendResult,
  type JointStore,
  type LoadPage,
  type WantedSnapshot,
} from "../../snapshots/snapshot-store.ts";
import type { SqliteDatabase } from "./database.ts";
import { isAnchored, readEvents, readHead, readSnapshotRow } from "./rows.ts";
import { appendEvents, storeSnapshot } from "./writing.ts";

/** Both stores in one transaction of statements that go by keys, which SQLite answers faster than a single one. */
export class SqliteJointStore implements JointStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async append(
    stream: StreamId,
    events: readonly NewEvent[],
    { expectedVersion, snapshot, replacing }: JointAppendOptions,
  ): Promise<JointAppendResult> {
    checkAppend(stream, events, { expectedVersion });
    checkSnapshot(snapshot);
    return this.#database.transaction("BEGIN IMMEDIATE", () => ({
      version: appendEvents(this.#database, stream, events, expectedVersion),
      snapshot: storeSnapshot(this.#database, snapshot, replacing) ? "stored" : "kept",
    }));
  }

  async readForLoad(stream: StreamId, wanted: WantedSnapshot, limit: number): Promise<LoadPage> {
    checkPage(stream, { afterVersion: 0, limit });
    return this.#database.transaction("BEGIN", () => {
      const head = readHead(this.#database, stream);
      const row = readSnapshotRow(this.#database, stream, { prefer: wanted });
      const anchored = row !== undefined && isAnchored(this.#database, stream, row);
      const afterVersion = anchored && isUsable(row, wanted) ? row.version : 0;
      return { head, row, anchored, afterVersion, events: readEvents(this.#database, stream, { afterVersion, limit }) };
    });
  }
}
