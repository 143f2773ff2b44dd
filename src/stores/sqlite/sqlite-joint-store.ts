import type { NewEvent } from "../../events/event.ts";
import { checkAppend, checkPage } from "../../events/event-store.ts";
import { checkStreamId, type StreamId } from "../../events/stream-id.ts";
import { checkSnapshot, type SnapshotRow } from "../../snapshots/snapshot.ts";
import {
  isUsable,
  type JointAppendOptions,
  type JointAppendResult,
  type JointEraseResult,
  type JointStore,
  type LoadPage,
  type WantedSnapshot,
} from "../../snapshots/snapshot-store.ts";
import type { SqliteDatabase } from "./database.ts";
import type { GroupCommit } from "./group-commit.ts";
import { readFromAnchor, readPageIn, readProvenSnapshot, readSnapshotRow, toEvent } from "./rows.ts";
import { appendEvents, commitWith, eraseAll, snapshotValues, storeSnapshot } from "./writing.ts";

/** Both stores by statements that go by keys: appends in one transaction, loads in one where a single statement does not tell all. */
export class SqliteJointStore implements JointStore {
  readonly #database: SqliteDatabase;
  readonly #groups: GroupCommit | undefined;

  constructor(database: SqliteDatabase, groups: GroupCommit | undefined) {
    this.#database = database;
    this.#groups = groups;
  }

  async append(
    stream: StreamId,
    events: readonly NewEvent[],
    { snapshot, replacing, ...expected }: JointAppendOptions,
  ): Promise<JointAppendResult> {
    checkAppend(stream, events, expected);
    checkSnapshot(snapshot);
    // Now: the caller may go on to change its own before a group is committed.
    const values = snapshotValues(snapshot, replacing);
    return commitWith(this.#groups, this.#database, { stream, events }, (save) => ({
      version: appendEvents(this.#database, save.stream, save.events, expected),
      snapshot: storeSnapshot(this.#database, values) ? "stored" : "kept",
    }));
  }

  async eraseStream(stream: StreamId): Promise<JointEraseResult> {
    checkStreamId(stream);
    return eraseAll(this.#database, stream);
  }

  async readForLoad(stream: StreamId, wanted: WantedSnapshot, limit: number): Promise<LoadPage> {
    return this.readForLoadSync(stream, wanted, limit);
  }

  readForLoadSync(stream: StreamId, wanted: WantedSnapshot, limit: number): LoadPage {
    checkPage(stream, { afterVersion: 0, limit });
    this.#groups?.beforeRead();
    return this.#readProven(stream, wanted, limit) ?? this.#readWhole(stream, wanted, limit);
  }

  /**
   * What nearly every load needs, without a transaction: the row of the very key, proven by its event in one statement, which is all
   * when it is at the head. Newer events come with that event once more, so that they prove the row themselves, whatever
   * another process erases or restores before they are read.
   */
  #readProven(stream: StreamId, wanted: WantedSnapshot, limit: number): LoadPage | undefined {
    const proven = readProvenSnapshot(this.#database, stream, wanted);
    if (proven === undefined) return undefined;
    const { row, followed } = proven;
    if (followed) return this.#readAfter(stream, row, limit);
    return { head: row.version, row, anchored: true, afterVersion: row.version, events: [] };
  }

  /** The events after the version of `row`, if that still stands on its event. */
  #readAfter(stream: StreamId, row: SnapshotRow, limit: number): LoadPage | undefined {
    // With the anchor, and with one event more than the page holds: without that, its last event is the head.
    const rows = readFromAnchor(this.#database, stream, row, limit + 2);
    if (rows === undefined) return undefined;
    const head = rows.length > limit + 1 ? undefined : (rows.at(-1)?.[0] as number);
    const events = rows.slice(1, limit + 1).map((event) => toEvent(stream, event));
    return { head, row, anchored: true, afterVersion: row.version, events };
  }

  /** All that there may be, of one moment: a row of another key, or one that does not prove itself. */
  #readWhole(stream: StreamId, wanted: WantedSnapshot, limit: number): LoadPage {
    return this.#database.transaction("BEGIN", () => {
      const row = readSnapshotRow(this.#database, stream, { prefer: wanted });
      const page = row && isUsable(row, wanted) ? this.#readAfter(stream, row, limit) : undefined;
      if (page !== undefined) return page;
      const { head, events } = readPageIn(this.#database, stream, { afterVersion: 0, limit });
      return { head, row, anchored: false, afterVersion: 0, events };
    });
  }
}
