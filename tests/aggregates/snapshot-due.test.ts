import { ConfigurationError, everyEvents, Snapshot } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "./account.ts";
import { saveEvents, setUp } from "./setup.ts";

const broken = new Error("disk full");

describe("with a threshold of 10", () => {
  const sync = { threshold: 10 };

  it("snapshots 16 events of one save at 16", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 16);
    expect(facts.snapshotVersions).toEqual([16]);
  });

  it("snapshots single saves at 10 and 20", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    for (let save = 0; save < 25; save += 1) await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([10, 20]);
  });

  it("snapshots single saves of one instance at 10 and 20", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    const account = accounts.createNew();
    for (let save = 0; save < 25; save += 1) {
      account.grow(1);
      await accounts.save(account);
    }
    expect(facts.snapshotVersions).toEqual([10, 20]);
  });

  it("snapshots strides that never land on a multiple, once for each multiple that they pass", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 1);
    for (let save = 0; save < 10; save += 1) await saveEvents(accounts, "a", 3 + (save % 2));
    // 1, 4, 8, 11, 15, 18, 22, 25, 29, 32, 36
    expect(facts.snapshotVersions).toEqual([11, 22, 32]);
  });

  it("takes one snapshot for a save that passes several multiples", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 45);
    await saveEvents(accounts, "a", 4);
    expect(facts.snapshotVersions).toEqual([45]);
  });

  it("counts from a snapshot taken by hand", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 9);
    const account = await accounts.load("a");
    await accounts.createSnapshot(account);
    await saveEvents(accounts, "a", 1);
    await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([9, 10]);
  });

  it("counts each aggregate by itself", async () => {
    const { accounts, facts } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 9);
    await saveEvents(accounts, "b", 9);
    await saveEvents(accounts, "b", 1);
    expect(facts.of("snapshot-stored").map(({ stream }) => stream.aggregateId)).toEqual(["b"]);
  });

  it("snapshots at the next save after a schema change", async () => {
    const { accounts, facts, repositoryOf } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 16);
    await saveEvents(repositoryOf(AccountOfSchema2), "a", 1);
    expect(facts.snapshotVersions).toEqual([16, 17]);
  });

  it("snapshots at the next save after a row that could not be used", async () => {
    const { accounts, facts, snapshotStore } = setUp({ snapshots: sync });
    await saveEvents(accounts, "a", 11);
    await snapshotStore.saveSnapshot(
      new Snapshot({ aggregateType: "Account", aggregateId: "a", version: 11, state: {} }),
    );
    await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([11, 12]);
  });

  it("tries again at the next save after a failed write", async () => {
    const { accounts, facts, faults } = setUp({ snapshots: sync });
    const account = await saveEvents(accounts, "a", 9);
    faults.next("saveSnapshot", failing(broken));
    for (let save = 0; save < 3; save += 1) {
      account.grow(1);
      await accounts.save(account);
    }
    expect(facts.of("snapshot-failed")).toMatchObject([{ version: 10, stage: "write", error: broken }]);
    expect(facts.snapshotVersions).toEqual([11]);
  });

  it("has no second snapshot due while one is being written", async () => {
    const { accounts, facts } = setUp({ snapshots: { threshold: 10, mode: "background" } });
    await saveEvents(accounts, "a", 10);
    // Another instance, loaded without a snapshot: only the write under way tells that none is due.
    await saveEvents(accounts, "a", 1);
    expect(accounts.pendingSnapshotCount).toBe(1);
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions).toEqual([10]);
  });

  it("has the next snapshot due although one before is being written", async () => {
    const { accounts, facts, faults } = setUp({ snapshots: { threshold: 10, mode: "background" } });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    faults.next("saveSnapshot", delayedUntil(released));
    const account = await saveEvents(accounts, "a", 10);
    const first = accounts.awaitPendingSnapshots();
    account.grow(10);
    await accounts.save(account);
    release();
    await first;
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions).toEqual([10, 20]);
  });

  it("trap: a trigger that comes while a write is in flight is not lost when that write fails", async () => {
    const { accounts, facts, faults } = setUp({ snapshots: { threshold: 10, mode: "background" } });
    faults.next("saveSnapshot", failing(broken));
    const account = await saveEvents(accounts, "a", 10);
    account.grow(1);
    await accounts.save(account);
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions).toEqual([]);
    account.grow(1);
    await accounts.save(account);
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions).toEqual([12]);
  });
});

it("snapshots at every save with the threshold 1", async () => {
  const { accounts, facts } = setUp({ snapshots: { threshold: 1 } });
  for (let save = 0; save < 3; save += 1) await saveEvents(accounts, "a", 1);
  expect(facts.snapshotVersions).toEqual([1, 2, 3]);
});

it("snapshots by hand only with a store and neither threshold nor policy", async () => {
  const { accounts, facts } = setUp({ snapshots: {} });
  const account = await saveEvents(accounts, "a", 50);
  expect(facts.snapshotVersions).toEqual([]);
  await accounts.createSnapshot(account);
  expect(facts.snapshotVersions).toEqual([50]);
});

it("trap: the label of a snapshot does not run ahead of its state when one save carries several events", async () => {
  const { accounts, snapshotStore } = setUp({ snapshots: { threshold: 10 } });
  const account = await saveEvents(accounts, "a", 23);
  const snapshot = await snapshotStore.getSnapshot("a", "Account");
  expect(snapshot).toMatchObject({ version: 23, state: account.state });
});

it("trap: the event at the snapshot's version is not folded twice, and the one after it is folded", async () => {
  const { accounts, facts, eventStore } = setUp({ snapshots: { threshold: 10 } });
  await saveEvents(accounts, "a", 10);
  await saveEvents(accounts, "a", 1);
  const loaded = await accounts.load("a");
  expect(facts.of("loaded").at(-1)).toMatchObject({ version: 11, snapshotVersion: 10, eventsReplayed: 1 });
  const replayed = await setUp({ eventStore, snapshots: false }).accounts.load("a");
  expect(loaded.state).toEqual(replayed.state);
});

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "10", null])(
  "refuses the threshold %s at construction",
  (threshold) => {
    expect(() => everyEvents(threshold as number)).toThrow(ConfigurationError);
    expect(() => setUp({ type: Account, snapshots: { threshold: threshold as number } })).toThrow(ConfigurationError);
  },
);
