import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const postgres = await connectPostgres(pool);
const folder = mkdtempSync(join(tmpdir(), "eventfold-erasure-"));
const file = join(folder, "erasure.db");
const sqlite = openSqlite(file);

beforeAll(() => postgres.migrate());
afterAll(async () => {
  await Promise.all([pool.end(), sqlite.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const started = new Set<ChildProcess>();
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started.clear();
});

const databases = [
  { name: "PostgreSQL", database: url, ...postgres },
  { name: "SQLite", database: file, ...sqlite },
];

describe.each(databases)("processes that save while an aggregate is erased, in $name", ({ database, ...pair }) => {
  it.each([1, 2, 3])("leave nothing of it behind (%i)", async (round) => {
    const aggregateId = `erased-${round}`;
    const stream = { aggregateType: "Account", aggregateId };
    const workers = await Promise.all(["a", "b", "c"].map(() => start(database, aggregateId)));
    const ends = workers.map(({ child }) => once(child, "close"));
    for (const { child } of workers) child.stdin?.write("go\n");
    // All of them are under way.
    for (const { lines } of workers) for (let save = 1; save <= 5; save += 1) await lines.next();
    const erased = await pair.eventStore.eraseStream(stream);
    expect(erased).toBeGreaterThan(0);
    expect((await Promise.all(ends)).map(([code]) => code as unknown)).toEqual([0, 0, 0]);
    expect(await pair.eventStore.versionOf(stream)).toBe(0);
    expect(await pair.snapshotStore.snapshotExists(aggregateId, "Account")).toBe(false);
  });
});

async function start(database: string, aggregateId: string) {
  const script = fileURLToPath(new URL("./erasure-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, database, aggregateId], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.add(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return { child, lines };
}
