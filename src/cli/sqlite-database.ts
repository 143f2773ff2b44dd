import type { DatabaseSync } from "node:sqlite";
import { tablesIn } from "../stores/sqlite/migrations.ts";
import { openSqlite } from "../stores/sqlite/open-sqlite.ts";
import { SqliteAdministration } from "../stores/sqlite/sqlite-administration.ts";
import { databaseOf } from "../stores/sqlite/sqlite-event-store.ts";
import type { OpenDatabase, OpenOptions, Target } from "./database.ts";
import { refuseTables, unusable } from "./unusable.ts";

const BUSY_TIMEOUT_MS = 5_000;

/** Opens a file that exists. @throws {DatabaseError} when it is no database of Eventfold. */
export function openSqliteFile(
  { path, name }: Extract<Target, { kind: "SQLite" }>,
  { access, losable = false }: OpenOptions,
): OpenDatabase {
  // An import would load it before the warning of older versions of Node.js is silenced.
  const sqlite = process.getBuiltinModule("node:sqlite");
  let handle: DatabaseSync | undefined;
  try {
    handle = new sqlite.DatabaseSync(path);
    handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = FULL`);
    // Without a write-ahead log, a power cut could damage what others have written.
    if (losable && journalMode(handle) === "wal") handle.exec("PRAGMA synchronous = NORMAL");
    refuseTables(tablesIn(handle), name);
    if (access === "read") handle.exec("PRAGMA query_only = ON");
    const { eventStore, snapshotStore, snapshots } = openSqlite(handle);
    const administration = new SqliteAdministration(databaseOf(eventStore));
    const opened = handle;
    const stores = { eventStore, snapshotStore, snapshots, administration };
    return { name, kind: "SQLite", ...stores, close: async () => opened.close() };
  } catch (error) {
    handle?.close();
    throw unusable(name, error);
  }
}

function journalMode(handle: DatabaseSync): unknown {
  return handle.prepare("PRAGMA journal_mode").get()?.["journal_mode"];
}
