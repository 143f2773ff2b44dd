import { AggregateRepository, SerializationError, Snapshot, SnapshotRefusedError } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { expect, it } from "vitest";
import { saveEvents, setUp, storedEvents } from "./setup.ts";
import { Sketch } from "./sketch.ts";

it("resolves to the snapshot once it is stored, with the proof of its history", async () => {
  const { accounts, snapshotStore, eventStore, clock } = setUp({ snapshots: {} });
  const account = await saveEvents(accounts, "a", 3);
  const snapshot = await accounts.createSnapshot(account);
  const events = await storedEvents(eventStore, "a");
  expect(snapshot).toBeInstanceOf(Snapshot);
  expect(snapshot).toMatchObject({
    aggregateType: "Account",
    aggregateId: "a",
    version: 3,
    schemaVersion: 1,
    fingerprint: "",
    lastEventId: events.at(-1)?.id,
    createdAt: clock.now().toISOString(),
    state: account.state,
  });
  expect(await snapshotStore.getSnapshot("a", "Account")).toEqual(snapshot);
});

it("takes one of a loaded aggregate, with and without events after its last snapshot", async () => {
  const { accounts, facts } = setUp({ snapshots: {} });
  await accounts.createSnapshot(await saveEvents(accounts, "a", 3));
  await accounts.createSnapshot(await accounts.load("a"));
  await saveEvents(accounts, "a", 2);
  await accounts.createSnapshot(await accounts.load("a"));
  expect(facts.snapshotVersions).toEqual([3, 3, 5]);
});

it.each([
  ["from events alone", 0],
  ["from a snapshot alone", 3],
  ["from a snapshot and a tail", 2],
])("takes one that serves the next load, of an aggregate that was loaded %s", async (_title, version) => {
  const { accounts, facts, memory } = setUp({ snapshots: {} });
  const account = accounts.createNew("a");
  for (let saved = 1; saved <= 3; saved += 1) {
    account.grow(1);
    await accounts.save(account);
    if (saved === version) await accounts.createSnapshot(account);
  }
  const loaded = await accounts.load("a");
  memory.snapshots.clear();
  await accounts.createSnapshot(loaded);
  await accounts.load("a");
  expect(facts.of("loaded").at(-1)).toMatchObject({ version: 3, snapshotVersion: 3 });
});

it.each(["sync", "background", "manual"] as const)("works in mode %s", async (mode) => {
  const { accounts, snapshotStore } = setUp({ snapshots: { mode, ...(mode === "background" && { threshold: 50 }) } });
  await accounts.createSnapshot(await saveEvents(accounts, "a", 3));
  expect(await snapshotStore.snapshotExists("a", "Account")).toBe(true);
});

it("trap: refuses an aggregate with uncommitted events", async () => {
  const { accounts, snapshotStore } = setUp({ snapshots: {} });
  const account = await saveEvents(accounts, "a", 3);
  account.deposit(1);
  await expect(accounts.createSnapshot(account)).rejects.toThrow(SnapshotRefusedError);
  expect(await snapshotStore.snapshotExists("a", "Account")).toBe(false);
  await accounts.save(account);
  expect((await accounts.createSnapshot(account)).version).toBe(4);
});

it("refuses an aggregate whose save is still under way", async () => {
  const { accounts, faults } = setUp({ snapshots: {} });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next("append", delayedUntil(released));
  const account = accounts.createNew("a");
  account.open();
  const saving = accounts.save(account);
  await expect(accounts.createSnapshot(account)).rejects.toThrow(SnapshotRefusedError);
  release();
  await saving;
});

it("refuses an aggregate without events", async () => {
  const { accounts } = setUp({ snapshots: {} });
  await expect(accounts.createSnapshot(accounts.createNew())).rejects.toThrow(SnapshotRefusedError);
});

it("refuses without a snapshot store", async () => {
  const { accounts } = setUp({ snapshots: false });
  const account = await saveEvents(accounts, "a", 3);
  await expect(accounts.createSnapshot(account)).rejects.toThrow(SnapshotRefusedError);
});

it("throws what the store throws, and reports it", async () => {
  const { accounts, faults, facts } = setUp({ snapshots: {} });
  const account = await saveEvents(accounts, "a", 3);
  const broken = new Error("disk full");
  faults.next("saveSnapshot", failing(broken));
  await expect(accounts.createSnapshot(account)).rejects.toBe(broken);
  expect(facts.of("snapshot-failed")).toMatchObject([{ version: 3, stage: "write", error: broken }]);
});

it("throws where in the state a value lies that cannot be stored", async () => {
  const { eventStore, snapshotStore } = setUp();
  const sketches = new AggregateRepository(Sketch, { eventStore, snapshots: { store: snapshotStore } });
  const sketch = sketches.createNew();
  sketch.draw({ x: 1 });
  await sketches.save(sketch);
  const error = await sketches.createSnapshot(sketch).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(SerializationError);
  expect(error).toMatchObject({ path: "state.drawnAt[0]" });
});

it("keeps a newer snapshot that is there already", async () => {
  const { accounts, snapshotStore, facts } = setUp({ snapshots: {} });
  const early = await saveEvents(accounts, "a", 3);
  await accounts.createSnapshot(await saveEvents(accounts, "a", 2));
  await accounts.createSnapshot(early);
  expect(facts.of("snapshot-kept")).toMatchObject([{ version: 3 }]);
  expect((await snapshotStore.getSnapshot("a", "Account"))?.version).toBe(5);
});
