import { InvalidNameError, type StreamId } from "eventfold";
import { connectPostgres, migratePostgres, PostgresEventStore, PostgresSnapshotStore } from "eventfold/postgres";
import { Pool, types } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  filledStream,
  idsOf,
  newName,
  newStream,
  numbers,
  readStreamToEnd,
  someEvents,
} from "../../src/testing/contracts/contract.ts";
import { valueCases } from "../../src/testing/contracts/name-cases.ts";
import { trickyInstants } from "../../src/testing/contracts/samples.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const { url: uuidUrl } = await freshSchema();
const pool = new Pool({ connectionString: url });
const uuidPool = new Pool({ connectionString: uuidUrl });

beforeAll(async () => {
  await migratePostgres(pool);
  await migratePostgres(uuidPool, { aggregateIdType: "uuid" });
});
afterAll(() => Promise.all([pool.end(), uuidPool.end()]));

describe.each([
  ["Asia/Kolkata", "SQL, DMY"],
  ["America/St_Johns", "German"],
  ["Pacific/Kiritimati", "Postgres, MDY"],
  ["UTC", "ISO"],
])("in a session with time zone %s and date style %s", (timeZone, dateStyle) => {
  const session = new Pool({ connectionString: url, max: 1 });
  beforeAll(async () => {
    await session.query(`SET TimeZone = '${timeZone}'; SET DateStyle = '${dateStyle}'; SET extra_float_digits = 0`);
  });
  afterAll(() => session.end());

  for (const { title, run } of valueCases) it(title, () => run(() => new PostgresEventStore(session)));

  it("keeps what another session reads back", async () => {
    const store = new PostgresSnapshotStore(session);
    for (const createdAt of trickyInstants) {
      const snapshot = someSnapshot({ createdAt });
      await store.saveSnapshot(snapshot);
      for (const reader of [store, new PostgresSnapshotStore(pool)]) {
        expect(await reader.getSnapshot(snapshot.aggregateId, snapshot.aggregateType)).toEqual(snapshot);
      }
    }
  });
});

it("heeds no type parsers that the application has set for itself", async () => {
  const own = Object.values(types.builtins).filter((oid) => typeof oid === "number");
  const previous = own.map((oid) => types.getTypeParser(oid));
  for (const oid of own) types.setTypeParser(oid, () => "spoilt");
  try {
    const { eventStore, snapshotStore } = await connectPostgres(pool);
    const stream = await filledStream(eventStore, 3);
    expect(idsOf(await readStreamToEnd(eventStore.read(stream)))).toEqual(idsOf(stream.events));
    expect((await eventStore.readAll()).length).toBeGreaterThan(0);
    const snapshot = someSnapshot();
    await snapshotStore.saveSnapshot(snapshot);
    expect(await snapshotStore.getSnapshot(snapshot.aggregateId, snapshot.aggregateType)).toEqual(snapshot);
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: "spoilt" }]);
  } finally {
    for (const [index, oid] of own.entries()) types.setTypeParser(oid, previous[index]);
  }
});

it("counts versions and positions past 32 bits", async () => {
  const store = new PostgresEventStore(pool);
  const stream = await filledStream(store, 1);
  const far = 2 ** 53 - 1_000;
  await pool.query("UPDATE events SET version = $2 WHERE aggregate_id = $1", [stream.aggregateId, far]);
  await pool.query("SELECT setval('events_position_seq', $1)", [far]);
  const append = store.append(stream, someEvents(1), { expectedVersion: 2 ** 31 });
  await expect(append).rejects.toMatchObject({ actualVersion: far });
  expect(await store.append(stream, someEvents(2), { expectedVersion: far })).toEqual({ version: far + 2 });
  const { head, events } = await store.readPage(stream, { afterVersion: far - 1, limit: 100 });
  expect(head).toBe(far + 2);
  expect(events.map(({ version }) => version)).toEqual([far, far + 1, far + 2]);
  const all = await store.readAll({ afterPosition: far });
  expect(all.map(({ position }) => position)).toEqual([far + 1, far + 2]);
});

it("answers the documents' queries on the table of snapshots as they stand", async () => {
  const store = new PostgresSnapshotStore(pool);
  await store.saveSnapshot(someSnapshot({ aggregateType: "Order", aggregateId: "old", schemaVersion: 1 }));
  await store.saveSnapshot(someSnapshot({ aggregateType: "Order", aggregateId: "new", schemaVersion: 2 }));
  const size = await pool.query(`
    SELECT
        pg_size_pretty(pg_total_relation_size('snapshots')) as total_size,
        COUNT(*) as snapshot_count
    FROM snapshots;`);
  expect(Number(size.rows[0].snapshot_count)).toBeGreaterThanOrEqual(2);
  const largest = await pool.query(`
    SELECT
        aggregate_type,
        aggregate_id,
        version,
        pg_size_pretty(length(state::text)::bigint) as state_size,
        created_at
    FROM snapshots
    ORDER BY length(state::text) DESC
    LIMIT 10;`);
  expect(largest.rowCount).toBeGreaterThanOrEqual(2);
  await pool.query(`
    DELETE FROM snapshots
    WHERE aggregate_type = 'Order'
      AND schema_version < 2;`);
  expect(await store.snapshotExists("old", "Order")).toBe(false);
  expect(await store.snapshotExists("new", "Order")).toBe(true);
});

