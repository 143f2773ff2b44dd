import { ConfigurationError, StoreBusyError, StreamErasedError, type StreamId } from "eventfold";
import { connectPostgres, migratePostgres, PostgresEventStore, type PostgresStorage } from "eventfold/postgres";
import { Pool, type PoolClient } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Appending } from "../../src/stores/postgres/appending.ts";
import { Database } from "../../src/stores/postgres/database.ts";
import { appendGroup } from "../../src/stores/postgres/group-statement.ts";
import { poolOf } from "../../src/stores/postgres/postgres-event-store.ts";
import { filledStream, newStream, numbers, someEvents, streamOnly } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const storage = await connectPostgres(pool);
const { eventStore, snapshotStore } = storage;

beforeAll(() => migratePostgres(pool));
afterAll(() => pool.end());

type Write = (storage: PostgresStorage, stream: StreamId) => Promise<unknown>;

const writes: Readonly<Record<string, Write>> = {
  "an append": ({ eventStore: events }, stream) => events.append(stream, someEvents(2), { expectedVersion: 3 }),
  'an append at "any" version': ({ eventStore: events }, stream) =>
    events.append(stream, someEvents(2), { expectedVersion: "any" }),
  "an append in a group": async ({ eventStore: events }, stream) => {
    const appending = new Appending(stream, someEvents(2), { expectedVersion: "any" });
    const group = [appending, new Appending(newStream(), someEvents(1), { expectedVersion: 0 })];
    const [answer] = await appendGroup(new Database(poolOf(events)!), group, 60_000);
    return appending.versionFrom(answer!);
  },
  "a snapshot": ({ snapshotStore: snapshots }, stream) => snapshots.saveSnapshot(snapshotAt(stream, 3)),
  "an append with its snapshot": ({ eventStore: events, snapshotStore: snapshots }, stream) =>
    snapshots.jointWith(events)!.append(stream, someEvents(2), { expectedVersion: 3, snapshot: snapshotAt(stream, 5) }),
};

describe.each(Object.entries(writes))("%s", (_name, write) => {
  it.each([true, false])("that waited for the erasure leaves nothing behind (prepared: %s)", async (prepare) => {
    const stream = await threeEvents();
    await withClients(2, async ([eraser, writer]) => {
      const writing = await connectPostgres(writer!, { prepare });
      // From the sixth time on, PostgreSQL uses one plan for all values.
      for (let time = 1; time <= 7; time += 1) await write(writing, await threeEvents());
      await eraser!.query("BEGIN");
      expect(await new PostgresEventStore(eraser!).eraseStream(stream)).toBe(3);
      const outcome = expect(write(writing, stream)).rejects.toThrow(StreamErasedError);
      await lockWaitOf(writer!);
      await eraser!.query("COMMIT");
      await outcome;
    });
    await expectNothingOf(stream);
  });

  it("goes on as if nothing had been when the erasure that it waited for is rolled back", async () => {
    const stream = await threeEvents();
    await withClients(2, async ([eraser, writer]) => {
      await eraser!.query("BEGIN");
      await new PostgresEventStore(eraser!).eraseStream(stream);
      const writing = write(await connectPostgres(writer!), stream);
      await lockWaitOf(writer!);
      await eraser!.query("ROLLBACK");
      await writing;
    });
    expect(await eventStore.versionOf(stream)).toBeGreaterThanOrEqual(3);
  });

  it("inside a transaction that commits while the erasure waits is erased too", async () => {
    const stream = await threeEvents();
    await withClients(2, async ([eraser, writer]) => {
      await writer!.query("BEGIN");
      await write(await connectPostgres(writer!), stream);
      const erasure = new PostgresEventStore(eraser!).eraseStream(stream);
      await lockWaitOf(eraser!);
      await writer!.query("COMMIT");
      expect(await erasure).toBeGreaterThanOrEqual(3);
    });
    await expectNothingOf(stream);
  });

  it.each(["REPEATABLE READ", "SERIALIZABLE"])(
    "inside a transaction that cannot see the erasure fails: %s",
    async (isolation) => {
      const stream = await threeEvents();
      await withClients(1, async ([writer]) => {
        await writer!.query(`BEGIN ISOLATION LEVEL ${isolation}`);
        await writer!.query("SELECT 1");
        await eventStore.eraseStream(stream);
        await expect(write(await connectPostgres(writer!), stream)).rejects.toMatchObject({ code: "40001" });
      });
      await expectNothingOf(stream);
    },
  );

  it("above READ COMMITTED works after an erasure that it can see, or that was rolled back", async () => {
    const stream = await threeEvents();
    await withClients(1, async ([client]) => {
      await client!.query("BEGIN");
      await new PostgresEventStore(client!).eraseStream(stream);
      await client!.query("ROLLBACK");
      await eventStore.eraseStream(newStream());
      await client!.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await write(await connectPostgres(client!), stream);
      await client!.query("COMMIT");
    });
  });
});

