import { AggregateRepository, ClosedError, ConfigurationError, OptimisticConcurrencyError } from "eventfold";
import { answeredAfter, delayedUntil, failing } from "eventfold/testing";
import { expect, it } from "vitest";
import { Account } from "./account.ts";
import { fullReplay, saveEvents, setUp } from "./setup.ts";
import { Wallet } from "./wallet.ts";

const broken = new Error("disk full");

it("appends everything raised in one call, after the version that was loaded", async () => {
  const { accounts, faults, eventStore } = setUp();
  await saveEvents(accounts, "a", 3);
  await saveEvents(accounts, "a", 2);
  expect(faults.callsOf("append")).toBe(2);
  expect(await eventStore.versionOf({ aggregateType: "Account", aggregateId: "a" })).toBe(5);
});

it("does nothing without anything uncommitted", async () => {
  const { accounts, faults, facts } = setUp({ snapshots: { threshold: 1 } });
  const account = await saveEvents(accounts, "a", 1);
  const before = facts.all.length;
  await accounts.save(account);
  await accounts.save(accounts.createNew());
  expect(faults.callsOf("append")).toBe(1);
  expect(facts.all.length).toBe(before);
});

it("leaves uncommitted what is raised while the append is under way, and saves it next", async () => {
  const { accounts, faults, eventStore } = setUp();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  faults.next("append", answeredAfter(answered));
  const account = accounts.createNew("a");
  account.grow(2);
  const saving = accounts.save(account);
  account.deposit(1_000);
  answer();
  await saving;
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
  await accounts.save(account);
  expect((await fullReplay(eventStore, "a")).state).toEqual(account.state);
});

it("keeps out of the snapshot what is raised while the append is under way", async () => {
  const { accounts, faults, eventStore, snapshotStore } = setUp({ snapshots: { threshold: 2 } });
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  faults.next("append", answeredAfter(answered));
  const account = accounts.createNew("a");
  account.grow(2);
  const saving = accounts.save(account);
  account.deposit(1_000);
  answer();
  await saving;
  const replayed = await fullReplay(eventStore, "a");
  expect(await snapshotStore.getSnapshot("a", "Account")).toMatchObject({ version: 2, state: replayed.state });
});

it("trap: phantom state of a live aggregate is never stored by a background write, and it can be saved again", async () => {
  const { accounts, snapshotStore, eventStore } = setUp({ snapshots: { threshold: 2, mode: "background" } });
  const account = await saveEvents(accounts, "a", 2);
  const saved = account.state;
  account.deposit(1_000);
  await accounts.awaitPendingSnapshots();
  expect(await snapshotStore.getSnapshot("a", "Account")).toMatchObject({ version: 2, state: saved });
  await accounts.save(account);
  expect((await accounts.load("a")).state).toEqual((await fullReplay(eventStore, "a")).state);
});

it("makes a second save of one instance wait for the first, and save what was raised in between", async () => {
  const { accounts, faults, eventStore } = setUp();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next("append", delayedUntil(released));
  const account = accounts.createNew("a");
  account.grow(2);
  const first = accounts.save(account);
  account.grow(1);
  const [second, third] = [accounts.save(account), accounts.save(account)];
  expect(faults.callsOf("append")).toBe(1);
  release();
  await Promise.all([first, second, third]);
  expect(faults.callsOf("append")).toBe(2);
  expect((await fullReplay(eventStore, "a")).version).toBe(3);
});

it("carries a second save out although the first one failed", async () => {
  const { accounts, faults, eventStore } = setUp();
  faults.next("append", failing(broken));
  const account = accounts.createNew("a");
  account.grow(2);
  const [first, second] = [accounts.save(account), accounts.save(account)];
  await expect(first).rejects.toBe(broken);
  await second;
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("keeps everything uncommitted when the append fails, and passes the store's error on", async () => {
  const { accounts, faults, facts, eventStore } = setUp({ snapshots: { threshold: 1 } });
  faults.next("append", failing(broken));
  const account = accounts.createNew("a");
  account.grow(3);
  await expect(accounts.save(account)).rejects.toBe(broken);
  expect(facts.all).toEqual([]);
  await accounts.save(account);
  expect((await fullReplay(eventStore, "a")).version).toBe(3);
});

it("keeps everything on a conflict, and takes no snapshot", async () => {
  const { accounts, facts, eventStore } = setUp({ snapshots: { threshold: 3 } });
  await saveEvents(accounts, "a", 1);
  const [mine, theirs] = [await accounts.load("a"), await accounts.load("a")];
  theirs.grow(1);
  await accounts.save(theirs);
  mine.grow(2);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const conflict = await accounts.save(mine).catch((error: unknown) => error);
    expect(conflict).toBeInstanceOf(OptimisticConcurrencyError);
    expect(conflict).toMatchObject({ expectedVersion: 1, actualVersion: 2, stream: { aggregateId: "a" } });
  }
  expect(mine.version).toBe(3);
  expect(facts.snapshotVersions).toEqual([]);
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("refuses two new aggregates of one id", async () => {
  const { accounts } = setUp();
  const [first, second] = [accounts.createNew("a"), accounts.createNew("a")];
  first.open();
  second.open();
  await accounts.save(first);
  await expect(accounts.save(second)).rejects.toThrow(OptimisticConcurrencyError);
});

it("refuses the instance of another class", async () => {
  const { accounts, eventStore } = setUp();
  const wallet = new AggregateRepository(Wallet, { eventStore }).createNew();
  await expect(accounts.save(wallet as unknown as Account)).rejects.toThrow(ConfigurationError);
});

it("saves an aggregate that another repository of its class has loaded", async () => {
  const { accounts, eventStore } = setUp();
  await saveEvents(accounts, "a", 1);
  const other = new AggregateRepository(Account, { eventStore });
  const account = await other.load("a");
  account.deposit(1);
  await accounts.save(account);
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("refuses every call after close, which waits for the saves in flight", async () => {
  const { accounts, faults, eventStore } = setUp({ snapshots: { threshold: 1, mode: "background" } });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next("append", delayedUntil(released));
  const account = accounts.createNew("a");
  account.open();
  const saving = accounts.save(account);
  const closing = accounts.close();
  await expect(accounts.save(account)).rejects.toThrow(ClosedError);
  await expect(accounts.load("a")).rejects.toThrow(ClosedError);
  await expect(accounts.update("a", () => undefined)).rejects.toThrow(ClosedError);
  await expect(accounts.createSnapshot(account)).rejects.toThrow(ClosedError);
  expect(() => accounts.createNew()).toThrow(ClosedError);
  expect(faults.callsOf("saveSnapshot")).toBe(0);
  release();
  await closing;
  await saving;
  expect(faults.callsOf("saveSnapshot")).toBe(1);
  expect(await eventStore.exists({ aggregateType: "Account", aggregateId: "a" })).toBe(true);
  await accounts.close();
});
