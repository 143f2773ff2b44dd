import { AggregateRepository, newEvent } from "eventfold";
import { Faults, FaultyEventStore, FaultySnapshotStore, failing } from "eventfold/testing";
import { expect, it } from "vitest";
import { Account, type AccountEvent, type AccountState } from "./account.ts";
import { Facts } from "./facts.ts";
import { saveEvents } from "./setup.ts";
import { eachStorage } from "./stores.ts";

eachStorage((open, kind) => {
  async function setUpPages(pageSize: number, threshold?: number) {
    const { eventStore, snapshotStore } = await open();
    const faults = new Faults();
    const facts = new Facts();
    const faultyEvents = new FaultyEventStore(eventStore, faults);
    const store = new FaultySnapshotStore(snapshotStore, faults);
    const options = { eventStore: faultyEvents, pageSize, observer: facts.observer, logger: false } as const;
    const accounts = new AggregateRepository(Account, {
      ...options,
      snapshots: { store, ...(threshold !== undefined && { threshold }) },
    });
    const id = crypto.randomUUID();
    /** Reads that a load took: of the joint store, of snapshots and of events. */
    const readsOf = async () => {
      const count = () => (["readForLoad", "getSnapshot", "readPage"] as const).map((point) => faults.callsOf(point));
      const before = count();
      const account = await accounts.load(id);
      return { account, reads: count().map((calls, index) => calls - before[index]!) };
    };
    const stream = { aggregateType: "Account", aggregateId: id };
    return { accounts, id, faults, facts, eventStore, snapshotStore, readsOf, stream };
  }

  const joint = kind !== "memory";

  it("loads with a snapshot and a tail that fits the page by one read of both, or one of each", async () => {
    const { accounts, id, facts, readsOf } = await setUpPages(10, 10);
    await saveEvents(accounts, id, 10);
    await saveEvents(accounts, id, 9);
    const { account, reads } = await readsOf();
    expect(reads).toEqual(joint ? [1, 0, 0] : [0, 1, 1]);
    expect(account.version).toBe(19);
    expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 10, eventsReplayed: 9 });
  });

  it.each([
    [10, 0],
    [11, 1],
    [20, 1],
    [21, 2],
    [25, 2],
  ])("reads one more page for each that a tail of %s events needs: %s", async (tail, more) => {
    const { accounts, id, readsOf } = await setUpPages(10);
    await accounts.createSnapshot(await saveEvents(accounts, id, 5));
    await saveEvents(accounts, id, tail);
    const { account, reads } = await readsOf();
    expect(account.version).toBe(5 + tail);
    expect(reads).toEqual(joint ? [1, 0, more] : [0, 1, 1 + more]);
  });

  it("loads with a snapshot at the head without an event", async () => {
    const { accounts, id, facts, readsOf } = await setUpPages(1, 1);
    await saveEvents(accounts, id, 30);
    const { reads } = await readsOf();
    expect(reads).toEqual(joint ? [1, 0, 0] : [0, 1, 1]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 30, eventsReplayed: 0 });
  });

  it.each([1, 2, 7, 29, 30, 31])("trap: a full replay is not cut off by a page size of %s", async (pageSize) => {
    const { accounts, id, facts, readsOf } = await setUpPages(pageSize);
    const saved = await saveEvents(accounts, id, 30);
    const { account, reads } = await readsOf();
    const further = Math.ceil(30 / pageSize) - 1;
    expect([account.version, account.state]).toEqual([30, saved.state]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ eventsReplayed: 30 });
    expect(reads).toEqual(joint ? [1, 0, further] : [0, 1, 1 + further]);
  });

  it("is not made endless by events that are appended during the load", async () => {
    const { accounts, id, faults, eventStore, stream } = await setUpPages(2);
    await saveEvents(accounts, id, 6);
    let appended = 0;
    faults.every("readPage", async (call) => {
      const data = { amount: 1 };
      await eventStore.append(
        stream,
        [1, 2, 3].map(() => newEvent({ type: "MoneyDeposited", data })),
        { expectedVersion: "any" },
      );
      appended += 3;
      return call();
    });
    const account = await accounts.load(id);
    // The end is that of the first read that tells it: the one of both in SQLite, of events in memory, and of a second page.
    expect(account.version).toBe(kind === "SQLite" ? 6 : 9);
    expect(appended).toBeGreaterThan(0);
  });

  it("saves k events by one append, whatever k is", async () => {
    const { accounts, id, faults } = await setUpPages(10, 1_000);
    await saveEvents(accounts, id, 1);
    await saveEvents(accounts, id, 500);
    expect(faults.callsOf("append")).toBe(2);
    expect(faults.callsOf("saveSnapshot")).toBe(0);
  });

  it("repeats a read that fails once, on the events alone", async () => {
    const { accounts, id, faults, facts, readsOf } = await setUpPages(10, 5);
    const saved = await saveEvents(accounts, id, 7);
    const broken = new Error("connection reset");
    faults.next(joint ? "readForLoad" : "getSnapshot", failing(broken));
    const { account, reads } = await readsOf();
    expect(account.state).toEqual(saved.state);
    expect(reads).toEqual(joint ? [1, 0, 1] : [0, 1, 1]);
    expect(facts.of("missed").at(-1)).toMatchObject({ reason: "store-error", error: broken });
  });

  it("fails a load whose repeated read fails too", async () => {
    const { accounts, id, faults } = await setUpPages(10, 5);
    await saveEvents(accounts, id, 7);
    faults.next(joint ? "readForLoad" : "getSnapshot", failing(new Error("first")));
    faults.next("readPage", failing(new Error("second")));
    const before = faults.callsOf("readPage");
    await expect(accounts.load(id)).rejects.toThrow("second");
    expect(faults.callsOf("readPage") - before).toBe(1);
  });

  it("goes on by the events alone when the combined read hangs", async () => {
    const { accounts, id, faults, facts, eventStore, snapshotStore } = await setUpPages(10, 5);
    await saveEvents(accounts, id, 7);
    faults.every("readForLoad", () => new Promise(() => undefined));
    faults.every("getSnapshot", () => new Promise(() => undefined));
    const store = new FaultySnapshotStore(snapshotStore, faults);
    const impatient = new AggregateRepository(Account, {
      eventStore,
      snapshots: { store, timeoutMs: 1 },
      observer: facts.observer,
      logger: false,
    });
    expect((await impatient.load(id)).version).toBe(7);
    expect(facts.missReasons.at(-1)).toBe("timeout");
  });

  it("falls back to a full replay, page by page, when evolve throws on top of a snapshot", async () => {
    const { accounts, id, eventStore, snapshotStore, facts } = await setUpPages(3, 5);
    await saveEvents(accounts, id, 5);
    await saveEvents(accounts, id, 4);
    /** Throws at the second page of the tail unless it has seen the stream from its start: restored half is not enough. */
    class Suspicious extends Account {
      #first: number | undefined;

      protected override evolve(...[state, event]: [state: AccountState, event: AccountEvent]) {
        this.#first ??= event.version;
        if (this.#first > 1 && event.version === 9) throw new TypeError("state of another build");
        return super.evolve(state, event);
      }
    }
    const suspicious = new AggregateRepository(Suspicious, {
      eventStore,
      pageSize: 3,
      snapshots: { store: snapshotStore },
      observer: facts.observer,
      logger: false,
    });
    const loaded = await suspicious.load(id);
    const replayed = await new AggregateRepository(Account, { eventStore }).load(id);
    expect([loaded.version, loaded.state]).toEqual([9, replayed.state]);
    expect(facts.of("missed").at(-1)).toMatchObject({ reason: "restore-failed", error: expect.any(TypeError) });
  });
});
