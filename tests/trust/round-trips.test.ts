import { randomUUID } from "node:crypto";
import { AggregateCache, AggregateRepository } from "eventfold";
import { connectPostgres, type PostgresPool } from "eventfold/postgres";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { Facts } from "../aggregates/facts.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
let queries = 0;
const counting = {
  query: (...query: Parameters<PostgresPool["query"]>) => {
    queries += 1;
    return pool.query(...query);
  },
} as PostgresPool;
const { eventStore, snapshotStore: store, migrate } = await connectPostgres(counting);

beforeAll(() => migrate());
afterAll(() => pool.end());

it.each([
  ["atomic", 1],
  ["sync", 2],
] as const)("mode %s: a save of five events with their snapshot takes %s round trips", async (mode, roundTrips) => {
  const facts = new Facts();
  const accounts = new AggregateRepository(Account, {
    eventStore,
    snapshots: { store, mode, threshold: 5 },
    observer: facts.observer,
    logger: false,
  });
  const account = accounts.createNew(randomUUID());
  account.grow(5);
  queries = 0;
  await accounts.save(account);
  expect(queries).toBe(roundTrips);
  expect(facts.snapshotVersions).toEqual([5]);
  // One without a snapshot.
  queries = 0;
  account.grow(4);
  await accounts.save(account);
  expect(queries).toBe(1);
  expect(facts.snapshotVersions).toEqual([5]);
});

it("proving a snapshot takes no round trip beside the one of the load", async () => {
  const accounts = new AggregateRepository(Account, { eventStore, snapshots: { store, threshold: 5 } });
  const account = accounts.createNew(randomUUID());
  account.grow(5);
  await accounts.save(account);
  account.grow(3);
  await accounts.save(account);
  queries = 0;
  expect((await accounts.load(account.id)).state).toEqual(account.state);
  expect(queries).toBe(1);
});

it("loading three hundred aggregates takes two round trips, and one with a cache that holds them", async () => {
  const cache = new AggregateCache({ entriesMax: 1_000 });
  const accounts = new AggregateRepository(Account, { eventStore, snapshots: { store, threshold: 5 }, cache });
  const ids = Array.from({ length: 300 }, () => randomUUID());
  for (const [index, id] of ids.entries()) {
    const account = accounts.createNew(id);
    account.grow(1 + (index % 8));
    await accounts.save(account);
  }
  cache.clear();
  for (const roundTrips of [2, 1]) {
    queries = 0;
    const many = await accounts.loadMany(ids);
    expect(queries).toBe(roundTrips);
    expect([...many.values()].map(({ version }) => version)).toEqual(ids.map((_, index) => 1 + (index % 8)));
    if (roundTrips === 2) expect(cache.entryCount).toBe(300);
  }
});
