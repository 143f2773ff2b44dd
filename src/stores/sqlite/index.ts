export type { SqliteHandle, SqliteOptions, SqliteSource, SqliteStatement, SqliteValue } from "./handle.ts";
export { openSqlite, type SqliteStorage } from "./open-sqlite.ts";
export { SqliteEventStore } from "./sqlite-event-store.ts";
export { SqliteSnapshotStore } from "./sqlite-snapshot-store.ts";
