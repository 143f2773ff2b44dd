import { allOf, anyOf, everyEvents, never, onEvent, type SnapshotPolicy } from "eventfold";
import { expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { forged, saveEvents, tampered } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

eachStorage((open) => {
  /** An account of some events without a snapshot. */
  async function unsnapshotted(events: number) {
    const set = await setUpOn(open);
    await saveEvents(set.repositoryOf(Account), set.id, events);
    set.facts.all.length = 0;
    return set;
  }

  it("a load that replayed more than twice the threshold has a snapshot made, and the next load uses it", async () => {
    const { repositoryOf, id, facts, replayed } = await unsnapshotted(21);
    const accounts = repositoryOf(Account, { threshold: 10 });
    await accounts.load(id);
    expect(accounts.pendingSnapshotCount).toBe(1);
    expect(await accounts.awaitPendingSnapshots()).toBe(1);
    const loaded = await accounts.load(id);
    expect(facts.snapshotVersions).toEqual([21]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ version: 21, snapshotVersion: 21, eventsReplayed: 0 });
    expect(loaded.state).toEqual((await replayed()).state);
    expect(accounts.pendingSnapshotCount).toBe(0);
  });

  it("a load that replayed twice the threshold has none made", async () => {
    const { repositoryOf, id } = await unsnapshotted(20);
    const accounts = repositoryOf(Account, { threshold: 10 });
    await accounts.load(id);
    expect(accounts.pendingSnapshotCount).toBe(0);
  });

  it("a tail counts, not the length of the history", async () => {
    const { repositoryOf, id, facts } = await unsnapshotted(50);
    const byHand = repositoryOf(Account);
    await byHand.createSnapshot(await byHand.load(id));
    await saveEvents(byHand, id, 20);
    const accounts = repositoryOf(Account, { threshold: 10 });
    await accounts.load(id);
    expect(accounts.pendingSnapshotCount).toBe(0);
    await saveEvents(byHand, id, 1);
    await accounts.load(id);
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions).toEqual([50, 71]);
  });

  it("a row that a load has rejected is replaced in one step, and not met again", async () => {
    const { repositoryOf, id, snapshotStore, facts, faults } = await unsnapshotted(25);
    const byHand = repositoryOf(Account);
    const row = await byHand.createSnapshot(await byHand.load(id));
    await snapshotStore.saveSnapshot(forged(row, { version: 1_000 }));
    facts.all.length = 0;
    const accounts = repositoryOf(Account, { threshold: 10 });
    const writes = faults.callsOf("saveSnapshot");
    await accounts.load(id);
    await accounts.awaitPendingSnapshots();
    await accounts.load(id);
    expect(faults.callsOf("saveSnapshot") - writes).toBe(1);
    expect(faults.callsOf("deleteSnapshot")).toBe(0);
    expect(facts.missReasons).toEqual(["ahead-of-stream"]);
    expect(facts.snapshotVersions).toEqual([25]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 25 });
  });

  it("a row that was replaced since a load rejected it is left alone", async () => {
    const { repositoryOf, id, snapshotStore, facts } = await unsnapshotted(25);
    const byHand = repositoryOf(Account);
    const row = await byHand.createSnapshot(await byHand.load(id));
    await snapshotStore.saveSnapshot(forged(row, { version: 1_000 }));
    const accounts = repositoryOf(Account, { threshold: 10 });
    await accounts.load(id);
    // Another process has replaced it with another row of a greater version.
    const another = forged(row, { version: 999, createdAt: "2026-02-02T00:00:00.000Z" });
    await snapshotStore.deleteSnapshot(id, "Account");
    await snapshotStore.saveSnapshot(another);
    await accounts.awaitPendingSnapshots();
    expect(facts.of("snapshot-kept")).toMatchObject([{ version: 25 }]);
    expect(await snapshotStore.getSnapshot(id, "Account")).toEqual(another);
  });

  it("trap: a corrupt row is not tried again at each load forever", async () => {
    const { repositoryOf, id, snapshotStore, facts } = await unsnapshotted(25);
    const byHand = repositoryOf(Account);
    const row = await byHand.createSnapshot(await byHand.load(id));
    await snapshotStore.saveSnapshot(tampered(row, { stateText: '{"balance":0}' }));
    const accounts = repositoryOf(Account, { threshold: 10 });
    facts.all.length = 0;
    for (let load = 0; load < 3; load += 1) {
      await accounts.load(id);
      await accounts.awaitPendingSnapshots();
    }
    expect(facts.missReasons).toEqual(["corrupt"]);
  });

  it("a save soon after a load that heals takes the snapshot that is due, and save returns with it", async () => {
    const { repositoryOf, id, facts, storage } = await unsnapshotted(25);
    const accounts = repositoryOf(AccountOfSchema2, { threshold: 10 });
    await saveEvents(accounts, id, 1);
    expect(facts.snapshotVersions).toEqual([26]);
    const row = await storage.snapshotStore.getSnapshot(id, "Account", { schemaVersion: 2 });
    expect(row?.version).toBe(26);
    await accounts.awaitPendingSnapshots();
    // What the load asked for is no news any more, and costs no write.
    expect(facts.of("snapshot-kept")).toEqual([]);
  });

  it("in background mode the save's snapshot takes the place of the one that heals", async () => {
    const { repositoryOf, id, facts } = await unsnapshotted(25);
    const accounts = repositoryOf(AccountOfSchema2, { threshold: 10, mode: "background" });
    await saveEvents(accounts, id, 1);
    expect(await accounts.awaitPendingSnapshots()).toBe(1);
    expect(facts.snapshotVersions).toEqual([26]);
  });

  const policies: [title: string, policy: SnapshotPolicy, heals: boolean, events: number][] = [
    ["everyEvents(10)", everyEvents(10), true, 21],
    ["one without a threshold, past 200 events", onEvent("AccountClosed"), true, 201],
    ["one without a threshold, up to 200 events", onEvent("AccountClosed"), false, 200],
    ["anyOf, by the smallest threshold", anyOf(everyEvents(100), everyEvents(10)), true, 21],
    ["allOf, by the greatest threshold", allOf(everyEvents(100), everyEvents(10)), false, 200],
    ["never", never, false, 300],
    ["anyOf with never, by the others", anyOf(never, everyEvents(10)), true, 21],
    ["allOf with never", allOf(never, everyEvents(10)), false, 300],
  ];

  it.each(policies)("the policy decides when a load heals: %s", async (_title, policy, heals, events) => {
    const { repositoryOf, id } = await unsnapshotted(events);
    const accounts = repositoryOf(Account, { policy });
    await accounts.load(id);
    expect(accounts.pendingSnapshotCount).toBe(heals ? 1 : 0);
    await accounts.close();
  });

  it("no load heals in manual mode, nor without a policy", async () => {
    const { repositoryOf, id, facts } = await unsnapshotted(300);
    for (const accounts of [repositoryOf(Account, { mode: "manual", threshold: 10 }), repositoryOf(Account)]) {
      await accounts.load(id);
      expect(accounts.pendingSnapshotCount).toBe(0);
    }
    expect(facts.of("snapshot-stored")).toEqual([]);
  });
});