describe("with ids of type uuid", () => {
  const { eventStore, snapshotStore } = {
    eventStore: new PostgresEventStore(uuidPool, { aggregateIdType: "uuid" }),
    snapshotStore: new PostgresSnapshotStore(uuidPool, { aggregateIdType: "uuid" }),
  };
  const uuidStream = (): StreamId => ({ aggregateType: newName("Type"), aggregateId: crypto.randomUUID() });

  it("keeps events and snapshots, and reads them together", async () => {
    const stream = uuidStream();
    const events = someEvents(5);
    await eventStore.append(stream, events, { expectedVersion: 0 });
    await expect(eventStore.append(stream, someEvents(1), { expectedVersion: 4 })).rejects.toMatchObject({
      actualVersion: 5,
    });
    expect(idsOf(await readStreamToEnd(eventStore.read(stream)))).toEqual(idsOf(events));
    expect((await eventStore.readAll({ limit: 100_000 })).at(-1)).toMatchObject({ ...stream, version: 5 });
    const snapshot = someSnapshot({ ...stream, version: 3, lastEventId: events[2]!.id });
    expect(await snapshotStore.saveSnapshot(snapshot)).toBe("stored");
    const wanted = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
    const page = await snapshotStore.jointWith(eventStore)?.readForLoad(stream, wanted, 10);
    expect(page).toMatchObject({ head: 5, anchored: true, afterVersion: 3 });
    expect(await snapshotStore.getSnapshot(stream.aggregateId, stream.aggregateType)).toEqual(snapshot);
    const { aggregateType, aggregateId } = stream;
    const ids = [crypto.randomUUID(), aggregateId];
    expect(await snapshotStore.getManySnapshots(ids, aggregateType)).toEqual([undefined, snapshot]);
    const starts = ids.map((id) => ({ aggregateId: id, afterVersion: 3 }));
    const pages = await eventStore.readManyPages(aggregateType, starts, 10);
    expect(pages.map(({ head, events: tail }) => [head, idsOf(tail)])).toEqual([
      [0, []],
      [5, idsOf(events.slice(3))],
    ]);
    expect(await snapshotStore.deleteSnapshot(stream.aggregateId, stream.aggregateType)).toBe(true);
  });

  it("lists the aggregates of a type in order, the lowest UUID of all included", async () => {
    const aggregateType = newName("Type");
    const ids = ["00000000-0000-0000-0000-000000000000", ...numbers(1, 9).map(() => crypto.randomUUID())].toSorted();
    for (const aggregateId of ids) {
      await eventStore.append({ aggregateType, aggregateId }, someEvents(2), { expectedVersion: 0 });
    }
    expect(await eventStore.streams(aggregateType)).toEqual(ids);
    expect(await eventStore.streams(aggregateType, { afterId: ids[3]!, limit: 3 })).toEqual(ids.slice(4, 7));
  });

  it.each([
    "7",
    "0198C0DE-0000-7000-8000-000000000001",
    "{0198c0de-0000-7000-8000-000000000001}",
    "0198c0de00007000800000000000001",
    " 0198c0de-0000-7000-8000-000000000001",
    "0198c0de-0000-7000-8000-000000000001\n",
  ])("refuses the id %j, which the column would not keep exactly", async (aggregateId) => {
    const { aggregateType } = newStream();
    const stream = { aggregateType, aggregateId };
    const calls = [
      () => eventStore.append(stream, someEvents(1), { expectedVersion: 0 }),
      () => eventStore.readPage(stream, { afterVersion: 0, limit: 1 }),
      () => eventStore.readManyPages(aggregateType, [{ aggregateId, afterVersion: 0 }], 1),
      () => eventStore.versionOf(stream),
      () => eventStore.exists(stream),
      () => eventStore.streams(aggregateType, { afterId: aggregateId }),
      () => snapshotStore.saveSnapshot(someSnapshot(stream)),
      () => snapshotStore.getSnapshot(aggregateId, aggregateType),
      () => snapshotStore.getManySnapshots([aggregateId], aggregateType),
      () => snapshotStore.deleteSnapshot(aggregateId, aggregateType),
      () => snapshotStore.snapshotExists(aggregateId, aggregateType),
      () =>
        snapshotStore
          .jointWith(eventStore)
          ?.readForLoad(stream, { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 }, 1),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(InvalidNameError);
  });
});
