import { type EventStore, newEvent, type StreamId } from "eventfold";
import { connectPostgres, migratePostgres, PostgresEventStore } from "eventfold/postgres";
import { Pool, type PoolClient } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { idsOf, newStream, numbers, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const { url: otherUrl } = await freshSchema();
const pool = new Pool({ connectionString: url, max: 20 });
const store = new PostgresEventStore(pool);

beforeAll(() => migratePostgres(pool));
afterAll(() => pool.end());
beforeEach(async () => {
  await pool.query("TRUNCATE events RESTART IDENTITY");
});

/** Reads all events on and on, as a projection does. */
class Reader {
  readonly ids: string[] = [];
  readonly #limit: number;
  #afterPosition = 0;

  constructor(limit = 3) {
    this.#limit = limit;
  }

  /** Reads up to what there is now. */
  async catchUp(): Promise<readonly string[]> {
    for (;;) {
      const page = await store.readAll({ afterPosition: this.#afterPosition, limit: this.#limit });
      if (page.length === 0) return this.ids;
      for (const event of page) {
        expect(event.position).toBeGreaterThan(this.#afterPosition);
        this.#afterPosition = event.position;
        this.ids.push(event.id);
      }
    }
  }
}

// Where positions outgrow the 31 and 32 bits that a lock can name.
describe.each([0, 2 ** 31 - 3, 2 ** 32 - 3, 2 ** 33 - 3, 2 ** 53 - 40])("after position %i", (position) => {
  beforeEach(async () => {
    if (position > 0) await pool.query("SELECT setval('events_position_seq', $1)", [position]);
  });

  it("waits for a transaction that commits after later ones did", async () => {
    const reader = new Reader();
    const before = await appended(store);
    await open(async (slow) => {
      const late = await appended(new PostgresEventStore(slow));
      const after = [await appended(store), await appended(store), await appended(store, 5)].flat();
      expect(await reader.catchUp()).toEqual(before);
      await slow.query("COMMIT");
      expect(await reader.catchUp()).toEqual([...before, ...late, ...after]);
    });
  });

  it("waits for the slowest of several transactions, whatever their order", async () => {
    const reader = new Reader();
    await open(async (first) => {
      await open(async (second) => {
        const one = await appended(new PostgresEventStore(first));
        const two = await appended(new PostgresEventStore(second));
        const three = await appended(store);
        await second.query("COMMIT");
        expect(await reader.catchUp()).toEqual([]);
        await first.query("COMMIT");
        expect(await reader.catchUp()).toEqual([...one, ...two, ...three]);
      });
    });
  });

  it("waits no longer once the transaction is rolled back", async () => {
    const reader = new Reader();
    await open(async (slow) => {
      await appended(new PostgresEventStore(slow));
      const after = await appended(store);
      expect(await reader.catchUp()).toEqual([]);
      await slow.query("ROLLBACK");
      expect(await reader.catchUp()).toEqual(after);
    });
  });
});

it("waits for the rest of a transaction that goes on appending", async () => {
  const reader = new Reader();
  await open(async (slow) => {
    const first = await appended(new PostgresEventStore(slow));
    const between = await appended(store);
    const second = await appended(new PostgresEventStore(slow));
    const after = await appended(store);
    expect(await reader.catchUp()).toEqual([]);
    await slow.query("COMMIT");
    expect(await reader.catchUp()).toEqual([...first, ...between, ...second, ...after]);
  });
});

it("waits for an append that follows one which was rolled back to a savepoint", async () => {
  const reader = new Reader();
  await open(async (slow) => {
    await slow.query("SAVEPOINT one");
    await appended(new PostgresEventStore(slow));
    await slow.query("ROLLBACK TO one");
    const between = await appended(store);
    expect(await reader.catchUp()).toEqual(between);
    const late = await appended(new PostgresEventStore(slow));
    const after = await appended(store);
    expect(await reader.catchUp()).toEqual(between);
    await slow.query("COMMIT");
    expect(await reader.catchUp()).toEqual([...between, ...late, ...after]);
  });
});

it("does not wait for a transaction whose append met a conflict", async () => {
  const stream = newStream();
  await store.append(stream, someEvents(1), { expectedVersion: 0 });
  await open(async (slow) => {
    const append = new PostgresEventStore(slow).append(stream, someEvents(1), { expectedVersion: 7 });
    await expect(append).rejects.toMatchObject({ actualVersion: 1 });
    await appended(store);
    expect(await new Reader().catchUp()).toHaveLength(3);
  });
});

it("does not wait for a transaction in another schema", async () => {
  const other = new Pool({ connectionString: otherUrl });
  await migratePostgres(other);
  const client = await other.connect();
  try {
    await client.query("BEGIN");
    await appended(new PostgresEventStore(client));
    const ids = await appended(store);
    expect(await new Reader().catchUp()).toEqual(ids);
  } finally {
    client.release(true);
    await other.end();
  }
});

it("is not held back by a transaction that began to append after the read did", async () => {
  await open(async (client) => {
    // As a reader meets it that has read the last position already.
    await client.query("SELECT pg_advisory_xact_lock_shared('events'::regclass::oid::int4, 100)");
    const ids = await appended(store);
    expect(await new Reader().catchUp()).toEqual(ids);
  });
});

it("takes two locks at most for a transaction, however much it appends", async () => {
  await open(async (client) => {
    const inside = new PostgresEventStore(client);
    for (let save = 0; save < 50; save += 1) await appended(inside);
    const locks = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    expect((await client.query(locks)).rowCount).toBeLessThanOrEqual(2);
  });
});

it("takes the lock before any position, below all of them, in each way to append", async () => {
  await pool.query(`
    CREATE TABLE probes (type text, below bigint[], position bigint);
    CREATE FUNCTION probe() RETURNS trigger LANGUAGE plpgsql AS $probe$
    BEGIN
      INSERT INTO probes
      SELECT NEW.aggregate_type, array_agg(objid::bigint), NEW.position
      FROM pg_locks
      WHERE locktype = 'advisory' AND pid = pg_backend_pid();
      RETURN NEW;
    END
    $probe$;
    CREATE TRIGGER probe BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION probe();
  `);
  try {
    const { eventStore, snapshotStore } = await connectPostgres(pool);
    const joint = snapshotStore.jointWith(eventStore)!;
    const stream = (aggregateType: string): StreamId => ({ ...newStream(), aggregateType });
    for (const count of [1, 3]) {
      await store.append(stream("single"), someEvents(count), { expectedVersion: 0 });
      const both = stream("joint");
      const snapshot = someSnapshot({ ...both, version: count });
      await joint.append(both, someEvents(count), { expectedVersion: 0, snapshot });
    }
    const grouping = new PostgresEventStore(pool, { groupCommit: true });
    await Promise.all(
      numbers(1, 9).map((count) => grouping.append(stream("group"), someEvents(count), { expectedVersion: 0 })),
    );
    const { rows } = await pool.query<{ type: string; below: string[]; position: string }>("SELECT * FROM probes");
    expect(rows.map(({ type }) => type)).toEqual([
      "single",
      "joint",
      ...Array.from({ length: 3 }, () => "single"),
      ...Array.from({ length: 3 }, () => "joint"),
      ...Array.from({ length: 45 }, () => "group"),
    ]);
    for (const { below, position } of rows) {
      expect(below).toHaveLength(1);
      expect(Number(below[0])).toBeLessThan(Number(position));
    }
  } finally {
    await pool.query("DROP TRIGGER probe ON events; DROP FUNCTION probe; DROP TABLE probes");
  }
});

it("takes the lock below a position also when the sequence was set anew", async () => {
  const last = (await pool.query("SELECT last_value::int8 AS position FROM events_position_seq")).rows[0].position;
  const next = Number(last) + 1_000;
  await pool.query(`ALTER SEQUENCE events_position_seq RESTART WITH ${next}`);
  await open(async (client) => {
    const inside = new PostgresEventStore(client);
    await inside.append(newStream(), someEvents(1), { expectedVersion: 0 });
    const locks = "SELECT objid::int8 AS below FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    expect((await client.query(locks)).rows.map(({ below }) => Number(below))).toEqual([next - 1]);
    const newest = "SELECT max(position) AS position FROM events";
    expect(Number((await client.query(newest)).rows[0].position)).toBeGreaterThanOrEqual(next);
  });
});

it.each(["REPEATABLE READ", "SERIALIZABLE"])("refuses to read at %s, where late commits stay hidden", async (level) => {
  await open(async (client) => {
    await client.query(`SET TRANSACTION ISOLATION LEVEL ${level}`);
    const read = new PostgresEventStore(client).readAll();
    await expect(read).rejects.toMatchObject({ code: "CONFIGURATION", option: "pool" });
  });
});

it("gives every event once to readers among writers that commit late, roll back, and share streams", async () => {
  const WRITERS = 12;
  const ROUNDS = 25;
  const shared = newStream();
  const committed: string[] = [];
  const polls = new Polls();
  const write = async (writer: number): Promise<void> => {
    const own = newStream();
    for (let round = 0; round < ROUNDS; round += 1) {
      if (Math.random() < 0.3) {
        committed.push(...(await appendedTo(store, shared)));
        continue;
      }
      await open(async (client) => {
        const inside = new PostgresEventStore(client);
        const ids = await appendedTo(inside, own);
        if (Math.random() < 0.5) await polls.more(Math.floor(Math.random() * 4));
        if (Math.random() < 0.5) ids.push(...(await appendedTo(inside, { ...own, aggregateId: `${writer}` })));
        if (Math.random() < 0.5) await polls.more(1);
        if (Math.random() < 0.2) return client.query("ROLLBACK");
        await client.query("COMMIT");
        return committed.push(...ids);
      });
    }
  };
  const progress = { writing: true };
  const writing = Promise.all(numbers(1, WRITERS).map(write)).finally(() => {
    progress.writing = false;
  });
  const readers = [new Reader(1), new Reader(7), new Reader(1_000)];
  try {
    while (progress.writing) {
      await Promise.all(readers.map((reader) => reader.catchUp()));
      polls.count();
    }
  } finally {
    polls.release();
    await writing;
  }
  for (const reader of readers) {
    expect((await reader.catchUp()).toSorted()).toEqual(committed.toSorted());
  }
});

/** Lets writers hold their transactions open until readers have looked again. */
class Polls {
  #polls = 0;
  #released = false;
  readonly #waiting = new Set<() => void>();

  count(): void {
    this.#polls += 1;
    for (const wake of this.#waiting) wake();
  }

  release(): void {
    this.#released = true;
    this.count();
  }

  async more(count: number): Promise<void> {
    const goal = this.#polls + count;
    while (this.#polls < goal && !this.#released) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }
}

/** Runs `work` in a transaction that ends with it, if it has not ended before. */
async function open(work: (client: PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await work(client);
  } finally {
    client.release(true);
  }
}

async function appended(to: EventStore, count = 2): Promise<string[]> {
  const events = someEvents(count);
  await to.append(newStream(), events, { expectedVersion: 0 });
  return idsOf(events);
}

async function appendedTo(to: EventStore, stream: StreamId): Promise<string[]> {
  const events = numbers(1, 1 + Math.floor(Math.random() * 4)).map((data) => newEvent({ type: "Written", data }));
  await to.append(stream, events, { expectedVersion: "any" });
  return idsOf(events);
}
