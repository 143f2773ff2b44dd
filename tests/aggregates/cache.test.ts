import { randomUUID } from "node:crypto";
import {
  AggregateCache,
  AggregateNotFoundError,
  AggregateRepository,
  AggregateRoot,
  CommitUnknownError,
  ConfigurationError,
  type DomainEvent,
  EvolveError,
  InMemoryEventStore,
  OptimisticConcurrencyError,
} from "eventfold";
import { delayedUntil, type FaultPoint, type Faults, failing, losingAnswer } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { setUpOn } from "../trust/setup.ts";
import { Account, AccountOfSchema2 } from "./account.ts";
import { fullReplay, saveEvents, storedEvents } from "./setup.ts";
import { eachStorage } from "./stores.ts";

const LONG = 3_600_000;

/** The next call of `point` is carried out; its answer waits for `release`. */
function holdAnswer(faults: Faults, point: FaultPoint) {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next(point, async (call) => {
    const result = await call();
    answer();
    await released;
    return result;
  });
  return { answered, release };
}

eachStorage((open, kind) => {
  /** A repository with a cache, another one without, as in another process, and an account of 12 events. */
  async function cached(bounds: ConstructorParameters<typeof AggregateCache>[0] = { entriesMax: 100 }) {
    const set = await setUpOn(open);
    const cache = new AggregateCache(bounds);
    const accounts = set.repositoryOf(Account, {}, { cache });
    const elsewhere = set.repositoryOf(Account);
    await saveEvents(elsewhere, set.id, 12);
    set.facts.all.length = 0;
    /** What each load began with, and how many events it replayed. */
    const loads = () =>
      set.facts.of("loaded").map(({ cachedVersion, eventsReplayed }) => [cachedVersion, eventsReplayed]);
    return { ...set, cache, accounts, elsewhere, loads };
  }

  it("fetches only what is newer than what it holds", async () => {
    const { accounts, elsewhere, id, loads, faults, replayed } = await cached();
    await accounts.load(id);
    await saveEvents(elsewhere, id, 3);
    const joint = faults.callsOf("readForLoad") + faults.callsOf("getSnapshot");
    const account = await accounts.load(id);
    expect(faults.callsOf("readForLoad") + faults.callsOf("getSnapshot")).toBe(joint);
    const { version, state } = await replayed();
    expect([account.version, account.state]).toEqual([version, state]);
    await accounts.load(id);
    expect(loads()).toEqual([
      [undefined, 12],
      [undefined, 12],
      [12, 3],
      [15, 0],
    ]);
  });

  it("holds what it saved once it is committed", async () => {
    const { accounts, id, loads } = await cached();
    const account = await accounts.load(id);
    account.deposit(7);
    await accounts.save(account);
    expect((await accounts.load(id)).state).toEqual(account.state);
    expect(loads().at(-1)).toEqual([13, 0]);
  });

  it("trap: never holds what was not committed", async () => {
    const { accounts, elsewhere, id, faults, replayed } = await cached();
    const account = await accounts.load(id);
    account.deposit(1_000_000);
    faults.next("append", failing(new Error("connection refused")));
    await expect(accounts.save(account)).rejects.toThrow("connection refused");
    expect((await accounts.load(id)).version).toBe(12);
    await saveEvents(elsewhere, id, 1);
    await expect(accounts.save(account)).rejects.toThrow(OptimisticConcurrencyError);
    for (const staleMs of [0, LONG]) {
      expect((await accounts.load(id, { staleMs })).state).toEqual((await replayed()).state);
    }
  });

  it("trap: while an append is under way, nobody sees what it may come to", async () => {
    const { accounts, id, faults } = await cached();
    const account = await accounts.load(id);
    const { promise, resolve } = Promise.withResolvers<void>();
    faults.next("append", delayedUntil(promise));
    account.deposit(5);
    const saving = accounts.save(account);
    // Raised while the append is under way: neither part of it nor of what is held.
    account.deposit(6);
    expect((await accounts.load(id, { staleMs: LONG })).version).toBe(12);
    resolve();
    await saving;
    expect((await accounts.load(id)).version).toBe(13);
    expect(account.version).toBe(14);
  });

  it("asks again after a commit whose answer was lost", async () => {
    const { accounts, id, faults, replayed } = await cached();
    const account = await accounts.load(id);
    account.deposit(5);
    const cause = new Error("connection reset");
    const stream = { aggregateType: "Account", aggregateId: id };
    faults.next("append", losingAnswer(new CommitUnknownError({ stream, cause })));
    await expect(accounts.save(account)).rejects.toThrow(CommitUnknownError);
    expect((await accounts.load(id, { staleMs: LONG })).version).toBe(13);
    await accounts.save(account);
    expect((await accounts.load(id, { staleMs: LONG })).state).toEqual((await replayed()).state);
  });

  it("gives each caller an instance and a state of its own", async () => {
    const { accounts, id, replayed } = await cached();
    const first = await accounts.load(id);
    first.state.ownerName = "Eve";
    const [second, third] = await Promise.all([accounts.load(id), accounts.load(id)]);
    second.state.ownerName = "Mallory";
    third.deposit(5);
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    expect((await accounts.load(id, { staleMs: LONG })).state).toEqual((await replayed()).state);
  });

  describe("loads at the same time", () => {
    it("share one fetch, also where nothing is held yet", async () => {
      const { accounts, id, faults, loads } = await cached();
      const reads = () => faults.callsOf("readForLoad") + faults.callsOf("readPage");
      const before = reads();
      const loaded = await Promise.all(Array.from({ length: 50 }, () => accounts.load(id)));
      expect(reads() - before).toBe(1);
      expect(new Set(loaded).size).toBe(50);
      await Promise.all(Array.from({ length: 50 }, () => accounts.load(id)));
      expect(reads() - before).toBe(2);
      expect(loads().filter(([, events]) => events! > 0)).toEqual([[undefined, 12]]);
    });

    it("trap: share none that began before they did, for it may miss what was committed since", async () => {
      const { accounts, elsewhere, id, faults } = await cached();
      await accounts.load(id);
      const { answered, release } = holdAnswer(faults, "readPage");
      const early = accounts.load(id);
      await answered;
      await saveEvents(elsewhere, id, 1);
      const late = [accounts.load(id), accounts.load(id)];
      release();
      expect((await early).version).toBe(12);
      expect((await Promise.all(late)).map(({ version }) => version)).toEqual([13, 13]);
    });

    it("trap: one that comes late takes nothing newer out of the cache", async () => {
      const { accounts, id, faults } = await cached();
      const account = await accounts.load(id);
      const { answered, release } = holdAnswer(faults, "readPage");
      const late = accounts.load(id);
      await answered;
      account.deposit(5);
      await accounts.save(account);
      release();
      expect((await late).version).toBe(12);
      expect((await accounts.load(id, { staleMs: LONG })).version).toBe(13);
    });

    it("find out themselves where the fetch of another fails", async () => {
      const { accounts, id, faults } = await cached();
      await accounts.load(id);
      faults.next("readPage", failing(new Error("connection reset")));
      const [first, ...others] = await Promise.allSettled([1, 2, 3].map(() => accounts.load(id)));
      expect(first).toMatchObject({ status: "rejected" });
      expect(others.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    });

    it("share that there is nothing", async () => {
      const { accounts } = await cached();
      const absent = randomUUID();
      expect(await Promise.all([accounts.find(absent), accounts.find(absent)])).toEqual([undefined, undefined]);
      await expect(accounts.load(absent)).rejects.toThrow(AggregateNotFoundError);
      const created = accounts.createNew(absent);
      created.open();
      await accounts.save(created);
      expect((await accounts.load(absent)).version).toBe(1);
    });
  });

  // In memory a restore gives another store, for which nothing is held.
  if (kind !== "memory")
    describe("a stream that was restored", () => {
      it.each([
        ["ahead-of-stream", 0],
        ["history-mismatch", 4],
        ["history-mismatch", 9],
      ])("is noticed (%s after %s other events), and what is held heals itself", async (reason, others) => {
        const { accounts, storage, elsewhere, id, cache, facts, eventStore } = await cached();
        await accounts.load(id);
        await storage.restore({ aggregateType: "Account", aggregateId: id }, 8);
        for (let event = 0; event < others; event += 1) {
          await elsewhere.update(id, (account) => account.deposit(1_000 + event));
        }
        facts.all.length = 0;
        const loaded = await accounts.load(id);
        expect(loaded.state).toEqual((await fullReplay(eventStore, id)).state);
        expect(facts.of("cache-missed")).toMatchObject([{ version: 12, reason }]);
        facts.all.length = 0;
        expect((await accounts.load(id)).state).toEqual(loaded.state);
        expect(facts.of("cache-missed")).toEqual([]);
        expect(facts.of("loaded")).toMatchObject([{ cachedVersion: 8 + others }]);
        expect(cache.entryCount).toBe(1);
      });
    });

  describe("staleMs", () => {
    it("asks nobody for a state that was the newest one a moment ago", async () => {
      const { accounts, elsewhere, id, faults } = await cached();
      await accounts.load(id);
      const reads = faults.callsOf("readPage") + faults.callsOf("readForLoad") + faults.callsOf("getSnapshot");
      await saveEvents(elsewhere, id, 1);
      const stale = await accounts.load(id, { staleMs: LONG });
      expect(stale.version).toBe(12);
      const after = faults.callsOf("readPage") + faults.callsOf("readForLoad") + faults.callsOf("getSnapshot");
      // What was saved elsewhere loads the account first.
      expect(after - reads).toBe(kind === "memory" ? 2 : 1);
      stale.deposit(1);
      await expect(accounts.save(stale)).rejects.toThrow(OptimisticConcurrencyError);
      expect((await accounts.load(id, { staleMs: LONG })).version).toBe(13);
    });

    it("asks once the time is over", async () => {
      const { accounts, elsewhere, id } = await cached();
      await accounts.load(id);
      await saveEvents(elsewhere, id, 1);
      const checkedBy = performance.now();
      while (performance.now() - checkedBy < 2);
      expect((await accounts.load(id, { staleMs: 1 })).version).toBe(13);
    });

    it("counts from the moment at which the store was asked, not from that of its answer", async () => {
      const { accounts, elsewhere, id, faults } = await cached();
      const { answered, release } = holdAnswer(faults, kind === "memory" ? "readPage" : "readForLoad");
      const loading = accounts.load(id);
      await answered;
      const answeredBy = performance.now();
      while (performance.now() - answeredBy < 30);
      release();
      await loading;
      await saveEvents(elsewhere, id, 1);
      expect((await accounts.load(id, { staleMs: 30 })).version).toBe(13);
    });

    it("sees what this process saved", async () => {
      const { accounts, id } = await cached();
      const account = await accounts.load(id);
      account.deposit(5);
      await accounts.save(account);
      expect((await accounts.load(id, { staleMs: LONG })).version).toBe(13);
      expect((await accounts.find(id, { staleMs: LONG }))?.version).toBe(13);
      expect((await accounts.loadOrCreate(id, { staleMs: LONG })).version).toBe(13);
    });

    it.each([-1, Number.NaN, "5"])("refuses %s", async (staleMs) => {
      const { accounts, id } = await cached();
      await expect(accounts.load(id, { staleMs: staleMs as number })).rejects.toThrow(ConfigurationError);
    });

    it("is refused without a cache", async () => {
      const { elsewhere, id } = await cached();
      await expect(elsewhere.load(id, { staleMs: 5 })).rejects.toThrow(ConfigurationError);
      await expect(elsewhere.loadMany([id], { staleMs: 5 })).rejects.toThrow(ConfigurationError);
      expect((await elsewhere.load(id, { staleMs: 0 })).version).toBe(12);
    });
  });

  it("keeps apart what repositories of other classes, and of other stores, load under the same id", async () => {
    const { cache, accounts, repositoryOf, storage, id, facts } = await cached();
    const other = repositoryOf(AccountOfSchema2, {}, { cache });
    const eventStore = new InMemoryEventStore();
    await saveEvents(new AggregateRepository(Account, { eventStore }), id, 5);
    const foreign = new AggregateRepository(Account, { eventStore, cache, observer: facts.observer });
    for (const repository of [accounts, other, foreign]) await repository.load(id);
    expect(cache.entryCount).toBe(3);
    expect(facts.of("loaded").map(({ cachedVersion }) => cachedVersion)).toEqual([undefined, undefined, undefined]);
    // What decorates a store keeps no events of its own.
    const plain = new AggregateRepository(Account, { eventStore: storage.eventStore, cache, observer: facts.observer });
    for (const sharing of [repositoryOf(Account, {}, { cache }), plain]) {
      await sharing.load(id);
      expect(facts.of("loaded").at(-1)?.cachedVersion).toBe(12);
    }
  });

  it("is forgotten with what is erased, also what is being loaded meanwhile", async () => {
    const { cache, accounts, repositoryOf, id, faults } = await cached();
    const other = repositoryOf(AccountOfSchema2, {}, { cache });
    await other.load(id);
    await accounts.load(id);
    const { answered, release } = holdAnswer(faults, "readPage");
    const loading = accounts.load(id);
    await answered;
    await accounts.erase(id, { events: true });
    expect(cache.entryCount).toBe(0);
    release();
    await loading;
    expect([cache.entryCount, cache.byteCount]).toEqual([0, 0]);
    for (const repository of [accounts, other]) {
      expect(await repository.find(id, { staleMs: LONG })).toBeUndefined();
    }
  });

  it("takes a snapshot where one is due, as without", async () => {
    const { repositoryOf, facts, eventStore } = await cached();
    const id = randomUUID();
    const accounts = repositoryOf(Account, { threshold: 10 }, { cache: new AggregateCache({ entriesMax: 5 }) });
    for (let event = 0; event < 25; event += 1) {
      const account = await accounts.loadOrCreate(id);
      account.grow(1);
      await accounts.save(account);
    }
    expect(facts.snapshotVersions).toEqual([10, 20]);
    expect((await storedEvents(eventStore, id)).length).toBe(25);
    // Each load found what the save before it had left.
    expect(facts.of("loaded").every(({ eventsReplayed }) => eventsReplayed === 0)).toBe(true);
  });

  it("makes room for what was used last", async () => {
    const { accounts, elsewhere, cache, facts } = await cached({ entriesMax: 2 });
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [a, b, c]) await saveEvents(elsewhere, id, 1);
    for (const id of [a, b, a, c]) await accounts.load(id);
    expect(cache.entryCount).toBe(2);
    facts.all.length = 0;
    for (const id of [a, c, b]) await accounts.load(id);
    expect(facts.of("loaded").map(({ cachedVersion }) => cachedVersion)).toEqual([1, 1, undefined]);
    cache.clear();
    expect([cache.entryCount, cache.byteCount]).toEqual([0, 0]);
  });

  it("holds no more bytes than it may, and nothing that is larger than that by itself", async () => {
    const { accounts, elsewhere, cache } = await cached({ bytesMax: 2_000 });
    for (let owner = 0; owner < 20; owner += 1) {
      const account = elsewhere.createNew();
      account.open("x".repeat(owner * 100));
      await elsewhere.save(account);
      expect((await accounts.load(account.id)).state.ownerName.length).toBe(owner * 100);
      expect(cache.byteCount).toBeLessThanOrEqual(2_000);
    }
    expect(cache.entryCount).toBeLessThan(3);
  });
});