it("leaves nothing behind of an append that waited for another one, and lost", async () => {
  const stream = newStream();
  await withClients(3, async ([first, second, eraser]) => {
    await first!.query("BEGIN");
    await new PostgresEventStore(first!).append(stream, someEvents(4), { expectedVersion: 0 });
    const late = new PostgresEventStore(second!).append(stream, someEvents(1), { expectedVersion: "any" });
    await lockWaitOf(second!);
    const erasure = new PostgresEventStore(eraser!).eraseStream(stream);
    await lockWaitOf(eraser!);
    const outcome = expect(late).rejects.toThrow(StreamErasedError);
    await first!.query("COMMIT");
    await outcome;
    expect(await erasure).toBe(4);
  });
  await expectNothingOf(stream);
});

it("refuses a second append of a transaction that has erased the stream itself", async () => {
  const stream = newStream();
  await withClients(1, async ([client]) => {
    const store = new PostgresEventStore(client!);
    await client!.query("BEGIN");
    await store.append(stream, someEvents(2), { expectedVersion: 0 });
    expect(await store.eraseStream(stream)).toBe(2);
    await expect(store.append(stream, someEvents(1), { expectedVersion: 0 })).rejects.toThrow(StreamErasedError);
    await client!.query("COMMIT");
  });
  await expectNothingOf(stream);
});

it("gives up when a transaction that has written stays open, and changes nothing", async () => {
  const [stream, other] = [await threeEvents(), newStream()];
  await withClients(1, async ([writer]) => {
    await writer!.query("BEGIN");
    await new PostgresEventStore(writer!).append(other, someEvents(1), { expectedVersion: 0 });
    await expect(eventStore.eraseStream(stream)).rejects.toThrow(StoreBusyError);
    const { aggregateId, aggregateType } = stream;
    const erasure = snapshotStore.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 3 });
    await expect(erasure).rejects.toThrow(StoreBusyError);
    await writer!.query("COMMIT");
  });
  expect(await eventStore.append(stream, someEvents(1), { expectedVersion: 3 })).toEqual({ version: 4 });
  expect(await eventStore.eraseStream(stream)).toBe(4);
});

it("gives way when it and a writer wait for each other", async () => {
  const stream = await threeEvents();
  const { aggregateId, aggregateType } = stream;
  await snapshotStore.saveSnapshot(snapshotAt(stream, 3));
  await withClients(2, async ([writer, eraser]) => {
    const writing = await connectPostgres(writer!);
    await writer!.query("BEGIN");
    await writing.snapshotStore.deleteSnapshot(aggregateId, aggregateType);
    const erasure = expect(new PostgresEventStore(eraser!).eraseStream(stream)).rejects.toThrow(StoreBusyError);
    await lockWaitOf(eraser!);
    await writing.eventStore.append(stream, someEvents(1), { expectedVersion: 3 });
    await writer!.query("COMMIT");
    await erasure;
  });
  expect(await eventStore.versionOf(stream)).toBe(4);
});

