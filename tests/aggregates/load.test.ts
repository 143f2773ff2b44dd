import {
  AggregateNotFoundError,
  AggregateRepository,
  CorruptStreamError,
  InvalidNameError,
  type StreamPage,
} from "eventfold";
import { type Fault, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account } from "./account.ts";
import { saveEvents, setUp, storedEvents } from "./setup.ts";
import { Wallet } from "./wallet.ts";

describe("of what is not there", () => {
  it.each([{ snapshots: false as const }, { snapshots: {} }])(
    "throws AggregateNotFoundError with %o",
    async (options) => {
      const { accounts } = setUp(options);
      const error = await accounts.load("a").catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(AggregateNotFoundError);
      expect(error).toMatchObject({ stream: { aggregateType: "Account", aggregateId: "a" } });
    },
  );

  it("is undefined by find, version 0 by versionOf and false by exists", async () => {
    const { accounts } = setUp();
    expect(await accounts.find("a")).toBeUndefined();
    expect(await accounts.versionOf("a")).toBe(0);
    expect(await accounts.exists("a")).toBe(false);
  });

  it("is a new instance of that id by loadOrCreate", async () => {
    const { accounts } = setUp();
    const account = await accounts.loadOrCreate("a");
    expect([account.id, account.version]).toEqual(["a", 0]);
    account.open();
    await accounts.save(account);
    expect((await accounts.loadOrCreate("a")).version).toBe(1);
  });
});

it("gives the state, the version and an instance of the class", async () => {
  const { accounts } = setUp();
  const saved = await saveEvents(accounts, "a", 5);
  const loaded = await accounts.load("a");
  expect(loaded).toBeInstanceOf(Account);
  expect(loaded).not.toBe(saved);
  expect([loaded.id, loaded.version, loaded.state]).toEqual(["a", 5, saved.state]);
  expect(await accounts.find("a")).toBeInstanceOf(Account);
});

it("tells existence and version without reading a page of events", async () => {
  const { accounts, faults } = setUp();
  await saveEvents(accounts, "a", 5);
  const before = faults.callsOf("readPage");
  expect(await accounts.versionOf("a")).toBe(5);
  expect(await accounts.exists("a")).toBe(true);
  expect(faults.callsOf("readPage")).toBe(before);
});

it("gives new aggregates an id that is a UUIDv7, or the one that was passed", () => {
  const { accounts } = setUp();
  const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(accounts.createNew().id).toMatch(uuid7);
  expect(accounts.createNew().id).not.toBe(accounts.createNew().id);
  expect(accounts.createNew("0042:x").id).toBe("0042:x");
});

it("takes ids from the source that the repository was given", async () => {
  let made = 0;
  const newId = () => `id-${(made += 1)}`;
  const { accounts, eventStore } = setUp({ newId });
  const account = accounts.createNew();
  account.open();
  await accounts.save(account);
  const [event] = await storedEvents(eventStore, "id-1");
  expect(event?.id).toBe("id-2");
});

it.each(["", "x".repeat(256), "a\u0000b", "\ud800", 7 as unknown as string])("refuses the id %j", async (id) => {
  const { accounts, faults } = setUp({ snapshots: {} });
  expect(() => accounts.createNew(id)).toThrow(InvalidNameError);
  for (const method of ["load", "find", "loadOrCreate", "exists", "versionOf"] as const) {
    await expect(accounts[method](id)).rejects.toThrow(InvalidNameError);
  }
  expect(faults.callsOf("readPage") + faults.callsOf("getSnapshot")).toBe(0);
});

it("keeps aggregates of different types apart, although their ids are the same", async () => {
  const { accounts, eventStore, snapshotStore } = setUp({ snapshots: { threshold: 1 } });
  const wallets = new AggregateRepository(Wallet, { eventStore, snapshots: { store: snapshotStore, threshold: 1 } });
  await saveEvents(accounts, "a", 3);
  const wallet = wallets.createNew("a");
  wallet.execute({ fill: 7 });
  await wallets.save(wallet);
  expect((await wallets.load("a")).state).toEqual({ coins: 7 });
  expect((await accounts.load("a")).version).toBe(3);
});

it("trap: a composite key does not mix aggregates whose type and id join to the same text", async () => {
  class Left extends Account {
    static override readonly aggregateType = "A";
  }
  class Right extends Account {
    static override readonly aggregateType = "A:b";
  }
  const { eventStore, repositoryOf } = setUp({ snapshots: { threshold: 1 } });
  await saveEvents(repositoryOf(Left), "b:c", 2);
  await saveEvents(repositoryOf(Right), "c", 1);
  expect((await repositoryOf(Left).load("b:c")).version).toBe(2);
  expect((await repositoryOf(Right).load("c")).version).toBe(1);
  expect(await eventStore.versionOf({ aggregateType: "A:b", aggregateId: "c" })).toBe(1);
});

it("passes on the error of an event store that fails", async () => {
  const { accounts, faults } = setUp();
  await saveEvents(accounts, "a", 1);
  const broken = new Error("connection reset");
  faults.next("readPage", failing(broken));
  await expect(accounts.load("a")).rejects.toBe(broken);
});

it.each([
  ["a gap", [1, 2, 4], 4],
  ["a gap at the start", [2, 3], 3],
  ["a repeat", [1, 2, 2, 3], 4],
  ["a swap", [2, 1], 2],
  ["a missing end", [1, 2, 3], 4],
])("throws CorruptStreamError for a stream with %s", async (_title, versions, head) => {
  const { accounts, faults } = setUp();
  await saveEvents(accounts, "a", 4);
  const damage: Fault = async (call) => {
    const { events } = (await call()) as StreamPage;
    return { head, events: versions.map((version) => events[version - 1]) } as never;
  };
  faults.next("readPage", damage);
  const error = await accounts.load("a").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(CorruptStreamError);
  expect(error).toMatchObject({ stream: { aggregateType: "Account", aggregateId: "a" } });
});
