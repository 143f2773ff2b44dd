import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { expect, it } from "vitest";
import { freshSchema } from "./setup/postgres.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/stores.md"), "utf8");
const { url } = await freshSchema();

it("runs the maintenance queries on SQLite", () => {
  const handle = new DatabaseSync(":memory:");
  openSqlite(handle);
  const [size] = statementsOf("sqlite").map((sql) => handle.prepare(sql).all());
  expect(size).toEqual([{ state_bytes: null, snapshot_count: 0 }]);
});

it("runs the maintenance queries on PostgreSQL", async () => {
  const pool = new Pool({ connectionString: url });
  try {
    await (await connectPostgres(pool)).migrate();
    const results: unknown[] = [];
    for (const sql of statementsOf("postgres")) results.push((await pool.query(sql)).rows);
    expect(results[0]).toEqual([{ total_size: expect.any(String), snapshot_count: "0" }]);
  } finally {
    await pool.end();
  }
});

function statementsOf(database: string): string[] {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`sql ${database}\n(.*?)^\`\`\``, "gms"))];
  const statements = blocks.flatMap(([, text = ""]) => text.split(";")).filter((text) => text.trim() !== "");
  expect(statements).toHaveLength(3);
  return statements;
}
