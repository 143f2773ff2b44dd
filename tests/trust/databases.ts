import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { EventStore, SnapshotStore } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, describe } from "vitest";
import { freshSchema } from "../setup/postgres.ts";

export type DatabaseKind = "SQLite" | "PostgreSQL";

/** Both stores in one database, and the way to it past them. */
export interface Database {
  readonly kind: DatabaseKind;
  /** A file, or the URL of a server. */
  readonly address: string;
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  /** Statements in the SQL that both databases share. */
  execute(sql: string): Promise<void>;
}

/** Defines tests for each database. Tests share it, so each takes ids of its own. */
export function eachDatabase(define: (open: () => Promise<Database>, kind: DatabaseKind) => void): void {
  describe("in SQLite", () => define(once(openSqliteFile), "SQLite"));
  describe("in PostgreSQL", () => define(once(openPostgresSchema), "PostgreSQL"));
}

async function openSqliteFile(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-"));
  const address = join(folder, `${randomUUID()}.db`);
  const { eventStore, snapshotStore, close } = openSqlite(address);
  afterAll(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const execute = async (sql: string): Promise<void> => {
    const connection = new DatabaseSync(address);
    connection.exec(`PRAGMA busy_timeout = 5000; ${sql}`);
    connection.close();
  };
  return { kind: "SQLite", address, eventStore, snapshotStore, execute };
}

async function openPostgresSchema(): Promise<Database> {
  const { url: address } = await freshSchema();
  const pool = new Pool({ connectionString: address });
  const { eventStore, snapshotStore, migrate } = await connectPostgres(pool);
  await migrate();
  afterAll(() => pool.end());
  const execute = async (sql: string): Promise<void> => void (await pool.query(sql));
  return { kind: "PostgreSQL", address, eventStore, snapshotStore, execute };
}

function once(open: () => Promise<Database>): () => Promise<Database> {
  let opened: Promise<Database> | undefined;
  return () => (opened ??= open());
}