it.each([
  ["a vacuum or the making of an index", "LOCK TABLE events, snapshots IN SHARE UPDATE EXCLUSIVE MODE"],
  ["a dump", "LOCK TABLE events, snapshots, erasures, erasure_guard IN ACCESS SHARE MODE"],
  ["readers", "SELECT count(*) FROM events, snapshots, erasures"],
])("waits for no lock of %s", async (_name, lock) => {
  const stream = await threeEvents();
  await withClients(1, async ([other]) => {
    await other!.query("BEGIN");
    await other!.query(lock);
    expect(await eventStore.eraseStream(stream)).toBe(3);
    await other!.query("COMMIT");
  });
});

it("lets readers go on while it is under way", async () => {
  const stream = await threeEvents();
  await withClients(1, async ([eraser]) => {
    await eraser!.query("BEGIN");
    await new PostgresEventStore(eraser!).eraseStream(stream);
    expect(await eventStore.versionOf(stream)).toBe(3);
    const wanted = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
    const page = await snapshotStore.jointWith(eventStore)!.readForLoad(stream, wanted, 10);
    expect(page.events).toHaveLength(3);
    await eraser!.query("ROLLBACK");
  });
});

it("takes part in a transaction of the caller", async () => {
  const stream = await threeEvents();
  await withClients(1, async ([client]) => {
    await client!.query("BEGIN");
    await client!.query("SET LOCAL lock_timeout = '7s'");
    await new PostgresEventStore(client!).eraseStream(stream);
    expect((await client!.query("SHOW lock_timeout")).rows).toEqual([{ lock_timeout: "7s" }]);
    await client!.query("ROLLBACK");
  });
  expect(await eventStore.append(stream, someEvents(1), { expectedVersion: 3 })).toEqual({ version: 4 });
});

describe("tables whose ids are UUIDs", async () => {
  const own = await freshSchema();

  it("are erased from, and written to with snapshots", async () => {
    const uuids = await connectPostgres(own.url, { aggregateIdType: "uuid" });
    await uuids.migrate();
    const stream = { aggregateType: "Account", aggregateId: crypto.randomUUID() };
    const both = { expectedVersion: 0, snapshot: snapshotAt(stream, 2) };
    const result = await uuids.snapshotStore.jointWith(uuids.eventStore)!.append(stream, someEvents(2), both);
    expect(result).toEqual({ version: 2, snapshot: "stored" });
    expect(await uuids.snapshotStore.saveSnapshot(snapshotAt(stream, 3))).toBe("stored");
    expect(await uuids.eventStore.eraseStream(stream)).toBe(2);
    await expect(uuids.snapshotStore.saveSnapshot(snapshotAt(stream, 3))).rejects.toThrow(StreamErasedError);
    await uuids.close();
  });
});

it("refuses to erase where it could not see everything that is committed", async () => {
  const stream = await threeEvents();
  await withClients(1, async ([client]) => {
    await client!.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const erasure = new PostgresEventStore(client!).eraseStream(stream);
    await expect(erasure).rejects.toThrow(ConfigurationError);
  });
  expect(await eventStore.versionOf(stream)).toBe(3);
});

async function threeEvents(): Promise<StreamId> {
  return streamOnly(await filledStream(eventStore, 3));
}

function snapshotAt(stream: StreamId, version: number) {
  return someSnapshot({ ...stream, version });
}

async function expectNothingOf(stream: StreamId): Promise<void> {
  for (const table of ["events", "snapshots"]) {
    const { rowCount } = await pool.query(`SELECT FROM ${table} WHERE aggregate_id = $1`, [stream.aggregateId]);
    expect(rowCount, table).toBe(0);
  }
  await expect(eventStore.append(stream, someEvents(1), { expectedVersion: 0 })).rejects.toThrow(StreamErasedError);
}

async function withClients(count: number, work: (clients: readonly PoolClient[]) => Promise<void>): Promise<void> {
  const clients = await Promise.all(numbers(1, count).map(() => pool.connect()));
  try {
    await work(clients);
  } finally {
    for (const client of clients) client.release(true);
  }
}

/** Resolves when the server has `client` waiting for a lock. */
async function lockWaitOf(client: PoolClient): Promise<void> {
  const { processID } = client as unknown as { processID: number };
  const waits = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'";
  while ((await pool.query(waits, [processID])).rowCount === 0);
}
