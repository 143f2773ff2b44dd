import { randomUUID } from "node:crypto";
import { AggregateCache, AggregateRepository, CorruptStreamError, InvalidNameError } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { setUpOn } from "../trust/setup.ts";
import { Account, AccountOfSchema2 } from "./account.ts";
import { forged, saveEvents, storedEvents, tampered } from "./setup.ts";
import { eachStorage } from "./stores.ts";

eachStorage((open) => {
  /** Accounts of the given numbers of events; those past the threshold of 10 have a snapshot. */
  async function accountsOf(lengths: readonly number[]) {
    const set = await setUpOn(open);
    const ids = lengths.map(() => randomUUID());
    const writing = set.repositoryOf(Account, { threshold: 10 });
    for (const [index, id] of ids.entries()) {
      for (let version = 0; version < lengths[index]!; version += 4) {
        await saveEvents(writing, id, Math.min(4, lengths[index]! - version));
      }
    }
    set.facts.all.length = 0;
    const calls = () =>
      (["readForLoad", "getSnapshot", "getManySnapshots", "readPage", "readManyPages"] as const).map((point) =>
        set.faults.callsOf(point),
      );
    const before = calls();
    const callsSince = () => {
      const [joint, one, many, page, pages] = calls().map((count, index) => count - before[index]!);
      return { joint, one, many, page, pages };
    };
    return { ...set, ids, callsSince };
  }

  /** What loading each alone gives. */
  async function oneByOne(accounts: AggregateRepository<Account>, ids: readonly string[]) {
    const found = await Promise.all(ids.map((id) => accounts.find(id)));
    return found.flatMap((account) => (account ? [[account.id, account.version, account.state]] : []));
  }

  it("loads many as it loads each, from snapshots and the events after them, in two reads", async () => {
    const { ids, repositoryOf, facts, callsSince } = await accountsOf([1, 3, 12, 25, 10, 40]);
    const accounts = repositoryOf(Account);
    const asked = [...ids.toReversed(), randomUUID(), ids[2]!];
    const many = await accounts.loadMany(asked);
    expect(callsSince()).toEqual({ joint: 0, one: 0, many: 1, page: 0, pages: 1 });
    expect([...many.keys()]).toEqual(ids.toReversed());
    const loaded = facts.of("loaded").map(({ snapshotVersion, eventsReplayed }) => [snapshotVersion, eventsReplayed]);
    expect(loaded).toEqual([
      [40, 0],
      [10, 0],
      [20, 5],
      [12, 0],
      [undefined, 3],
      [undefined, 1],
    ]);
    expect([...many].map(([id, { version, state }]) => [id, version, state])).toEqual(
      await oneByOne(accounts, ids.toReversed()),
    );
  });

  it("tells no durations: what one of many took is not known", async () => {
    const { ids, repositoryOf, facts, snapshotStore, eventStore } = await accountsOf([3, 12]);
    const cache = new AggregateCache({ entriesMax: 100 });
    const options = { eventStore, snapshots: { store: snapshotStore }, observer: facts.observer, cache };
    const caching = new AggregateRepository(Account, options);
    await repositoryOf(Account).loadMany(ids);
    await caching.loadMany(ids);
    await caching.loadMany(ids);
    await caching.loadMany(ids, { staleMs: 3_600_000 });
    expect(facts.of("loaded").map(({ durationMs }) => durationMs)).toEqual(Array(8).fill(undefined));
    await caching.load(ids[0]!);
    expect(facts.of("loaded").at(-1)?.durationMs).toBeGreaterThan(0);
  });

  it("loads without a snapshot store in one read", async () => {
    const { ids, eventStore, callsSince, repositoryOf } = await accountsOf([5, 25]);
    const many = await new AggregateRepository(Account, { eventStore }).loadMany(ids);
    expect(callsSince()).toEqual({ joint: 0, one: 0, many: 0, page: 0, pages: 1 });
    expect([...many].map(([id, { version, state }]) => [id, version, state])).toEqual(
      await oneByOne(repositoryOf(Account), ids),
    );
  });

  it("loads nothing, and takes any iterable", async () => {
    const { ids, repositoryOf, callsSince } = await accountsOf([2]);
    const accounts = repositoryOf(Account);
    expect(await accounts.loadMany([])).toEqual(new Map());
    expect(callsSince()).toEqual({ joint: 0, one: 0, many: 0, page: 0, pages: 0 });
    expect((await accounts.loadMany(new Set(ids))).size).toBe(1);
    expect((await accounts.loadMany([randomUUID()])).size).toBe(0);
  });

  it("refuses an id out of bounds before anything is read", async () => {
    const { ids, repositoryOf, callsSince } = await accountsOf([2]);
    await expect(repositoryOf(Account).loadMany([...ids, ""])).rejects.toThrow(InvalidNameError);
    expect(callsSince()).toEqual({ joint: 0, one: 0, many: 0, page: 0, pages: 0 });
  });

  it.each([
    ["a string, which is iterable by characters", "order-1", 'is the string "order-1"'],
    ["nothing", undefined, "is no collection"],
    ["one object", { id: "order-1" }, "is no collection"],
  ])("trap: refuses %s in place of ids", async (_, ids, problem) => {
    const { repositoryOf, callsSince } = await accountsOf([1]);
    const loading = repositoryOf(Account).loadMany(ids as Iterable<string>);
    await expect(loading).rejects.toMatchObject({ name: "ConfigurationError", option: "ids" });
    await expect(loading).rejects.toThrow(problem);
    expect(callsSince()).toEqual({ joint: 0, one: 0, many: 0, page: 0, pages: 0 });
  });

  it("gives each aggregate the metadata for what is raised on it", async () => {
    const { ids, repositoryOf, eventStore } = await accountsOf([2, 2]);
    const accounts = repositoryOf(Account);
    for (const account of (await accounts.loadMany(ids, { metadata: { actor: "ops" } })).values()) {
      account.deposit();
      await accounts.save(account);
    }
    for (const id of ids) expect((await storedEvents(eventStore, id)).at(-1)?.metadata).toEqual({ actor: "ops" });
  });

  it("replays those whose snapshot is not of their history, in one read more, and says why", async () => {
    const { ids, repositoryOf, snapshotStore, facts, callsSince } = await accountsOf([12, 12, 12, 12, 25]);
    const [ahead, foreign, damaged, whole, last] = ids as [string, string, string, string, string];
    const rowOf = async (id: string) => (await snapshotStore.getSnapshot(id, "Account"))!;
    await snapshotStore.saveSnapshot(forged(await rowOf(ahead), { version: 99 }));
    await snapshotStore.saveSnapshot(forged(await rowOf(foreign), { lastEventId: randomUUID() }));
    await snapshotStore.saveSnapshot(tampered(await rowOf(damaged), { checksum: "nonsense" }));
    await snapshotStore.deleteSnapshot(last, "Account");
    const accounts = repositoryOf(Account);
    const many = await accounts.loadMany(ids);
    // The damaged row shows itself when its events are there already: they are read once more.
    expect(callsSince()).toMatchObject({ joint: 0, many: 1, page: 1, pages: 2 });
    const reasons = facts.of("missed").map(({ stream, reason }) => [stream.aggregateId, reason]);
    expect(reasons).toEqual([
      [ahead, "ahead-of-stream"],
      [foreign, "history-mismatch"],
      [damaged, "corrupt"],
      [last, "missing"],
    ]);
    expect([...many.values()].map(({ version }) => version)).toEqual([12, 12, 12, 12, 25]);
    const plain = repositoryOf(Account, {}, {});
    expect([...many].map(([id, { version, state }]) => [id, version, state])).toEqual(await oneByOne(plain, ids));
    expect(many.get(whole)?.state).toEqual(many.get(damaged)?.state);
  });

  it("replays all after a schema change", async () => {
    const { ids, repositoryOf, facts } = await accountsOf([12, 25]);
    const many = await repositoryOf(AccountOfSchema2).loadMany(ids);
    expect([...many.values()].map(({ version }) => version)).toEqual([12, 25]);
    expect(facts.missReasons).toEqual(["schema-mismatch", "schema-mismatch"]);
  });

  it.each([1, 3, 100])("reads on where a tail is longer than a page of %s", async (pageSize) => {
    const { ids, repositoryOf, snapshotStore } = await accountsOf([130, 2, 250]);
    for (const id of ids) await snapshotStore.deleteSnapshot(id, "Account");
    const accounts = repositoryOf(Account, {}, { pageSize });
    const many = await accounts.loadMany(ids);
    expect([...many].map(([id, { version, state }]) => [id, version, state])).toEqual(await oneByOne(accounts, ids));
  });

  it("loads more than are read at once", async () => {
    const { ids, repositoryOf, callsSince } = await accountsOf([1, 2]);
    const absent = Array.from({ length: 1_200 }, () => randomUUID());
    const many = await repositoryOf(Account).loadMany([ids[1]!, ...absent, ids[0]!]);
    expect([...many.keys()]).toEqual([ids[1], ids[0]]);
    expect(callsSince()).toEqual({ joint: 0, one: 0, many: 3, page: 0, pages: 3 });
  });

  it("does without snapshots that cannot be read, or not in time", async () => {
    const { ids, repositoryOf, faults, facts } = await accountsOf([12, 25]);
    faults.next("getManySnapshots", failing(new Error("connection reset")));
    const accounts = repositoryOf(Account, { timeoutMs: 20 });
    expect([...(await accounts.loadMany(ids)).values()].map(({ version }) => version)).toEqual([12, 25]);
    expect(facts.missReasons).toEqual(["store-error", "store-error"]);
    const { promise: never } = Promise.withResolvers<void>();
    faults.next("getManySnapshots", delayedUntil(never));
    expect([...(await accounts.loadMany(ids)).values()].map(({ version }) => version)).toEqual([12, 25]);
    expect(facts.missReasons.slice(2)).toEqual(["timeout", "timeout"]);
  });

  it("fails when the events cannot be read", async () => {
    const { ids, repositoryOf, faults } = await accountsOf([12]);
    faults.next("readManyPages", failing(new Error("connection reset")));
    await expect(repositoryOf(Account).loadMany(ids)).rejects.toThrow("connection reset");
  });

  it("trap: a gap in one of many streams is no shorter stream", async () => {
    const { ids, repositoryOf, faults } = await accountsOf([5, 5]);
    faults.next("readManyPages", async (call) => {
      const pages = (await call()) as unknown as { head: number; events: unknown[] }[];
      return pages.map(({ head, events }) => ({ head, events: events.slice(0, 3) })) as never;
    });
    await expect(repositoryOf(Account).loadMany(ids)).rejects.toThrow(CorruptStreamError);
  });

  it("queues a snapshot for those that had to replay much", async () => {
    const { ids, repositoryOf, facts } = await accountsOf([30, 2, 50]);
    const accounts = repositoryOf(AccountOfSchema2, { threshold: 10 });
    await accounts.loadMany(ids);
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions.toSorted((a, b) => a - b)).toEqual([30, 50]);
  });

  describe("with a cache", () => {
    it("asks for what is newer than the held states in one read, and for the others as without", async () => {
      const { ids, repositoryOf, facts, callsSince } = await accountsOf([12, 25, 3]);
      const cache = new AggregateCache({ entriesMax: 10 });
      const accounts = repositoryOf(Account, {}, { cache });
      await accounts.loadMany(ids.slice(0, 2));
      expect(callsSince()).toEqual({ joint: 0, one: 0, many: 1, page: 0, pages: 1 });
      expect(cache.entryCount).toBe(2);
      await saveEvents(repositoryOf(Account), ids[1]!, 5);
      const before = callsSince();
      facts.all.length = 0;
      const many = await accounts.loadMany(ids);
      expect(callsSince()).toEqual({ ...before, many: before.many! + 1, pages: before.pages! + 2 });
      const loaded = facts.of("loaded").map(({ cachedVersion, eventsReplayed }) => [cachedVersion, eventsReplayed]);
      expect(loaded).toEqual([
        [12, 0],
        [25, 5],
        [undefined, 3],
      ]);
      expect([...many].map(([id, { version, state }]) => [id, version, state])).toEqual(
        await oneByOne(repositoryOf(Account), ids),
      );
      expect(cache.entryCount).toBe(3);
    });

    it("asks nothing where states are fresh enough", async () => {
      const { ids, repositoryOf, callsSince } = await accountsOf([12, 25, 3]);
      const accounts = repositoryOf(Account, {}, { cache: new AggregateCache({ entriesMax: 10 }) });
      await accounts.loadMany(ids);
      const before = callsSince();
      const many = await accounts.loadMany(ids, { staleMs: 3_600_000 });
      expect(callsSince()).toEqual(before);
      expect([...many.values()].map(({ version }) => version)).toEqual([12, 25, 3]);
    });
  });
});
