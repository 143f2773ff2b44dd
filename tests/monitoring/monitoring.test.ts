import { DatabaseSync } from "node:sqlite";
import BetterSqlite from "better-sqlite3";
import { newEvent } from "eventfold";
import { connectPostgres, type PostgresOptions } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newName } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";
import { type MonitoredStorage, monitoringContract, monitoringNamesContract, streamOf } from "./monitoring-contract.ts";

const { url } = await freshSchema();
const { url: uuidUrl } = await freshSchema();
const pool = new Pool({ connectionString: url });
const uuidPool = new Pool({ connectionString: uuidUrl });
const uuid: PostgresOptions = { aggregateIdType: "uuid" };

beforeAll(async () => {
  await (await connectPostgres(pool)).migrate();
  await (await connectPostgres(uuidPool, uuid)).migrate();
});
afterAll(() => Promise.all([pool.end(), uuidPool.end()]));

const nodeHandle = new DatabaseSync(":memory:", { readBigInts: true });
const betterHandle = new BetterSqlite(":memory:").defaultSafeIntegers();

const anyIds: Readonly<Record<string, () => MonitoredStorage | Promise<MonitoredStorage>>> = {
  "SQLite, in memory": () => openSqlite(":memory:"),
  "SQLite, by node:sqlite with bigints": () => openSqlite(nodeHandle),
  "SQLite, by better-sqlite3 with bigints": () => openSqlite(betterHandle),
  PostgreSQL: () => connectPostgres(pool),
  "PostgreSQL, without prepared statements": () => connectPostgres(pool, { prepare: false }),
};

for (const [name, open] of Object.entries(anyIds)) {
  describe(`monitoring ${name}`, () => {
    for (const { title, run } of [...monitoringContract, ...monitoringNamesContract]) it(title, () => run(open));
  });
}

describe("monitoring PostgreSQL with ids that are UUIDs", () => {
  for (const { title, run } of monitoringContract) {
    it(title, () => run(() => connectPostgres(uuidPool, uuid)));
  }

  it("meets the last UUID there is", async () => {
    const { eventStore, snapshots } = await connectPostgres(uuidPool, uuid);
    const stream = { aggregateType: newName("Type"), aggregateId: "ffffffff-ffff-ffff-ffff-ffffffffffff" };
    await eventStore.append(stream, [newEvent({ type: "Happened", data: {} })], { expectedVersion: 0 });
    expect((await snapshots.stale({ aggregateType: stream.aggregateType, eventsSince: 0 })).streams).toMatchObject([
      stream,
    ]);
  });
});

interface Alone extends MonitoredStorage {
  execute(sql: string): Promise<unknown>;
}

/** Each a database of its own, because every event counts. */
const alone: Readonly<Record<string, () => Promise<Alone>>> = {
  SQLite: async () => {
    const handle = new DatabaseSync(":memory:");
    return { ...openSqlite(handle), execute: async (sql) => handle.exec(sql) };
  },
  PostgreSQL: async () => {
    const storage = await connectPostgres(pool);
    await pool.query("TRUNCATE events, snapshots RESTART IDENTITY");
    return { ...storage, execute: (sql) => pool.query(sql) };
  },
};

describe.each(Object.entries(alone))("a type of several pages, in %s", (name, open) => {
  it("is looked at as a whole where that is little work, and else estimated", async () => {
    const { snapshots, execute } = await open();
    const [json, instant] = name === "SQLite" ? ["'{}'", "'2026-01-31T12:00:00.000Z'"] : ["'{}'::json", "now()"];
    await execute(`
      INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
      SELECT 'Many', 'id-' || n, version, n || '-' || version, 'Happened', 1, ${json}, ${json}, ${instant}
      FROM numbers CROSS JOIN (SELECT 1 AS version UNION ALL SELECT 2) AS versions
    `);
    const [all] = await snapshots.health({ streamsMax: 4_000 });
    expect(all).toMatchObject({ exact: true, examined: 2_500, streams: 2_500, events: 5_000 });
    const [some] = await snapshots.health({ streamsMax: 1_500 });
    expect(some).toMatchObject({ exact: false, streams: 2_500, events: 5_000 });
    const page = await snapshots.stale({ eventsSince: 0, limit: 1_000 });
    expect(page).toMatchObject({ examined: 1_000, next: { aggregateType: "Many" } });
    expect((await snapshots.stale({ eventsSince: 1_000 })).examined).toBe(2_500);
  });
});

