import {
  CommitUnknownError,
  DuplicateEventError,
  newEvent,
  OptimisticConcurrencyError,
  StreamErasedError,
  type StreamId,
} from "eventfold";
import { connectPostgres, migratePostgres, PostgresEventStore, type PostgresPool } from "eventfold/postgres";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  filledStream,
  idsOf,
  newStream,
  numbers,
  readStreamToEnd,
  someEvents,
} from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const store = new PostgresEventStore(pool);

beforeAll(() => migratePostgres(pool));
afterAll(() => pool.end());

describe("round trips", () => {
  it.each([1, 100, 1_000])("appends %i events by one query", async (count) => {
    const counting = countingPool();
    await new PostgresEventStore(counting).append(newStream(), someEvents(count), { expectedVersion: 0 });
    expect(counting.queries).toBe(1);
  });

  it.each([
    [1, 2],
    [5, 1],
  ])(
    "learns of a conflict of %i events by %i queries, with the version that the stream has",
    async (count, queries) => {
      const stream = await filledStream(store, 2);
      const counting = countingPool();
      const append = new PostgresEventStore(counting).append(stream, someEvents(count), { expectedVersion: 1 });
      await expect(append).rejects.toMatchObject({ code: "OPTIMISTIC_CONCURRENCY", actualVersion: 2 });
      expect(counting.queries).toBe(queries);
    },
  );

  it("is answered by an error of the connection when that breaks while it asks why: nothing was stored", async () => {
    const stream = await filledStream(store, 2);
    let queries = 0;
    const breaking: PostgresPool = {
      query: async (query) => {
        queries += 1;
        if (queries === 2) throw new Error("Connection terminated unexpectedly");
        return pool.query(query);
      },
    };
    const append = new PostgresEventStore(breaking).append(stream, someEvents(1), { expectedVersion: 1 });
    await expect(append).rejects.toThrow("Connection terminated unexpectedly");
    expect(await store.versionOf(stream)).toBe(2);
  });

  it.each([1, 100])("appends %i events with their snapshot by one query", async (count) => {
    const counting = countingPool();
    const { eventStore, snapshotStore } = await connectPostgres(counting);
    const stream = newStream();
    const snapshot = someSnapshot({ ...stream, version: count });
    const joint = snapshotStore.jointWith(eventStore)!;
    const result = await joint.append(stream, someEvents(count), { expectedVersion: 0, snapshot });
    expect(result).toEqual({ version: count, snapshot: "stored" });
    expect(counting.queries).toBe(1);
  });

  it("stores a snapshot by one query, and erases a stream or snapshots by one", async () => {
    const counting = countingPool();
    const { eventStore, snapshotStore } = await connectPostgres(counting);
    const stream = newStream();
    await snapshotStore.saveSnapshot(someSnapshot(stream));
    expect(counting.queries).toBe(1);
    await snapshotStore.eraseSnapshots(stream.aggregateId, stream.aggregateType, { throughVersion: 1 });
    expect(counting.queries).toBe(2);
    await eventStore.eraseStream(stream);
    expect(counting.queries).toBe(3);
  });

  it("reads snapshot and events for a load by one query, and by two when the snapshot is of another history", async () => {
    const stream = await filledStream(store, 150);
    const counting = countingPool();
    const { eventStore, snapshotStore } = await connectPostgres(counting);
    const wanted = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
    const read = async (limit: number, lastEventId?: string) => {
      const { aggregateType, aggregateId } = stream;
      const snapshot = someSnapshot({ aggregateType, aggregateId, version: 20, lastEventId });
      if (lastEventId !== undefined) await snapshotStore.saveSnapshot(snapshot);
      const before = counting.queries;
      const page = await snapshotStore.jointWith(eventStore)!.readForLoad(stream, wanted, limit);
      return [page.events[0]?.version, page.events.length, page.head, counting.queries - before];
    };
    expect(await read(150)).toEqual([1, 150, 150, 1]);
    expect(await read(149)).toEqual([1, 149, undefined, 1]);
    expect(await read(130, stream.events[19]!.id)).toEqual([21, 130, 150, 1]);
    expect(await read(129)).toEqual([21, 129, undefined, 1]);
    expect(await read(10, stream.events[18]!.id)).toEqual([1, 10, 150, 2]);
  });

  it("reads a stream by one query for each page", async () => {
    const stream = await filledStream(store, 25);
    const counting = countingPool();
    const events = await readStreamToEnd(new PostgresEventStore(counting).read(stream, { pageSize: 10 }));
    expect(idsOf(events)).toEqual(idsOf(stream.events));
    expect(counting.queries).toBe(3);
  });
});

