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
import { readEvents, readFromAnchor, readHead, readSnapshotRow, toEvent } from "./rows.ts";
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
      const row = readSnapshotRow(this.#database, stream, { prefer: wanted });
      // With the anchor, and with one event more than the page holds: without that, its last event is the head.
      const rows = row && isUsable(row, wanted) ? readFromAnchor(this.#database, stream, row, limit + 2) : undefined;
      if (row === undefined || rows === undefined) {
        const events = readEvents(this.#database, stream, { afterVersion: 0, limit });
        return { head: readHead(this.#database, stream), row, anchored: false, afterVersion: 0, events };
      }
      const head = rows.length > limit + 1 ? undefined : (rows.at(-1)?.[0] as number);
      const events = rows.slice(1, limit + 1).map((event) => toEvent(stream, event));
      return { head, row, anchored: true, afterVersion: row.version, events };
    });
  }
}
