import { ConfigurationError } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fullReplay, type SetupOptions, saveEvents, setUp } from "../aggregates/setup.ts";

const broken = new Error("disk full");

// The queue hurries when time has passed: on a busy machine that would be a matter of luck.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function setUpBackground(snapshots: Exclude<SetupOptions["snapshots"], false> = {}, options: SetupOptions = {}) {
  const set = setUp({ ...options, snapshots: { threshold: 2, mode: "background", ...snapshots } });
  /** Lets snapshot writes hang until it is called. */
  const holdWrites = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    set.faults.every("saveSnapshot", delayedUntil(promise));
    return () => {
      set.faults.clear();
      resolve();
    };
  };
  return { ...set, holdWrites };
}

it("lets save return before the snapshot is written", async () => {
  const { accounts, faults, snapshotStore } = setUpBackground();
  await saveEvents(accounts, "a", 2);
  expect(faults.callsOf("saveSnapshot")).toBe(0);
  expect(accounts.pendingSnapshotCount).toBe(1);
  expect(await accounts.awaitPendingSnapshots()).toBe(1);
  expect(await snapshotStore.snapshotExists("a", "Account")).toBe(true);
  expect(accounts.pendingSnapshotCount).toBe(0);
});

it("writes by itself, without anybody waiting for it", async () => {
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  const { accounts, facts } = setUpBackground({ waitUntil: (written) => void written.then(resolve) });
  await saveEvents(accounts, "a", 2);
  await settled;
  expect(facts.snapshotVersions).toEqual([2]);
});

it("writes the newest of several snapshots of one aggregate, and none of the others", async () => {
  const { accounts, facts } = setUpBackground({ threshold: 1 });
  for (let save = 0; save < 5; save += 1) await saveEvents(accounts, "a", 1);
  expect(accounts.pendingSnapshotCount).toBe(1);
  expect(await accounts.awaitPendingSnapshots()).toBe(1);
  expect(facts.snapshotVersions).toEqual([5]);
});

it("writes without waiting for a timer when a loop over a driver that blocks leaves timers no turn", async () => {
  const { accounts, facts } = setUpBackground();
  let timerRan = false;
  setTimeout(() => (timerRan = true), 0);
  for (let save = 0; save < 3; save += 1) {
    vi.advanceTimersByTime(60);
    await saveEvents(accounts, "a", 2);
  }
  expect(timerRan).toBe(false);
  expect(facts.snapshotVersions.length).toBeGreaterThan(0);
  await accounts.awaitPendingSnapshots();
  expect(facts.snapshotVersions.at(-1)).toBe(6);
});

it("has one timer at most, however many snapshots are written before it is due", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const { accounts, facts } = setUpBackground({ threshold: 1 });
  for (let save = 0; save < 5; save += 1) {
    await saveEvents(accounts, "a", 1);
    await accounts.awaitPendingSnapshots();
  }
  expect(facts.snapshotVersions).toEqual([1, 2, 3, 4, 5]);
  expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  await saveEvents(accounts, "b", 1);
  await vi.runAllTimersAsync();
  expect(accounts.pendingSnapshotCount).toBe(0);
});

it("never writes two snapshots of one aggregate at once", async () => {
  const { accounts, facts, faults, holdWrites } = setUpBackground({ threshold: 1 });
  const release = holdWrites();
  await saveEvents(accounts, "a", 1);
  const first = accounts.awaitPendingSnapshots();
  await saveEvents(accounts, "a", 1);
  const second = accounts.awaitPendingSnapshots();
  expect(faults.callsOf("saveSnapshot")).toBe(1);
  expect(accounts.pendingSnapshotCount).toBe(2);
  release();
  expect([await first, await second]).toEqual([1, 2]);
  expect(facts.snapshotVersions).toEqual([1, 2]);
});

it("counts failed writes among those that settled, and reports them", async () => {
  const { accounts, faults, facts } = setUpBackground();
  faults.next("saveSnapshot", failing(broken));
  await saveEvents(accounts, "a", 2);
  await saveEvents(accounts, "b", 2);
  expect(await accounts.awaitPendingSnapshots()).toBe(2);
  expect(facts.of("snapshot-failed")).toMatchObject([{ stream: { aggregateId: "a" }, error: broken }]);
  expect(facts.of("snapshot-stored")).toMatchObject([{ stream: { aggregateId: "b" } }]);
});

it("has nothing to wait for when nothing is queued", async () => {
  expect(await setUpBackground().accounts.awaitPendingSnapshots()).toBe(0);
  expect(await setUp({ snapshots: false }).accounts.awaitPendingSnapshots()).toBe(0);
  expect(setUp({ snapshots: false }).accounts.pendingSnapshotCount).toBe(0);
});

it("counts, and close awaits, the writes that a save waits for in sync mode", async () => {
  const { accounts, faults, facts } = setUp({ snapshots: { threshold: 1 } });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  faults.next("saveSnapshot", async (call) => {
    ask();
    await released;
    return call();
  });
  const saving = saveEvents(accounts, "a", 1);
  await asked;
  expect(accounts.pendingSnapshotCount).toBe(1);
  const [settled, closing] = [accounts.awaitPendingSnapshots(), accounts.close()];
  release();
  expect(await settled).toBe(1);
  await closing;
  expect(facts.snapshotVersions).toEqual([1]);
  await saving;
});

