import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { AggregateRepository, ClosedError } from "eventfold";
import { SqliteEventStore, SqliteSnapshotStore } from "eventfold/sqlite";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { Facts } from "../aggregates/facts.ts";

/** Reads at once, without the faulty stores of other tests in between. */
async function setUp() {
  const handle = new DatabaseSync(":memory:");
  const eventStore = new SqliteEventStore(handle);
  const store = new SqliteSnapshotStore(handle);
  const facts = new Facts();
  const options = { eventStore, snapshots: { store, threshold: 5 }, observer: facts.observer, logger: false } as const;
  const accounts = new AggregateRepository(Account, options);
  const account = accounts.createNew(randomUUID());
  account.grow(7);
  await accounts.save(account);
  return { handle, store, accounts, account, facts };
}

it("loads from the events while the snapshots' table is in trouble, and from the snapshot afterwards", async () => {
  const { handle, accounts, account, facts } = await setUp();
  handle.exec("ALTER TABLE snapshots RENAME TO gone");
  expect((await accounts.load(account.id)).state).toEqual(account.state);
  expect(facts.of("missed")).toMatchObject([{ reason: "store-error", error: { message: /no such table: snapshots/ } }]);
  handle.exec("ALTER TABLE gone RENAME TO snapshots");
  expect((await accounts.load(account.id)).state).toEqual(account.state);
  expect(facts.missReasons).toEqual(["store-error"]);
});

it("fails a load only with what the events fail with", async () => {
  const { handle, accounts, account } = await setUp();
  handle.exec("ALTER TABLE events RENAME TO gone");
  await expect(accounts.load(account.id)).rejects.toThrow("no such table: events");
  handle.close();
  await expect(accounts.load(account.id)).rejects.toThrow(ClosedError);
});

it("loads from the events after the snapshot store was closed", async () => {
  const { store, accounts, account, facts } = await setUp();
  await store.close();
  expect((await accounts.load(account.id)).state).toEqual(account.state);
  expect(facts.of("missed")).toMatchObject([{ reason: "store-error", error: expect.any(ClosedError) }]);
});