describe("a state that cannot be text", () => {
  class Tally extends AggregateRoot<{ total: bigint }, DomainEvent<"Counted", { by: number }>> {
    static readonly aggregateType = "Tally";
    protected initialState() {
      return { total: 0n };
    }
    protected evolve(state: { total: bigint }, event: DomainEvent<"Counted", { by: number }>) {
      if (event.data.by < 0) return undefined as never;
      return { total: state.total + BigInt(event.data.by) };
    }
    count(by: number) {
      this.raise("Counted", { by });
    }
  }

  it("is not held, and loads and saves go on", async () => {
    const kinds: string[] = [];
    const warned: string[] = [];
    const cache = new AggregateCache({ entriesMax: 5 });
    const tallies = new AggregateRepository(Tally, {
      eventStore: new InMemoryEventStore(),
      cache,
      observer: ({ kind }) => void kinds.push(kind),
      logger: { info: () => undefined, warn: (line) => void warned.push(line) },
    });
    const tally = tallies.createNew();
    tally.count(2);
    await tallies.save(tally);
    const loaded = await Promise.all([tallies.load(tally.id), tallies.load(tally.id)]);
    expect(loaded.map(({ state }) => state.total)).toEqual([2n, 2n]);
    expect(cache.entryCount).toBe(0);
    expect(kinds.filter((kind) => kind === "cache-failed").length).toBe(3);
    expect(warned).toEqual([expect.stringContaining("was not cached (1 so far)")]);
    expect(() => tally.count(-1)).toThrow(EvolveError);
  });
});

describe("its options", () => {
  it.each([
    ["no bound", "entriesMax", {}],
    ["no entries", "entriesMax", { entriesMax: 0 }],
    ["half an entry", "entriesMax", { entriesMax: 1.5 }],
    ["no bytes", "bytesMax", { bytesMax: 0 }],
    ["bytes without end", "bytesMax", { bytesMax: Infinity }],
    ["an option that does not exist", "maxEntries", { maxEntries: 5, entriesMax: 5 }],
  ])("refuse %s", (_what, option, options) => {
    expect(() => new AggregateCache(options)).toThrow(expect.objectContaining({ name: "ConfigurationError", option }));
  });
});
