import { TablesMissingError } from "eventfold";
import { connectPostgres, migratePostgres, PostgresEventStore, postgresMigrationSql } from "eventfold/postgres";
import { Client, Pool } from "pg";
import { afterAll, expect, inject, it } from "vitest";
import { filledStream, newStream, numbers, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const pools: Pool[] = [];
afterAll(() => Promise.all(pools.map((pool) => pool.end())));

const [{ url: together }, { url: cautious }, { url: byHand }, { url: byCall }] = [
  await freshSchema(),
  await freshSchema(),
  await freshSchema(),
  await freshSchema(),
];
const [{ url: ofUuids }, { url: empty }, { url: failing }, { url: inTransaction }] = [
  await freshSchema(),
  await freshSchema(),
  await freshSchema(),
  await freshSchema(),
];

it.each([
  ["at once", together],
  ["at once where serializable is the default", withSetting(cautious, "default_transaction_isolation=serializable")],
])("makes the tables once when several processes migrate %s", async (_how, url) => {
  const storages = await Promise.all(numbers(1, 8).map(() => connectPostgres(url)));
  await Promise.all(storages.map((storage) => storage.migrate()));
  await Promise.all(storages.map((storage) => storage.migrate()));
  await Promise.all(storages.map((storage) => storage.close()));
  const { rows } = await poolOf(url).query("SELECT number FROM eventfold_migrations ORDER BY number");
  expect(rows).toEqual([{ number: 1 }, { number: 2 }]);
});

it("keeps what is stored when it is migrated again", async () => {
  const pool = poolOf(together);
  await migratePostgres(pool);
  const store = new PostgresEventStore(pool);
  const stream = await filledStream(store, 3);
  await migratePostgres(pool);
  expect(await store.versionOf(stream)).toBe(3);
});

it("prints SQL that makes the same tables, and may be run again", async () => {
  const [hand, call] = [poolOf(byHand), poolOf(byCall)];
  await hand.query(postgresMigrationSql());
  await hand.query(postgresMigrationSql());
  await migratePostgres(call);
  const tables = await tablesOf(hand);
  expect(tables.length).toBeGreaterThan(20);
  expect(tables).toEqual(await tablesOf(call));
  // And the one takes the other for its own.
  await migratePostgres(hand);
});

it("makes the tables as part of a transaction of the caller, gone when that is rolled back", async () => {
  const client = new Client({ connectionString: inTransaction });
  await client.connect();
  try {
    await client.query("BEGIN");
    await migratePostgres(client);
    expect(await new PostgresEventStore(client).versionOf(newStream())).toBe(0);
    await client.query("ROLLBACK");
    await expect(new PostgresEventStore(client).versionOf(newStream())).rejects.toThrow(TablesMissingError);
  } finally {
    await client.end();
  }
});

it("leaves nothing behind when it fails", async () => {
  const pool = poolOf(failing);
  await pool.query("CREATE TABLE snapshots (mine text)");
  await expect(migratePostgres(pool)).rejects.toMatchObject({ code: "42P07" });
  const { rows } = await pool.query(
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
  );
  expect(rows).toEqual([{ relname: "snapshots" }]);
});

it("refuses the other type of id than the tables have, and an unknown one", async () => {
  const pool = poolOf(ofUuids);
  await migratePostgres(pool, { aggregateIdType: "uuid" });
  await migratePostgres(pool, { aggregateIdType: "uuid" });
  await expect(migratePostgres(pool)).rejects.toMatchObject({ code: "CONFIGURATION", option: "aggregateIdType" });
  const unknown = { aggregateIdType: "bytea" as "text" };
  await expect(migratePostgres(pool, unknown)).rejects.toMatchObject({ option: "aggregateIdType" });
  expect(() => postgresMigrationSql(unknown)).toThrow(expect.objectContaining({ option: "aggregateIdType" }));
});

it("refuses a database whose encoding cannot hold every character", async (context) => {
  const server = new Client({ connectionString: inject("postgresUrl") });
  await server.connect();
  const database = `latin_${process.pid}`;
  try {
    const mayCreate = "SELECT FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)";
    if ((await server.query(mayCreate)).rowCount === 0) return context.skip("may not create databases");
    await server.query(`CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    const url = new URL(inject("postgresUrl"));
    url.pathname = `/${database}`;
    const storage = await connectPostgres(url.href);
    await expect(storage.migrate()).rejects.toMatchObject({ code: "CONFIGURATION", option: "database" });
    await storage.close();
  } finally {
    await server.query(`DROP DATABASE IF EXISTS ${database}`);
    await server.end();
  }
});

it("says how to make the tables when they are missing, or lack a column", async () => {
  const { eventStore, snapshotStore, close } = await connectPostgres(empty);
  const stream = newStream();
  const { aggregateId, aggregateType } = stream;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => eventStore.append(stream, someEvents(2), { expectedVersion: 0 }),
    () => eventStore.readPage(stream, { afterVersion: 0, limit: 1 }),
    () => eventStore.versionOf(stream),
    () => eventStore.streams(aggregateType),
    () => eventStore.readAll(),
    () => snapshotStore.saveSnapshot(someSnapshot()),
    () => snapshotStore.getSnapshot(aggregateId, aggregateType),
    () => snapshotStore.deleteSnapshot(aggregateId, aggregateType),
    () => snapshotStore.deleteSnapshotsByType(aggregateType),
  ];
  for (const call of calls) {
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TablesMissingError);
    expect(error).toMatchObject({ message: expect.stringContaining("migrate()"), cause: { code: "42P01" } });
  }
  const pool = poolOf(empty);
  await migratePostgres(pool);
  for (const call of calls) await call();
  await pool.query("ALTER TABLE snapshots DROP COLUMN checksum");
  await expect(snapshotStore.getSnapshot(aggregateId, aggregateType)).rejects.toThrow(TablesMissingError);
  await close();
});

function poolOf(connectionString: string): Pool {
  const pool = new Pool({ connectionString });
  pools.push(pool);
  return pool;
}

function withSetting(url: string, setting: string): string {
  const changed = new URL(url);
  changed.searchParams.set("options", `${changed.searchParams.get("options")} -c ${setting}`);
  return changed.href.replaceAll("+", "%20");
}

/** Columns, constraints and indexes, one text each. */
async function tablesOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ fact: string }>(`
    SELECT concat_ws(' ', table_name, column_name, data_type, collation_name, is_nullable, column_default, is_identity) AS fact
    FROM information_schema.columns WHERE table_schema = current_schema()
    UNION ALL
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
    UNION ALL
    SELECT replace(indexdef, schemaname || '.', '') FROM pg_indexes WHERE schemaname = current_schema()
    UNION ALL
    SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
    ORDER BY fact
  `);
  return rows.map(({ fact }) => fact);
}
