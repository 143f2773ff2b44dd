import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readStreamToEnd } from "../../src/testing/contracts/contract.ts";
import { freshSchema } from "../setup/postgres.ts";
import { AGGREGATE_TYPE, BATCH, type Promised } from "./group-commit-process.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const postgres = await connectPostgres(pool);
const folder = mkdtempSync(join(tmpdir(), "eventfold-groups-"));
const file = join(folder, "groups.db");
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
  { name: "PostgreSQL", database: url, eventStore: postgres.eventStore },
  { name: "SQLite", database: file, eventStore: sqlite.eventStore },
];

describe.each(databases)("a process that is killed while it saves in groups, in $name", ({ database, eventStore }) => {
  it.each(["a", "b", "c"])("leaves whole saves, and every one that was promised (%s)", async (name) => {
    const script = join(import.meta.dirname, "group-commit-process.ts");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, database, name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.add(child);
    const promised = new Map<string, number>();
    let lines = 0;
    for await (const line of createInterface(child.stdout)) {
      // The last one may have been cut off.
      if (!line.endsWith("}")) break;
      const { aggregateId, version } = JSON.parse(line) as Promised;
      promised.set(aggregateId, Math.max(version, promised.get(aggregateId) ?? 0));
      lines += 1;
      if (lines === 200) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    expect(promised.size).toBeGreaterThan(1);
    for (const [aggregateId, version] of promised) {
      const events = await readStreamToEnd(eventStore.read({ aggregateType: AGGREGATE_TYPE, aggregateId }));
      expect(events.length).toBeGreaterThanOrEqual(version);
      expect(events.length % BATCH).toBe(0);
      const saved = events.map((event) => event.data as { caller: number; save: number; index: number });
      for (const [place, { caller, save, index }] of saved.entries()) {
        const first = saved[place - (place % BATCH)]!;
        expect([caller, save, index]).toEqual([first.caller, first.save, place % BATCH]);
      }
    }
  });
});
