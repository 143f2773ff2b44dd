import { randomUUID } from "node:crypto";
import { AggregateRepository, type SnapshotOptions } from "eventfold";
import { expect, it } from "vitest";
import { Account } from "./account.ts";
import { Facts } from "./facts.ts";
import { saveEvents } from "./setup.ts";
import { eachStorage } from "./stores.ts";

eachStorage((open) => {
  async function setUpMode(snapshots: Omit<SnapshotOptions<Account>, "store">) {
    const { eventStore, snapshotStore } = await open();
    const facts = new Facts();
    const accounts = new AggregateRepository(Account, {
      eventStore,
      snapshots: { store: snapshotStore, ...snapshots },
      observer: facts.observer,
      logger: false,
    });
    const id = randomUUID();
    const stored = async () => (await snapshotStore.getSnapshot(id, "Account"))?.version;
    return { accounts, facts, id, stored };
  }

  it("sync: the snapshot is readable once save has returned", async () => {
    const { accounts, id, stored } = await setUpMode({ threshold: 10 });
    const account = await saveEvents(accounts, id, 16);
    expect(await stored()).toBe(16);
    expect(accounts.pendingSnapshotCount).toBe(0);
    expect((await accounts.load(id)).state).toEqual(account.state);
  });

  it("background: none at once, one after waiting", async () => {
    const { accounts, facts, id, stored } = await setUpMode({ threshold: 10, mode: "background" });
    await saveEvents(accounts, id, 16);
    expect(accounts.pendingSnapshotCount).toBe(1);
    expect(facts.of("snapshot-queued")).toMatchObject([{ stream: { aggregateId: id }, version: 16 }]);
    expect(await accounts.awaitPendingSnapshots()).toBe(1);
    expect(await stored()).toBe(16);
  });

  it("says of a snapshot how many bytes its state takes, and of a load when its snapshot was taken", async () => {
    const { accounts, facts, id } = await setUpMode({ threshold: 1 });
    const account = accounts.createNew(id);
    account.open("Åsa €");
    await accounts.save(account);
    await accounts.load(id);
    const [stored] = facts.of("snapshot-stored");
    expect(stored?.stateBytes).toBe(new TextEncoder().encode(JSON.stringify(account.state)).length);
    const { createdAt } = await accounts.createSnapshot(account);
    await accounts.load(id);
    expect(facts.of("loaded").at(-1)?.snapshotCreatedAt).toBe(createdAt);
  });

  it("manual: none by itself, one by hand", async () => {
    const { accounts, id, stored } = await setUpMode({ threshold: 10, mode: "manual" });
    const account = await saveEvents(accounts, id, 21);
    expect(await stored()).toBeUndefined();
    await accounts.createSnapshot(account);
    expect(await stored()).toBe(21);
  });

  it("a load replays the tail only, whichever mode wrote the snapshot", async () => {
    for (const mode of ["sync", "background"] as const) {
      const { accounts, facts, id } = await setUpMode({ threshold: 10, mode });
      await saveEvents(accounts, id, 10);
      await accounts.awaitPendingSnapshots();
      await saveEvents(accounts, id, 3);
      await accounts.load(id);
      expect(facts.of("loaded").at(-1)).toMatchObject({ version: 13, snapshotVersion: 10, eventsReplayed: 3 });
    }
  });

  it("twenty updates at once, with their snapshots, each happen once", async () => {
    const { accounts, id } = await setUpMode({ threshold: 3, mode: "background" });
    await saveEvents(accounts, id, 1);
    const before = (await accounts.load(id)).state.balance;
    const options = { attempts: 1_000 };
    await Promise.all(Array.from({ length: 20 }, () => accounts.update(id, (account) => account.deposit(5), options)));
    await accounts.awaitPendingSnapshots();
    const replayed = await accounts.load(id);
    expect([replayed.version, replayed.state.balance]).toEqual([21, before + 100]);
  });
});
