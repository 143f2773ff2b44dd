import type { SqliteDatabase } from "./database.ts";
import type { SqliteHandle } from "./handle.ts";
import { createMigrationsTable, insertMigration, selectMigrationsTable, selectMigrationVersion } from "./statements.ts";

/** What has led to today's tables, in order. Only ever appended to: databases out there have run what stands here. */
const migrations: readonly string[] = [
  /* sql */ `
    CREATE TABLE events (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      aggregate_type TEXT NOT NULL,
      aggregate_id TEXT NOT NULL,
      version INTEGER NOT NULL,
      id TEXT NOT NULL UNIQUE,
      type TEXT NOT NULL,
      schema_version INTEGER NOT NULL,
      data TEXT NOT NULL,
      metadata TEXT NOT NULL,
      occurred_at TEXT NOT NULL,
      UNIQUE (aggregate_type, aggregate_id, version)
    ) STRICT;

    CREATE TABLE snapshots (
      aggregate_type TEXT NOT NULL,
      aggregate_id TEXT NOT NULL,
      schema_version INTEGER NOT NULL,
      fingerprint TEXT NOT NULL,
      version INTEGER NOT NULL,
      state TEXT NOT NULL,
      created_at TEXT NOT NULL,
      last_event_id TEXT,
      checksum TEXT,
      PRIMARY KEY (aggregate_type, aggregate_id, schema_version, fingerprint)
    ) STRICT;

    CREATE INDEX snapshots_by_schema_version ON snapshots (aggregate_type, schema_version);
  `,
  /* sql */ `
    CREATE TABLE erasures (
      aggregate_type TEXT NOT NULL,
      aggregate_id TEXT NOT NULL,
      events_erased INTEGER NOT NULL,
      snapshots_through INTEGER NOT NULL,
      erased_at TEXT NOT NULL,
      PRIMARY KEY (aggregate_type, aggregate_id)
    ) STRICT;
  `,
];

/** Brings the tables up to date; several processes may do so at once. Costs a read when they are. */
export function migrate(database: SqliteDatabase): void {
  if (versionOf(database) >= migrations.length) return;
  database.transaction("BEGIN IMMEDIATE", () => {
    database.run(createMigrationsTable);
    // Read again: another process may have been here before the lock was.
    const done = versionOf(database);
    for (const [index, script] of migrations.entries()) {
      if (index < done) continue;
      database.execute(script);
      database.run(insertMigration, index + 1);
    }
  });
}

/** What `migrate` runs on a new database, for people who want to read it, or to run it by themselves. */
export function sqliteMigrationSql(): string {
  const steps = migrations.map((script, index) => {
    return `${script}\n  INSERT INTO eventfold_migrations (version) VALUES (${index + 1});\n`;
  });
  return `BEGIN;\n${createMigrationsTable.trimEnd()};\n${steps.join("")}\nCOMMIT;\n`;
}

/** Which tables are there, for those who must not make any. */
export function tablesIn(handle: SqliteHandle): "none" | "outdated" | "current" {
  if (handle.prepare(selectMigrationsTable).all().length === 0) return "none";
  const [row] = handle.prepare(selectMigrationVersion).all();
  return Number(Object.values(row as object)[0]) < migrations.length ? "outdated" : "current";
}

function versionOf(database: SqliteDatabase): number {
  const exists = database.rows(selectMigrationsTable).length > 0;
  return exists ? Number(database.rows(selectMigrationVersion)[0]?.[0]) : 0;
}