it("refuses and reports the newest aggregate when the queue is full, whose next save takes the snapshot", async () => {
  const log: string[] = [];
  const logger = { info: () => undefined, warn: (line: string) => void log.push(line) };
  const { accounts, facts } = setUpBackground({ queueLimit: 2 }, { logger });
  for (const id of ["a", "b", "c"]) await saveEvents(accounts, id, 2);
  const stream = { aggregateType: "Account", aggregateId: "c" };
  expect(facts.of("snapshot-refused")).toEqual([
    { kind: "snapshot-refused", stream, version: 2, reason: "queue-full", why: "every 2 events: version 2 reached 2" },
  ]);
  expect(log).toEqual([expect.stringContaining("queue is full")]);
  expect(await accounts.awaitPendingSnapshots()).toBe(2);
  await saveEvents(accounts, "c", 1);
  await accounts.awaitPendingSnapshots();
  expect(facts.of("snapshot-stored").at(-1)).toMatchObject({ stream: { aggregateId: "c" }, version: 3 });
});

it("takes a newer snapshot of an aggregate that waits although the queue is full", async () => {
  const { accounts, facts } = setUpBackground({ queueLimit: 1 });
  await saveEvents(accounts, "a", 2);
  await saveEvents(accounts, "a", 2);
  await accounts.awaitPendingSnapshots();
  expect(facts.snapshotVersions).toEqual([4]);
  expect(facts.of("snapshot-refused")).toEqual([]);
});

it("trap: 2,000 aggregates behind a slow store make at most 1,000 entries, of which few are written at once", async () => {
  const { accounts, faults, facts, holdWrites } = setUpBackground();
  const release = holdWrites();
  for (let index = 0; index < 2_000; index += 1) await saveEvents(accounts, `id-${index}`, 2);
  expect(accounts.pendingSnapshotCount).toBe(1_000);
  expect(facts.of("snapshot-refused").length).toBe(1_000);
  const drained = accounts.awaitPendingSnapshots();
  expect(faults.callsOf("saveSnapshot")).toBe(4);
  release();
  expect(await drained).toBe(1_000);
  expect(facts.snapshotVersions.length).toBe(1_000);
});

it("close waits for the queue, and writes what is in it", async () => {
  const { accounts, facts } = setUpBackground();
  await saveEvents(accounts, "a", 2);
  await saveEvents(accounts, "b", 2);
  await accounts.close();
  expect(facts.snapshotVersions).toEqual([2, 2]);
});

it("hands waitUntil a promise for each queued snapshot, which settles when it is written", async () => {
  const handed: Promise<void>[] = [];
  const { accounts, faults, facts } = setUpBackground({ waitUntil: (settled) => void handed.push(settled) });
  faults.next("saveSnapshot", failing(broken));
  await saveEvents(accounts, "a", 2);
  await saveEvents(accounts, "b", 2);
  expect(handed.length).toBe(2);
  await Promise.all(handed);
  expect([facts.of("snapshot-failed").length, facts.snapshotVersions]).toEqual([1, [2]]);
});

it("a waitUntil that throws fails no save, is reported, and the snapshot is written all the same", async () => {
  const waitUntil = () => {
    throw new TypeError("Illegal invocation");
  };
  const log: string[] = [];
  const logger = { info: () => undefined, warn: (line: string) => void log.push(line) };
  const { accounts, facts } = setUpBackground({ waitUntil }, { logger });
  await saveEvents(accounts, "a", 2);
  expect(log).toEqual([expect.stringContaining("Illegal invocation")]);
  expect(await accounts.awaitPendingSnapshots()).toBe(1);
  expect(facts.snapshotVersions).toEqual([2]);
});

it("trap: a store that hangs holds the queue up no longer than writeTimeoutMs", async () => {
  const { accounts, faults, facts } = setUpBackground({ writeTimeoutMs: 1 });
  faults.next("saveSnapshot", delayedUntil(new Promise(() => undefined)));
  await saveEvents(accounts, "a", 2);
  expect(await accounts.awaitPendingSnapshots()).toBe(1);
  expect(facts.of("snapshot-failed")).toMatchObject([{ error: { code: "STORE_TIMEOUT", timeoutMs: 1 } }]);
});

it("trap: a store that hangs holds a synchronous save up no longer than writeTimeoutMs, and fails none", async () => {
  const { accounts, faults, facts, eventStore } = setUp({ snapshots: { threshold: 2, writeTimeoutMs: 1 } });
  faults.next("saveSnapshot", delayedUntil(new Promise(() => undefined)));
  await saveEvents(accounts, "a", 2);
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
  expect(facts.of("snapshot-failed")).toMatchObject([{ error: { code: "STORE_TIMEOUT" } }]);
});

it("an older snapshot that lands late does not replace a newer one", async () => {
  const { accounts, snapshotStore, faults } = setUpBackground({ threshold: 1, writeTimeoutMs: 1 });
  const released = Promise.withResolvers<void>();
  const landed = Promise.withResolvers<unknown>();
  faults.next("saveSnapshot", async (call) => {
    await released.promise;
    const answer = await call();
    landed.resolve(answer);
    return answer;
  });
  await saveEvents(accounts, "a", 1);
  await accounts.awaitPendingSnapshots();
  await saveEvents(accounts, "a", 1);
  await accounts.awaitPendingSnapshots();
  released.resolve();
  expect(await landed.promise).toBe("kept");
  expect((await snapshotStore.getSnapshot("a", "Account"))?.version).toBe(2);
});

it.each([0, -1, 1.5, Number.NaN, "5"])("refuses the queue limit %s at construction", (queueLimit) => {
  expect(() => setUpBackground({ queueLimit: queueLimit as number })).toThrow(ConfigurationError);
});
