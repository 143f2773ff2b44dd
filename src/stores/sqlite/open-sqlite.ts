import { SnapshotMonitor } from "../../monitoring/snapshot-monitor.ts";
import { openHandle, type SqliteHandle, type SqliteOptions, type SqliteSource } from "./handle.ts";
import { databaseOf, SqliteEventStore } from "./sqlite-event-store.ts";
import { SqliteSnapshotStore } from "./sqlite-snapshot-store.ts";
import { SqliteSurvey } from "./sqlite-survey.ts";

/** Events and snapshots in one SQLite database, over one connection, so that a load is one read. */
export interface SqliteStorage {
  readonly eventStore: SqliteEventStore;
  readonly snapshotStore: SqliteSnapshotStore;
  /** How healthy, how many, how stale and how large the snapshots are. */
  readonly snapshots: SnapshotMonitor;
  /** Closes both stores, and the connection if it was opened here. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens both stores on `source`, and creates their tables where they are missing.
 *
 * @throws {ConfigurationError} for a path where there is no `node:sqlite`, and for options that are unknown or have no effect.
 * @throws {StoreBusyError} when the database stays locked.
 */
export function openSqlite(source: SqliteSource, options: SqliteOptions = {}): SqliteStorage {
  if (typeof source !== "string") return storageOn(source, options, () => {});
  const handle = openHandle(source, options);
  try {
    return storageOn(handle, { groupCommit: options.groupCommit ?? false }, () => handle.close());
  } catch (error) {
    handle.close();
    throw error;
  }
}

function storageOn(handle: SqliteHandle, options: SqliteOptions, closeHandle: () => unknown): SqliteStorage {
  const eventStore = new SqliteEventStore(handle, options);
  const snapshotStore = new SqliteSnapshotStore(handle, options);
  const snapshots = new SnapshotMonitor(new SqliteSurvey(databaseOf(eventStore)));
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await Promise.all([eventStore.close(), snapshotStore.close()]);
    closeHandle();
  };
  return { eventStore, snapshotStore, snapshots, close };
}