describe.each(Object.entries(alone))("snapshots without events, in %s", (name, open) => {
  const insertSnapshots = (instant: string, aggregates: number) => `
    INSERT INTO snapshots (aggregate_type, aggregate_id, schema_version, fingerprint, version, state, created_at)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${aggregates})
    SELECT 'Many', 'id-' || (10000 + n), schema_version, '', 3, '{}', ${instant}
    FROM numbers CROSS JOIN (SELECT 1 AS schema_version UNION ALL SELECT 2) AS builds
  `;
  const instant = name === "SQLite" ? "'2026-01-31T12:00:00.000Z'" : "now()";

  it("are counted page by page, each row once, up to a bound", async () => {
    const storage = await open();
    await streamOf(storage, "Other", 1);
    // Pages of 1,000 rows end amid the two rows of an aggregate, but for the first.
    await storage.snapshotStore.saveSnapshot(someSnapshot({ aggregateType: "Many", aggregateId: "a" }));
    await storage.execute(insertSnapshots(instant, 1_750));
    const orphans = async (streamsMax: number) => (await storage.snapshots.health({ streamsMax })).at(-1)?.orphans;
    expect(await orphans(50_000)).toEqual({ snapshots: 3_501, complete: true });
    expect(await orphans(2_000)).toEqual({ snapshots: 2_001, complete: false });
    expect(await orphans(1)).toEqual({ snapshots: 1_001, complete: false });
  });

  it("are nothing to speak of in a database for snapshots alone", async () => {
    const storage = await open();
    await storage.execute(insertSnapshots(instant, 10));
    expect(await storage.snapshots.health()).toEqual([]);
    expect(await storage.snapshots.health({ aggregateType: "Many" })).toEqual([]);
  });
});

describe.each(Object.entries(alone))("a type with more streams than are looked at, in %s", (_name, open) => {
  it("is estimated from a sample, in which no length has an advantage", async () => {
    const storage = await open();
    const [large, other] = [newName("Large"), newName("Other")];
    for (let index = 0; index < 400; index += 1) {
      const stream = await streamOf(storage, large, index % 4 === 0 ? 40 : 4);
      if (index % 2 === 0) await storage.snapshotStore.saveSnapshot(someSnapshot(stream));
    }
    await streamOf(storage, other, 1_000);
    const [estimate] = await storage.snapshots.health({ aggregateType: large, streamsMax: 100 });
    expect(estimate).toMatchObject({
      exact: false,
      // Of the 5,000 events of the first draw: 5,200 of the 6,200 that there are.
      examined: expect.closeTo(4_194, -3),
      lengths: { p50: 4, p90: 40, p99: 40, max: 40 },
    });
    expect(estimate?.streams).toBeGreaterThan(360);
    expect(estimate?.streams).toBeLessThan(440);
    expect(estimate?.events).toBeGreaterThan(4_900);
    expect(estimate?.events).toBeLessThan(5_500);
    expect(estimate?.coverage).toBeGreaterThan(0.4);
    expect(estimate?.coverage).toBeLessThan(0.6);
    const ids = estimate?.longest.map(({ aggregateId }) => aggregateId) ?? [];
    expect(new Set(ids).size).toBe(10);
    const [exact] = await storage.snapshots.health({ aggregateType: large, streamsMax: 400 });
    expect(exact).toMatchObject({ exact: true, examined: 400, streams: 400, events: 5_200, coverage: 0.5 });
  });
});

describe("rows that no store has written", () => {
  it("are counted in SQLite", async () => {
    const handle = new DatabaseSync(":memory:");
    const storage = openSqlite(handle);
    const stream = await streamOf(storage, "Account", 3);
    await storage.snapshotStore.saveSnapshot(someSnapshot(stream));
    handle.exec("UPDATE snapshots SET version = 9223372036854775807, created_at = 'never'");
    await expectDamageSeen(storage);
  });

  it("are counted in PostgreSQL", async () => {
    const storage = await connectPostgres(pool);
    await pool.query("TRUNCATE events, snapshots");
    const stream = await streamOf(storage, "Account", 3);
    await storage.snapshotStore.saveSnapshot(someSnapshot(stream));
    await pool.query("UPDATE snapshots SET version = 9223372036854775807, created_at = 'infinity'");
    await expectDamageSeen(storage);
  });
});

async function expectDamageSeen({ snapshots }: MonitoredStorage): Promise<void> {
  const [health] = await snapshots.health();
  expect(health?.loads).toMatchObject({ usable: 0, "ahead-of-stream": 1 });
  expect(health?.keys).toMatchObject([{ snapshots: 1, ageMs: { max: 0 }, eventsSince: { max: 0 } }]);
  const { streams } = await snapshots.stale({ eventsSince: 0 });
  expect(streams).toMatchObject([{ verdict: "ahead-of-stream", ageMs: undefined, eventsSince: 3 }]);
  expect((await snapshots.statistics()).snapshots).toBe(1);
  expect((await snapshots.largest()).snapshots).toHaveLength(1);
}
