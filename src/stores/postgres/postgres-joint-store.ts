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
import { Appending } from "./appending.ts";
import type { Database } from "./database.ts";
import { eraseAll } from "./erasing.ts";
import { readForLoad } from "./joint-statements.ts";
import { readPageIn } from "./reading.ts";
import { type EventColumns, toEvent, toSnapshotRow } from "./rows.ts";

/** Both stores in one statement; a load whose snapshot is not of this history takes another one. */
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
    { snapshot, replacing, ...expected }: JointAppendOptions,
  ): Promise<JointAppendResult> {
    checkAppend(stream, events, expected);
    checkSnapshot(snapshot);
    this.#check(stream);
    return new Appending(stream, events, expected, { row: snapshot, replacing }).storeIn(this.#database);
  }

  async eraseStream(stream: StreamId): Promise<JointEraseResult> {
    checkStreamId(stream);
    this.#check(stream);
    return await eraseAll(this.#database, stream);
  }

  async readForLoad(stream: StreamId, wanted: WantedSnapshot, limit: number): Promise<LoadPage> {
    checkPage(stream, { afterVersion: 0, limit });
    this.#check(stream);
    const { aggregateType, aggregateId } = stream;
    const { schemaVersion: wantedVersion, fingerprint: wantedFingerprint, upgradableFrom } = wanted;
    const values = [aggregateType, aggregateId, wantedVersion, wantedFingerprint, upgradableFrom, limit, BIGINT_MAX];
    const rows = await this.#database.read<LoadColumns>(readForLoad, values);
    const row = snapshotIn(stream, rows[0]);
    const usable = row !== undefined && isUsable(row, wanted);
    const anchored = usable && rows[1]?.[0] === rows[0]?.[7] && rows[1]?.[1] === row.lastEventId;
    if (usable && !anchored) {
      const page = await readPageIn(this.#database, stream, { afterVersion: 0, limit });
      return { ...page, row, anchored, afterVersion: 0 };
    }
    const afterVersion = anchored ? row.version : 0;
    const start = (row === undefined ? 0 : 1) + (anchored ? 1 : 0);
    const newest = rows.length > start + limit ? undefined : Number(rows.at(-1)?.[0] ?? 0);
    const events = rows.slice(start, start + limit).map((event) => toEvent({ aggregateType, aggregateId }, event));
    return { head: newest, row, anchored, afterVersion, events };
  }
}

function snapshotIn(stream: StreamId, columns: LoadColumns | undefined): SnapshotRow | undefined {
  if (columns === undefined) return undefined;
  const [, lastEventId, fingerprint, schemaVersion, state, , createdAt, version, checksum] = columns;
  if (version === null) return undefined;
  return toSnapshotRow(stream, [schemaVersion, fingerprint, version, state, createdAt, lastEventId, checksum]);
}

/** As text: numbers are exact up to 2^53 only. */
const BIGINT_MAX = "9223372036854775807";

/** An event; or, as the first row of `readForLoad`, a snapshot. */
type LoadColumns = readonly [...EventColumns, snapshotVersion: string | null, checksum: string | null];
