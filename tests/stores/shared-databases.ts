import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, beforeAll } from "vitest";
import { freshSchema } from "../setup/postgres.ts";

/** A database of each kind that several processes can work on, for the tests of the calling file; they are told `database`. */
export async function sharedDatabases() {
  const { url } = await freshSchema();
  const pool = new Pool({ connectionString: url });
  const postgres = await connectPostgres(pool);
  const folder = mkdtempSync(join(tmpdir(), "eventfold-shared-"));
  const file = join(folder, "shared.db");
  const sqlite = openSqlite(file);
  beforeAll(() => postgres.migrate());
  afterAll(async () => {
    await Promise.all([pool.end(), sqlite.close()]);
    rmSync(folder, { recursive: true, force: true });
  });
  return [
    { name: "PostgreSQL", database: url, ...postgres },
    { name: "SQLite", database: file, ...sqlite },
  ];
}
