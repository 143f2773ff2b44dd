import { randomUUID } from "node:crypto";
import { AggregateRepository } from "eventfold";
import { expect, it } from "vitest";
import { Account } from "./account.ts";
import { Facts } from "./facts.ts";
import { fullReplay } from "./setup.ts";
import { eachStorage, type Storage } from "./stores.ts";

eachStorage((open) => {
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

  it("an aggregate that is gone with the restore is not there, whatever its snapshot says", async () => {
    const { id, restored } = await restoredTo10(16);
    const gone = await restored.restore({ aggregateType: "Account", aggregateId: id }, 0);
    const { accounts, facts } = repositoryOn(gone);
    expect(await accounts.find(id)).toBeUndefined();
    expect(facts.missReasons).toEqual(["ahead-of-stream"]);
  });
});
