import { Snapshot, type SnapshotFacts } from "eventfold";
import { failing } from "eventfold/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { forged, saveEvents, setUp } from "../aggregates/setup.ts";

const broken = new Error("disk full");

// The queue hurries when time has passed: on a busy machine that would be a matter of luck.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

it("an older snapshot that comes late does not take the place of a newer one that waits", async () => {
  const [published, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const publish = async ([event]: readonly { version: number }[]) => {
    if (event?.version !== 1) return;
    published.resolve();
    await released.promise;
  };
  const { accounts, facts } = setUp({ publisher: { publish }, snapshots: { threshold: 1, mode: "background" } });
  const slow = saveEvents(accounts, "a", 1);
  await published.promise;
  await saveEvents(accounts, "a", 1);
  released.resolve();
  await slow;
  await accounts.awaitPendingSnapshots();
  expect(facts.snapshotVersions).toEqual([2]);
});

it("a snapshot that takes the place of another one in the queue also replaces the row that was rejected", async () => {
  const { accounts, facts, faults, memory } = setUp({ snapshots: { threshold: 1, mode: "background" } });
  const ahead = new Snapshot({ aggregateType: "Account", aggregateId: "a", version: 1_000, state: {} });
  await memory.snapshots.saveSnapshot(forged(ahead, { lastEventId: "lost" }));
  await saveEvents(setUp({ eventStore: memory.events, snapshots: false }).accounts, "a", 1);
  await saveEvents(accounts, "a", 1);
  // This instance does not know of the row: the store was down when it was loaded.
  faults.next("getSnapshot", failing(broken));
  await saveEvents(accounts, "a", 1);
  expect(await accounts.awaitPendingSnapshots()).toBe(1);
  expect(facts.missReasons).toEqual(["ahead-of-stream", "store-error"]);
  expect(facts.of("snapshot-stored")).toMatchObject([{ kind: "snapshot-stored", version: 3 }]);
});

it("a snapshot that took the place of another one counts as being on its way", async () => {
  const { accounts, facts } = setUp({ snapshots: { threshold: 10, mode: "background" } });
  await saveEvents(accounts, "a", 10);
  await saveEvents(accounts, "a", 10);
  await saveEvents(accounts, "a", 1);
  await accounts.awaitPendingSnapshots();
  expect(facts.snapshotVersions).toEqual([20]);
});

it("a snapshot that gave up its place counts no more, once the newer one has failed", async () => {
  const told: number[] = [];
  const policy = ({ snapshotVersion }: SnapshotFacts) => told.push(snapshotVersion) > 0;
  const { accounts, faults } = setUp({ snapshots: { policy, mode: "background" } });
  faults.next("saveSnapshot", failing(broken));
  await saveEvents(accounts, "a", 1);
  await saveEvents(accounts, "a", 1);
  await accounts.awaitPendingSnapshots();
  await saveEvents(accounts, "a", 1);
  expect(told).toEqual([0, 1, 0]);
});

it("a row that was rejected is replaced once: a newer row at its version is kept", async () => {
  const { accounts, facts, memory } = setUp({ snapshots: { threshold: 2 } });
  const ahead = new Snapshot({ aggregateType: "Account", aggregateId: "a", version: 6, state: {} });
  await memory.snapshots.saveSnapshot(forged(ahead, { lastEventId: "lost" }));
  await saveEvents(setUp({ eventStore: memory.events, snapshots: false }).accounts, "a", 1);
  const early = await saveEvents(accounts, "a", 1);
  await saveEvents(accounts, "a", 4);
  await accounts.createSnapshot(early);
  expect(facts.of("snapshot-kept")).toMatchObject([{ version: 2 }]);
  expect((await memory.snapshots.getSnapshot("a", "Account"))?.version).toBe(6);
});
