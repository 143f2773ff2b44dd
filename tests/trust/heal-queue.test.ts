import { delayedUntil } from "eventfold/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountOfSchema2 } from "../aggregates/account.ts";
import { saveEvents, setUp } from "../aggregates/setup.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Accounts of 5 events whose snapshots are of another schema version, as after a deployment. */
async function deployed(ids: readonly string[], snapshots: { mode?: "background"; queueLimit?: number } = {}) {
  const set = setUp({ snapshots: { threshold: 2 } });
  for (const id of ids) await saveEvents(set.accounts, id, 5);
  set.facts.all.length = 0;
  const writes = set.faults.callsOf("saveSnapshot");
  const newWrites = () => set.faults.callsOf("saveSnapshot") - writes;
  return { ...set, accounts: set.repositoryOf(AccountOfSchema2, { threshold: 2, ...snapshots }), newWrites };
}

it.each([0, 0.5, 0.999_999])("a healing write waits for up to a second, by chance: %s", async (chance) => {
  const { accounts, newWrites, facts } = await deployed(["a"]);
  vi.spyOn(Math, "random").mockReturnValue(chance);
  await accounts.load("a");
  if (chance > 0) {
    await vi.advanceTimersByTimeAsync(Math.floor(chance * 1_000) - 1);
    expect(newWrites()).toBe(0);
  }
  await vi.advanceTimersByTimeAsync(2);
  expect(newWrites()).toBe(1);
  expect(facts.snapshotVersions).toEqual([5]);
});

it("one healing write is under way at a time", async () => {
  const ids = ["a", "b", "c"];
  const { accounts, faults, facts, newWrites } = await deployed(ids);
  const released = ids.map(() => Promise.withResolvers<void>());
  for (const { promise } of released) faults.next("saveSnapshot", delayedUntil(promise));
  for (const id of ids) await accounts.load(id);
  for (const [index, { resolve }] of released.entries()) {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(newWrites()).toBe(index + 1);
    resolve();
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(facts.snapshotVersions).toEqual([5, 5, 5]);
});

it("a healing write under way holds up no write of a save", async () => {
  const { accounts, faults, facts } = await deployed(["a", "b"], { mode: "background" });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next("saveSnapshot", delayedUntil(released));
  await accounts.load("a");
  await vi.advanceTimersByTimeAsync(1_000);
  await saveEvents(accounts, "b", 3);
  await vi.advanceTimersByTimeAsync(0);
  expect(facts.of("snapshot-stored")).toMatchObject([{ stream: { aggregateId: "b" }, version: 8 }]);
  release();
  await accounts.close();
  expect(facts.of("snapshot-stored").length).toBe(2);
});

it("waiting for pending snapshots does not wait for the delay, and counts what heals", async () => {
  const { accounts, facts } = await deployed(["a", "b", "c"]);
  for (const id of ["a", "b", "c"]) await accounts.load(id);
  expect(accounts.pendingSnapshotCount).toBe(3);
  expect(await accounts.awaitPendingSnapshots()).toBe(3);
  expect(facts.snapshotVersions).toEqual([5, 5, 5]);
});

it("close writes what heals", async () => {
  const { accounts, facts } = await deployed(["a"]);
  await accounts.load("a");
  await accounts.close();
  expect(facts.snapshotVersions).toEqual([5]);
});

it("many loads of one aggregate heal it once", async () => {
  const { accounts, newWrites } = await deployed(["a"]);
  for (let load = 0; load < 10; load += 1) await accounts.load("a");
  await Promise.all(Array.from({ length: 10 }, () => accounts.load("a")));
  expect(accounts.pendingSnapshotCount).toBe(1);
  await accounts.close();
  expect(newWrites()).toBe(1);
});

it("a queue full of healing writes has room for a save's", async () => {
  const { accounts, facts } = await deployed(["a", "b", "c"], { mode: "background", queueLimit: 2 });
  await accounts.load("a");
  await accounts.load("b");
  await saveEvents(accounts, "c", 1);
  await accounts.close();
  const stored = facts.of("snapshot-stored").map(({ stream }) => stream.aggregateId);
  expect(stored.toSorted()).toEqual(["b", "c"]);
  expect(facts.of("snapshot-refused")).toMatchObject([
    // That of the load within the save; then the oldest that waits.
    { stream: { aggregateId: "c" }, version: 5, reason: "queue-full" },
    { stream: { aggregateId: "a" }, version: 5, reason: "queue-full" },
  ]);
});