it("trap: a pool that tells no row count leaves it unknown whether an event was stored", async () => {
  const mute: PostgresPool = { query: async (query) => ({ ...(await pool.query(query)), rowCount: null }) };
  const stream = await filledStream(store, 2);
  const append = new PostgresEventStore(mute).append(stream, someEvents(1), { expectedVersion: 2 });
  await expect(append).rejects.toThrow(CommitUnknownError);
  expect(await store.versionOf(stream)).toBe(3);
});

it.each([
  [1, 2],
  [3, 2],
  [1, "any"],
] as const)(
  "trap: appends of %i events at %s are refused where the stream was erased, although its events are back",
  async (count, expectedVersion) => {
    const stream = await filledStream(store, 2);
    const { aggregateType, aggregateId } = stream;
    await pool.query(
      "INSERT INTO erasures (aggregate_type, aggregate_id, events_erased, snapshots_through, erased_at) VALUES ($1, $2, true, 0, now())",
      [aggregateType, aggregateId],
    );
    const append = store.append({ aggregateType, aggregateId }, someEvents(count), { expectedVersion });
    await expect(append).rejects.toThrow(StreamErasedError);
  },
);

it("refuses to expect an event whose id PostgreSQL cannot hold", async () => {
  const stream = await filledStream(store, 1);
  const append = store.append(stream, someEvents(1), { expectedVersion: 1, expectedEventId: "a\0" });
  await expect(append).rejects.toMatchObject({ code: "INVALID_APPEND" });
});

it("gives positions in the order of versions", async () => {
  const stream = await filledStream(store, 1_000);
  const { rows } = await pool.query<{ version: string }>(
    "SELECT version FROM events WHERE aggregate_id = $1 ORDER BY position",
    [stream.aggregateId],
  );
  expect(rows.map(({ version }) => Number(version))).toEqual(numbers(1, 1_000));
});

describe("inside a transaction of the caller", () => {
  it("appends when that commits", async () => {
    const stream = newStream();
    await transaction(async (client) => {
      await new PostgresEventStore(client).append(stream, someEvents(2), { expectedVersion: 0 });
      expect(await store.versionOf(stream)).toBe(0);
    });
    expect(await store.versionOf(stream)).toBe(2);
  });

  it("leaves the transaction usable after a conflict", async () => {
    const [stream, other] = [await filledStream(store, 3), newStream()];
    await transaction(async (client) => {
      const inside = new PostgresEventStore(client);
      await inside.append(other, someEvents(1), { expectedVersion: 0 });
      const conflict = inside.append(stream, someEvents(1), { expectedVersion: 2 });
      await expect(conflict).rejects.toMatchObject({ expectedVersion: 2, actualVersion: 3 });
      await inside.append(other, someEvents(1), { expectedVersion: 1 });
    });
    expect(await store.versionOf(stream)).toBe(3);
    expect(await store.versionOf(other)).toBe(2);
  });

  it("leaves the transaction usable when another append commits first, and names the version that it made", async () => {
    const stream = newStream();
    const [first, second] = [await pool.connect(), await pool.connect()];
    try {
      await first.query("BEGIN");
      await second.query("BEGIN");
      await new PostgresEventStore(first).append(stream, someEvents(4), { expectedVersion: 0 });
      const late = new PostgresEventStore(second).append(stream, someEvents(1), { expectedVersion: 0 });
      const outcome = expect(late).rejects.toMatchObject({ expectedVersion: 0, actualVersion: 4 });
      await lockWaitOf(second);
      await first.query("COMMIT");
      await outcome;
      await new PostgresEventStore(second).append(stream, someEvents(1), { expectedVersion: 4 });
      await second.query("COMMIT");
    } finally {
      first.release(true);
      second.release(true);
    }
    expect(await store.versionOf(stream)).toBe(5);
  });

  it("wins the version when the append that it waited for is rolled back", async () => {
    const stream = newStream();
    const first = await pool.connect();
    const second = new Client({ connectionString: url });
    await second.connect();
    try {
      await first.query("BEGIN");
      await new PostgresEventStore(first).append(stream, someEvents(4), { expectedVersion: 0 });
      const late = new PostgresEventStore(second).append(stream, someEvents(2), { expectedVersion: 0 });
      await lockWaitOf(second);
      await first.query("ROLLBACK");
      expect(await late).toEqual({ version: 2 });
    } finally {
      first.release(true);
      await second.end();
    }
  });

  it("passes PostgreSQL's own error on where the isolation level makes an error of a lost race", async () => {
    const stream = newStream();
    const client = await pool.connect();
    try {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await client.query("SELECT 1");
      await store.append(stream, someEvents(1), { expectedVersion: 0 });
      const append = new PostgresEventStore(client).append(stream, someEvents(1), { expectedVersion: 0 });
      await expect(append).rejects.toMatchObject({ code: "40001" });
    } finally {
      client.release(true);
    }
  });
});

