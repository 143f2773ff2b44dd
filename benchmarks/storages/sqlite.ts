import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "eventfold/sqlite";
import { readEvents } from "../../src/stores/sqlite/rows.ts";
import { databaseOf } from "../../src/stores/sqlite/sqlite-event-store.ts";
import { BareSqlite } from "./bare-sqlite.ts";
import type { Storage } from "./storage.ts";

const TMPFS = 0x01021994;

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
  const readUnprovenSync: Storage["readUnprovenSync"] = (stream, { schemaVersion, fingerprint }, limit) => {
    const { aggregateType, aggregateId } = stream;
    const key = { aggregateType, aggregateId, schemaVersion, fingerprint };
    const [columns] = database.rows(selectUnproven, aggregateType, aggregateId, schemaVersion, fingerprint);
    const [version, stateText, createdAt, lastEventId, checksum, followed] = columns as UnprovenColumns;
    const row = { ...key, version, stateText, createdAt, lastEventId, checksum };
    const events = followed === 1 ? readEvents(database, stream, { afterVersion: version, limit }) : [];
    return { head: version + events.length, row, anchored: true, afterVersion: version, events };
  };
  const opened: Storage = {
    ...storage,
    name: "SQLite",
    bare,
    readUnproven: async (...request) => readUnprovenSync(...request),
    readUnprovenSync,
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

function pragma(handle: DatabaseSync, name: string): string {
  const statement = handle.prepare(`PRAGMA ${name}`);
  return String(Object.values(statement.get() ?? {})[0]);
}
