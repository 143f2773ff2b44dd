import { AggregateCache, AggregateRepository, StreamChangedError } from "eventfold";
import { expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { fullReplay, saveEvents } from "../aggregates/setup.ts";
import { eachDatabase } from "./databases.ts";
import { setUpOn } from "./setup.ts";

/** Between two pages of a load the events are restored from a backup, and grow elsewhere. */
eachDatabase((open) => {
  /** An account of 30 events. `restore` leaves some of them, and others let it grow to a version. */
  async function readByPages() {
    const set = await setUpOn(open);
    const { storage, id, faults } = set;
    const stream = { aggregateType: "Account", aggregateId: id };
    await saveEvents(set.repositoryOf(Account), id, 30);
    const elsewhere = new AggregateRepository(Account, { eventStore: storage.eventStore });
    const restore = async (kept: number, version: number): Promise<void> => {
      await storage.execute(`DELETE FROM events WHERE aggregate_id = '${id}' AND version > ${kept}`);
      const account = await elsewhere.load(id);
      while (account.version < version) account.deposit(1_000);
      await elsewhere.save(account);
    };
    /** Before the next page that is read by itself. */
    const restoreBeforeNextPage = (kept: number, version: number): void => {
      faults.next("readPage", async (call) => {
        await restore(kept, version);
        return await call();
      });
    };
    const replayed = () => fullReplay(storage.eventStore, id);
    return { ...set, stream, restore, restoreBeforeNextPage, replayed };
  }

  it.each([
    [5, 30],
    [5, 40],
    [5, 12],
    [1, 5],
    // All of what was read, and of what was to follow only some, or nothing.
    [20, 20],
    [10, 10],
    [12, 25],
  ])("trap: a load is of one history, when %s events are kept and others follow up to %s", async (kept, version) => {
    const { repositoryOf, id, restoreBeforeNextPage, replayed } = await readByPages();
    const accounts = repositoryOf(AccountOfSchema2, { mode: "sync", threshold: 1 }, { pageSize: 10 });
    restoreBeforeNextPage(kept, version);
    const account = await accounts.load(id);
    expect([account.version, account.state]).toEqual([version, (await replayed()).state]);
    account.deposit(5);
    await accounts.save(account);
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    const { divergences } = await accounts.verifySnapshots();
    expect(divergences.filter(({ aggregateId }) => aggregateId === id)).toEqual([]);
  });

  it("trap: so is one that began with a snapshot", async () => {
    const { repositoryOf, id, restoreBeforeNextPage, replayed, facts } = await readByPages();
    const accounts = repositoryOf(Account, { threshold: 1_000 }, { pageSize: 10 });
    const account = await accounts.load(id);
    await accounts.createSnapshot(account);
    await saveEvents(repositoryOf(Account, { mode: "manual" }), id, 25);
    facts.all.length = 0;
    restoreBeforeNextPage(35, 55);
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual(["history-mismatch"]);
  });

  it("trap: so is one that began with a cached state", async () => {
    const { repositoryOf, id, restoreBeforeNextPage, replayed, facts, faults } = await readByPages();
    const cached = repositoryOf(
      Account,
      { mode: "manual" },
      { pageSize: 10, cache: new AggregateCache({ entriesMax: 1 }) },
    );
    await cached.load(id);
    await saveEvents(repositoryOf(Account, { mode: "manual" }), id, 25);
    // The first page after the held state, and then the one that comes too late.
    faults.next("readPage", (call) => call());
    restoreBeforeNextPage(35, 55);
    expect((await cached.load(id)).state).toEqual((await replayed()).state);
    expect(facts.of("cache-missed").map(({ reason }) => reason)).toEqual(["history-mismatch"]);
  });

  it.each([40, 8])(
    "trap: a load that began after the restore does not take over a replay of before, at %s",
    async (version) => {
      const { repositoryOf, id, faults, restore, replayed } = await readByPages();
      const accounts = repositoryOf(AccountOfSchema2, {}, { pageSize: 20 });
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
      faults.next("readPage", async (call) => {
        const answer = await call();
        reach();
        await released;
        return answer;
      });
      const leader = accounts.load(id);
      await reached;
      await restore(5, version);
      const { promise: began, resolve: begin } = Promise.withResolvers<void>();
      faults.next("readForLoad", async (call) => {
        const answer = await call();
        begin();
        return answer;
      });
      const follower = accounts.load(id);
      await began;
      await Promise.resolve();
      release();
      // What the leader read was read before.
      expect((await leader).version).toBe(30);
      const account = await follower;
      expect([account.version, account.state]).toEqual([version, (await replayed()).state]);
    },
  );

  it("whoever reads page by page is told, and gives up a load where it goes on and on", async () => {
    const { eventStore, stream, repositoryOf, id, faults, restore, restoreBeforeNextPage } = await readByPages();
    faults.next("readPage", (call) => call());
    restoreBeforeNextPage(5, 30);
    const versions: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const { version } of eventStore.read(stream, { pageSize: 10 })) versions.push(version);
    };
    await expect(reading()).rejects.toMatchObject({ name: "StreamChangedError", stream, version: 10 });
    expect(versions).toHaveLength(10);
    let calls = 0;
    faults.every("readPage", async (call) => {
      calls += 1;
      await restore(5, 30);
      return await call();
    });
    await expect(repositoryOf(AccountOfSchema2, {}, { pageSize: 10 }).load(id)).rejects.toThrow(StreamChangedError);
    expect(calls).toBeLessThan(10);
  });
});