describe.each(["read committed", "repeatable read", "serializable"])("racing savers at %s by default", (isolation) => {
  it("are told the truth, store every save in one piece and leave no gap", async () => {
    const SAVERS = 8;
    const SAVES = 200;
    const withIsolation = new URL(url);
    const settings = `${withIsolation.searchParams.get("options")} -c default_transaction_isolation=${isolation.replace(" ", "\\ ")}`;
    withIsolation.searchParams.set("options", settings);
    const racers = new Pool({ connectionString: withIsolation.href.replaceAll("+", "%20"), max: SAVERS });
    const racing = new PostgresEventStore(racers);
    const streams = numbers(1, 3).map(() => newStream());
    const won: { stream: StreamId; from: number; ids: string[] }[] = [];
    const lost: string[] = [];
    const save = async (saver: number): Promise<void> => {
      for (let turn = 0; turn < SAVES; turn += 1) {
        const stream = streams[(saver + turn) % streams.length]!;
        const events = someEvents(1 + ((saver * 7 + turn) % 5), { saver, turn });
        const expectedVersion = await racing.versionOf(stream);
        try {
          const { version } = await racing.append(stream, events, { expectedVersion });
          expect(version).toBe(expectedVersion + events.length);
          won.push({ stream, from: expectedVersion, ids: idsOf(events) });
        } catch (error) {
          if (!(error instanceof OptimisticConcurrencyError)) throw error;
          expect(error).toMatchObject({ stream, expectedVersion });
          expect(error.actualVersion).toBeGreaterThan(expectedVersion);
          lost.push(...idsOf(events));
        }
      }
    };
    try {
      await Promise.all(numbers(1, SAVERS).map(save));
    } finally {
      await racers.end();
    }
    expect(lost.length).toBeGreaterThan(0);
    for (const stream of streams) {
      // `read` refuses gaps.
      const stored = idsOf(await readStreamToEnd(store.read(stream)));
      const saves = won.filter((each) => each.stream === stream).toSorted((a, b) => a.from - b.from);
      expect(stored).toEqual(saves.flatMap(({ ids }) => ids));
    }
  });
});

it("names the duplicate id even when it looks like part of PostgreSQL's message", async () => {
  const stream = newStream();
  const ids = ["a)", "a", "(id)=(a", "'; --"].map((id) => `${id} ${crypto.randomUUID()})`);
  for (const [version, id] of ids.entries()) {
    await store.append(stream, [newEvent({ type: "Named", data: {}, id })], { expectedVersion: version });
  }
  for (const id of ids) {
    const append = store.append(stream, [...someEvents(2), newEvent({ type: "Named", data: {}, id })], {
      expectedVersion: ids.length,
    });
    await expect(append).rejects.toMatchObject({ name: DuplicateEventError.name, eventId: id });
  }
});

it("refuses to read a stream of which a version is missing in the table", async () => {
  const stream = await filledStream(store, 3);
  await pool.query("UPDATE events SET version = 5 WHERE aggregate_id = $1 AND version = 2", [stream.aggregateId]);
  await expect(readStreamToEnd(store.read(stream))).rejects.toMatchObject({ code: "CORRUPT_STREAM", version: 2 });
});

function countingPool(): PostgresPool & { queries: number } {
  return {
    queries: 0,
    query(config) {
      this.queries += 1;
      return pool.query(config);
    },
  };
}

async function transaction(work: (client: PostgresPool) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await work(client);
    await client.query("COMMIT");
  } finally {
    client.release(true);
  }
}

/** Resolves when the server has `client` waiting for a lock. */
async function lockWaitOf(client: object): Promise<void> {
  const { processID } = client as { processID: number };
  const waits = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'";
  while ((await pool.query(waits, [processID])).rowCount === 0);
}
