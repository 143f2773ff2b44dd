import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StreamErasedError, TablesMissingError } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newStream, readStreamToEnd, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import type { StorePair } from "../../src/testing/index.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const stream = { aggregateType: "Account", aggregateId: "old" };

beforeAll(() => pool.query(tablesOf("postgres")));
afterAll(() => pool.end());

describe("tables as the first migration left them", () => {
  it("are brought up to date in PostgreSQL, which the error of an erasure asks for", async () => {
    await pool.query(oneEvent("now()"));
    const storage = await connectPostgres(pool);
    const { aggregateId, aggregateType } = stream;
    const outcomes = await Promise.allSettled([
      storage.eventStore.eraseStream(stream),
      storage.snapshotStore.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 1 }),
      storage.eventStore.append(stream, someEvents(1), { expectedVersion: 1 }),
      storage.snapshotStore.saveSnapshot(someSnapshot(stream)),
    ]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(TablesMissingError) });
    await Promise.all([storage.migrate(), storage.migrate()]);
    await storage.migrate();
    const { rows } = await pool.query("SELECT number FROM eventfold_migrations ORDER BY number");
    expect(rows).toEqual([{ number: 1 }, { number: 2 }]);
    expect((await pool.query("SELECT FROM erasure_guard")).rowCount).toBe(1);
    await expectToWork(storage);
  });

  it("are brought up to date in SQLite when they are opened", async () => {
    const handle = new DatabaseSync(":memory:");
    handle.exec(tablesOf("sqlite"));
    handle.exec(oneEvent("'2026-01-31T12:00:00.000Z'"));
    const storage = openSqlite(handle);
    expect(handle.prepare("SELECT version FROM eventfold_migrations").all()).toEqual([{ version: 1 }, { version: 2 }]);
    await expectToWork(storage);
  });
});

async function expectToWork({ eventStore, snapshotStore }: StorePair): Promise<void> {
  expect(await readStreamToEnd(eventStore.read(stream))).toHaveLength(1);
  await eventStore.append(stream, someEvents(2), { expectedVersion: 1 });
  await snapshotStore.saveSnapshot(someSnapshot({ ...stream, version: 3 }));
  expect(await eventStore.eraseStream(stream)).toBe(3);
  await expect(eventStore.append(stream, someEvents(1), { expectedVersion: 0 })).rejects.toThrow(StreamErasedError);
  expect(await eventStore.append(newStream(), someEvents(1), { expectedVersion: 0 })).toEqual({ version: 1 });
}

/** What was released does not change any more, and neither does this. */
function tablesOf(database: string): string {
  return readFileSync(join(import.meta.dirname, `fixtures/${database}-migration-1.sql`), "utf8");
}

function oneEvent(occurredAt: string): string {
  return `
    INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
    VALUES ('Account', 'old', 1, 'e1', 'Opened', 1, '{}', '{}', ${occurredAt})
  `;
}
