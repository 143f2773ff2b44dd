import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { AggregateCache, AggregateRepository, ConfigurationError, type LoadOptions } from "eventfold";
import { PostgresEventStore } from "eventfold/postgres";
import { openSqlite, SqliteEventStore } from "eventfold/sqlite";
import { failing } from "eventfold/testing";
import { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { setUpOn } from "../trust/setup.ts";
import { Account, AccountOfSchema2 } from "./account.ts";
import { saveEvents } from "./setup.ts";
import { eachStorage } from "./stores.ts";

const STALE: LoadOptions = { staleMs: 3_600_000 };

/** What this process saved through a cache is seen by whoever allows a state to be stale, whatever became of the entry. */
eachStorage((open, kind) => {
  async function cached(bounds: ConstructorParameters<typeof AggregateCache>[0] = { entriesMax: 100 }) {
    const set = await setUpOn(open);
    const cache = new AggregateCache(bounds);
    const accounts = set.repositoryOf(Account, {}, { cache });
    await saveEvents(set.repositoryOf(Account), set.id, 12);
    /** A load that has read what it needs, and ends when it is let. */
    const lateLoad = async () => {
      const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      // Nothing may be held yet, or it may be.
      for (const point of kind === "memory" ? (["readPage"] as const) : (["readForLoad", "readPage"] as const)) {
        set.faults.every(point, async (call) => {
          const result = await call();
          set.faults.clear();
          answer();
          await released;
          return result;
        });
      }
      const loading = accounts.load(set.id);
      await answered;
      return async () => {
        release();
        await loading;
      };
    };
    /** Not through a held state: a load of its own would wait for the late one. */
    const saveFive = async () => {
      const account = await set.repositoryOf(Account).load(set.id);
      account.deposit(5);
      await accounts.save(account);
    };
    return { ...set, cache, accounts, lateLoad, saveFive };
  }

  it("without asking, where the state that it left is held", async () => {
    const { accounts, id, faults } = await cached();
    const account = await accounts.load(id);
    account.deposit(5);
    await accounts.save(account);
    const reads = () => faults.callsOf("readPage") + faults.callsOf("readForLoad") + faults.callsOf("getSnapshot");
    const before = reads();
    expect((await accounts.load(id, STALE)).version).toBe(13);
    expect(reads()).toBe(before);
  });

  it("when it was evicted meanwhile", async () => {
    const { accounts, id, lateLoad, saveFive, repositoryOf } = await cached({ entriesMax: 1 });
    const other = randomUUID();
    await saveEvents(repositoryOf(Account), other, 1);
    const finish = await lateLoad();
    await saveFive();
    await accounts.load(other);
    await finish();
    expect((await accounts.load(id, STALE)).version).toBe(13);
  });

  it("when the cache was cleared, or something else was erased, meanwhile", async () => {
    const { accounts, id, cache, lateLoad, repositoryOf, faults } = await cached();
    const finish = await lateLoad();
    const account = await repositoryOf(Account).load(id);
    account.deposit(5);
    faults.next("append", async (call) => {
      cache.clear();
      return call();
    });
    await accounts.save(account);
    await finish();
    expect((await accounts.load(id, STALE)).version).toBe(13);
  });

  it("when it was too large to be held", async () => {
    const { accounts, repositoryOf } = await cached({ bytesMax: 2_000 });
    const account = accounts.createNew();
    account.open("x");
    await accounts.save(account);
    await accounts.load(account.id);
    account.open("x".repeat(2_000));
    await accounts.save(account);
    expect((await accounts.load(account.id, STALE)).state.ownerName.length).toBe(2_000);
    expect((await repositoryOf(Account).load(account.id)).version).toBe(2);
  });

  it("when another class of the same type holds a state of its own", async () => {
    const { accounts, id, cache, repositoryOf, saveFive } = await cached();
    const views = repositoryOf(AccountOfSchema2, {}, { cache });
    await views.load(id);
    await saveFive();
    expect((await views.load(id, STALE)).version).toBe(13);
    expect((await accounts.load(id, STALE)).version).toBe(13);
  });

  it("after a save that failed, nothing passes for fresh that was read before", async () => {
    const { accounts, id, faults, repositoryOf } = await cached();
    const account = await accounts.load(id);
    await saveEvents(repositoryOf(Account), id, 1);
    account.deposit(5);
    faults.next("append", failing(new Error("connection reset")));
    await expect(accounts.save(account)).rejects.toThrow("connection reset");
    expect((await accounts.load(id, STALE)).version).toBe(13);
  });

  // Whatever the store: so many saves to a disk would take long.
  if (kind === "memory")
    it("for more aggregates than are remembered one by one", async () => {
      const { accounts, id, lateLoad, saveFive } = await cached({ entriesMax: 5 });
      const finish = await lateLoad();
      await saveFive();
      for (let index = 0; index < 10_001; index += 1) {
        const account = accounts.createNew();
        account.open();
        await accounts.save(account);
      }
      await finish();
      expect((await accounts.load(id, STALE)).version).toBe(13);
    });

  it("and update never begins with a stale state: it refuses to", async () => {
    const { accounts, id, repositoryOf } = await cached();
    await accounts.load(id);
    await saveEvents(repositoryOf(Account), id, 1);
    const options: LoadOptions = { ...STALE, metadata: { actor: "me" } };
    const seen: number[] = [];
    const change = (account: Account) => seen.push(account.version);
    await expect(accounts.update(id, change, options)).rejects.toThrow(ConfigurationError);
    expect(seen).toEqual([]);
    await accounts.update(id, change);
    expect(seen).toEqual([13]);
  });
});

describe("a store on a connection of the caller's, who may roll back", () => {
  it("SQLite: what was rolled back is not seen, nor is anything taken for fresh", async () => {
    const handle = new DatabaseSync(":memory:");
    const eventStore = new SqliteEventStore(handle);
    const cache = new AggregateCache({ entriesMax: 5 });
    const accounts = new AggregateRepository(Account, { eventStore, cache, logger: false });
    const account = accounts.createNew();
    account.open("Ada", 1);
    await accounts.save(account);
    expect(cache.entryCount).toBe(0);
    handle.exec("BEGIN");
    await accounts.update(account.id, (found) => found.deposit(1_000));
    await accounts.load(account.id);
    handle.exec("ROLLBACK");
    for (const options of [STALE, {}]) expect((await accounts.load(account.id, options)).state.balance).toBe(1);
    expect(eventStore.joinsTransactions).toBe(true);
    expect(openSqlite(":memory:").eventStore.joinsTransactions).toBe(false);
  });

  it("PostgreSQL: a client is such a connection, a pool is not", async () => {
    const { url } = await freshSchema();
    const pool = new Pool({ connectionString: url });
    afterAll(() => pool.end());
    const client = await pool.connect();
    try {
      expect(new PostgresEventStore(client).joinsTransactions).toBe(true);
      expect(new PostgresEventStore(pool).joinsTransactions).toBe(false);
    } finally {
      client.release();
    }
  });
});
