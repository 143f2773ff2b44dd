import { randomUUID } from "node:crypto";
import { AggregateCache, AggregateRepository } from "eventfold";
import { expect, it } from "vitest";
import { Account } from "./account.ts";
import { Facts } from "./facts.ts";
import { fullReplay, saveEvents } from "./setup.ts";
import { eachStorage, type Storage } from "./stores.ts";

eachStorage((open, kind) => {
  function repositoryOn({ eventStore, snapshotStore }: Storage, threshold?: number) {
    const facts = new Facts();
    const accounts = new AggregateRepository(Account, {
      eventStore,
      snapshots: { store: snapshotStore, ...(threshold !== undefined && { threshold }) },
      observer: facts.observer,
      logger: false,
    });
    return { accounts, facts };
  }

  /** Deposits of 1 up to a version, and a snapshot there. Then the stream is restored to version 10. */
  async function restoredTo10(snapshotAt: number) {
    const storage = await open();
    const id = randomUUID();
    const { accounts } = repositoryOn(storage);
    const account = accounts.createNew(id);
    account.open();
    while (account.version < snapshotAt) account.deposit(1);
    await accounts.save(account);
    await accounts.createSnapshot(account);
    return { id, restored: await storage.restore({ aggregateType: "Account", aggregateId: id }, 10) };
  }

  /** Other events than those that were lost. */
  async function grow(accounts: AggregateRepository<Account>, id: string, version: number): Promise<void> {
    const account = await accounts.load(id);
    while (account.version < version) account.deposit(1_000);
    await accounts.save(account);
  }

  it("trap: a snapshot ahead of a restored stream is not trusted", async () => {
    const { id, restored } = await restoredTo10(16);
    const { accounts, facts } = repositoryOn(restored);
    expect((await accounts.load(id)).state).toEqual((await fullReplay(restored.eventStore, id)).state);
    expect(facts.missReasons).toEqual(["ahead-of-stream"]);
  });

  it.each([16, 17, 30])(
    "trap: nor after the stream has grown to version %s, at or past the stale row",
    async (version) => {
      const { id, restored } = await restoredTo10(16);
      await grow(new AggregateRepository(Account, { eventStore: restored.eventStore }), id, version);
      const { accounts, facts } = repositoryOn(restored);
      expect((await accounts.load(id)).state).toEqual((await fullReplay(restored.eventStore, id)).state);
      expect(facts.missReasons).toEqual(["history-mismatch"]);
    },
  );

  it("a snapshot of the part that was kept is still used", async () => {
    const { id, restored } = await restoredTo10(10);
    const { accounts, facts } = repositoryOn(restored);
    await grow(accounts, id, 12);
    await accounts.load(id);
    expect(facts.missReasons).toEqual([]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ version: 12, snapshotVersion: 10 });
  });

  it.each([12, 16, 20])("the next due write, at version %s, replaces the stale row at 16", async (version) => {
    const { id, restored } = await restoredTo10(16);
    const { accounts, facts } = repositoryOn(restored, 2);
    await grow(accounts, id, version);
    await accounts.load(id);
    expect(facts.missReasons).toEqual(["ahead-of-stream"]);
    expect(facts.of("snapshot-stored")).toMatchObject([{ kind: "snapshot-stored", version }]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ version, snapshotVersion: version });
  });

  it.each(["sync", "background", "atomic", undefined] as const)(
    "trap: an instance of before the restore is not saved on top of events that it never folded, in mode %s",
    async (mode) => {
      // Two stores in memory have no transaction.
      const snapshotMode = mode === "atomic" && kind === "memory" ? "sync" : mode;
      const storage = await open();
      const id = randomUUID();
      const held = await saveEvents(new AggregateRepository(Account, { eventStore: storage.eventStore }), id, 16);
      const { eventStore, snapshotStore: store } = await storage.restore(
        { aggregateType: "Account", aggregateId: id },
        10,
      );
      await grow(new AggregateRepository(Account, { eventStore }), id, 16);
      const accounts = new AggregateRepository(Account, {
        eventStore,
        cache: new AggregateCache({ entriesMax: 10 }),
        logger: false,
        ...(snapshotMode && { snapshots: { store, mode: snapshotMode, threshold: 1 } }),
      });
      const conflict = { expectedVersion: 16, actualVersion: 16, expectedEventId: expect.any(String) };
      for (const deposits of [1, 3]) {
        for (let deposit = 1; deposit <= deposits; deposit += 1) held.deposit(5);
        await expect(accounts.save(held)).rejects.toMatchObject({ name: "OptimisticConcurrencyError", ...conflict });
      }
      await accounts.awaitPendingSnapshots();
      expect(await eventStore.versionOf({ aggregateType: "Account", aggregateId: id })).toBe(16);
      expect((await accounts.load(id)).state).toEqual((await fullReplay(eventStore, id)).state);

      await accounts.update(id, (account) => account.deposit(5));
      expect((await accounts.load(id)).state).toEqual((await fullReplay(eventStore, id)).state);
    },
  );

  it("an instance whose events were all kept is saved after the restore", async () => {
    const storage = await open();
    const id = randomUUID();
    const held = await saveEvents(new AggregateRepository(Account, { eventStore: storage.eventStore }), id, 10);
    const { eventStore } = await storage.restore({ aggregateType: "Account", aggregateId: id }, 10);
    const accounts = new AggregateRepository(Account, { eventStore });
    for (const version of [11, 12]) {
      held.deposit(5);
      await accounts.save(held);
      expect(held.version).toBe(version);
    }
    expect(held.state).toEqual((await fullReplay(eventStore, id)).state);
  });

  it("an aggregate that is gone with the restore is not there, whatever its snapshot says", async () => {
    const { id, restored } = await restoredTo10(16);
    const gone = await restored.restore({ aggregateType: "Account", aggregateId: id }, 0);
    const { accounts, facts } = repositoryOn(gone);
    expect(await accounts.find(id)).toBeUndefined();
    expect(facts.missReasons).toEqual(["ahead-of-stream"]);
  });
});
