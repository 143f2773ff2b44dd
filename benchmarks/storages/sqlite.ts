import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { EventMetadata } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { readEvents } from "../../src/stores/sqlite/rows.ts";
import { databaseOf } from "../../src/stores/sqlite/sqlite-event-store.ts";
import { Account, type AccountEvent, type AccountState, evolve, INITIAL_STATE } from "../account.ts";
import type { BareDriver, BareEvent, Storage } from "./storage.ts";

const TMPFS = 0x01021994;
/** Rows at once: the quickest of 100, 1,000, 10,000, all of them, and `iterate`. */
const PAGE_SIZE = 1_000;

/** A new file among the temporary ones, on one connection that library and baselines share. */
export function openSqliteFile(): Storage {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-bench-"));
  const location = join(folder, "bench.db");
  const handle = new DatabaseSync(location);
  // As the library sets the connections that it opens itself.
  handle.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  const storage = openSqlite(handle);
  const database = databaseOf(storage.eventStore);
  const bare = new BareSqlite(handle);
  const opened: Storage = {
    ...storage,
    name: "SQLite",
    bare,
    bareConcurrent: bare,
    readUnproven: async (stream, { schemaVersion, fingerprint }, limit) => {
      const { aggregateType, aggregateId } = stream;
      const key = { aggregateType, aggregateId, schemaVersion, fingerprint };
      const [columns] = database.rows(selectUnproven, aggregateType, aggregateId, schemaVersion, fingerprint);
      const [version, stateText, createdAt, lastEventId, checksum, followed] = columns as UnprovenColumns;
      const row = { ...key, version, stateText, createdAt, lastEventId, checksum };
      const events = followed === 1 ? readEvents(database, stream, { afterVersion: version, limit }) : [];
      return { head: version + events.length, row, anchored: true, afterVersion: version, events };
    },
    facts: [
      `SQLite ${process.versions.sqlite} by node:sqlite`,
      `journal_mode ${pragma(handle, "journal_mode")}`,
      `synchronous ${["OFF", "NORMAL", "FULL", "EXTRA"][Number(pragma(handle, "synchronous"))]}`,
      statfsSync(folder).type === TMPFS ? "file in RAM (tmpfs)" : "file on disk",
    ],
    location,
    roundTrips: undefined,
    forSaves: () => opened,
    settle: async () => handle.exec("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE"),
    close: async () => {
      await storage.close();
      handle.close();
      rmSync(folder, { recursive: true });
    },
  };
  return opened;
}

const selectEvents = /* sql */ `
  SELECT version, id, type, schema_version, data, metadata, occurred_at
  FROM events
  WHERE aggregate_type = ? AND aggregate_id = ? AND version > ?
  ORDER BY version
  LIMIT ${PAGE_SIZE}
`;

const insertEvent = /* sql */ `
  INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
  VALUES (?, ?, ?, ?, ?, 1, ?, '{}', ?)
`;

const selectSnapshot = /* sql */ `
  SELECT version, state
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ? AND schema_version = 1 AND fingerprint = ''
`;

// As the library reads a snapshot, but for the event that proves it.
const selectUnproven = /* sql */ `
  SELECT
    version, state, created_at, last_event_id, checksum,
    EXISTS (
      SELECT 1
      FROM events
      WHERE aggregate_type = snapshots.aggregate_type AND aggregate_id = snapshots.aggregate_id
        AND version > snapshots.version
    )
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ? AND schema_version = ? AND fingerprint = ?
`;

type UnprovenColumns = [
  version: number,
  stateText: string,
  createdAt: string,
  lastEventId: string,
  checksum: string,
  followed: number,
];

type EventColumns = [
  version: number,
  id: string,
  type: string,
  schemaVersion: number,
  data: string,
  metadata: string,
  occurredAt: string,
];

const NO_METADATA: EventMetadata = Object.freeze({});

/** Kept statements, rows as arrays. */
class BareSqlite implements BareDriver {
  readonly #events: StatementSync;
  readonly #snapshot: StatementSync;
  readonly #insert: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(handle: DatabaseSync) {
    this.#insert = handle.prepare(insertEvent);
    this.#begin = handle.prepare("BEGIN IMMEDIATE");
    this.#commit = handle.prepare("COMMIT");
    this.#events = handle.prepare(selectEvents);
    this.#snapshot = handle.prepare(selectSnapshot);
    for (const statement of [this.#events, this.#snapshot]) statement.setReturnArrays(true);
  }

  replay(accountId: string): AccountState {
    return this.#fold(INITIAL_STATE, accountId, 0);
  }

  snapshot(accountId: string): AccountState {
    return JSON.parse(this.#snapshotRow(accountId)[1]) as AccountState;
  }

  snapshotAndTail(accountId: string): AccountState {
    const [version, state] = this.#snapshotRow(accountId);
    return this.#fold(JSON.parse(state) as AccountState, accountId, version);
  }

  append(accountId: string, events: readonly BareEvent[]): void {
    // One row is a transaction by itself.
    if (events.length > 1) this.#begin.run();
    for (const { version, id, type, dataText, occurredAt } of events) {
      this.#insert.run(Account.aggregateType, accountId, version, id, type, dataText, occurredAt);
    }
    if (events.length > 1) this.#commit.run();
  }

  #snapshotRow(accountId: string): [version: number, state: string] {
    return this.#snapshot.get(Account.aggregateType, accountId) as unknown as [number, string];
  }

  #fold(from: AccountState, accountId: string, afterVersion: number): AccountState {
    let state = from;
    for (let last = afterVersion, rows: EventColumns[]; ; last += rows.length) {
      rows = this.#events.all(Account.aggregateType, accountId, last) as unknown as EventColumns[];
      for (const [version, id, type, schemaVersion, dataText, metadataText, occurredAt] of rows) {
        const data = JSON.parse(dataText) as unknown;
        const metadata = metadataText === "{}" ? NO_METADATA : (JSON.parse(metadataText) as EventMetadata);
        state = evolve(state, { id, type, data, version, occurredAt, metadata, schemaVersion } as AccountEvent);
      }
      if (rows.length < PAGE_SIZE) return state;
    }
  }
}

function pragma(handle: DatabaseSync, name: string): string {
  const statement = handle.prepare(`PRAGMA ${name}`);
  return String(Object.values(statement.get() ?? {})[0]);
}
