import { Snapshot, type SnapshotRow, StoreTimeoutError } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "./account.ts";
import { forged, fullReplay, saveEvents, setUp, tampered } from "./setup.ts";

const never = new Promise<never>(() => undefined);
const broken = new Error("connection reset");

/** An account of 12 events with its snapshot at 10, and a repository that logs. */
async function accountWithSnapshot(type: typeof Account = Account) {
  const log: [level: "info" | "warn", line: string][] = [];
  const logger = {
    info: (line: string) => void log.push(["info", line]),
    warn: (line: string) => void log.push(["warn", line]),
  };
  const set = setUp({ logger, snapshots: { threshold: 10, timeoutMs: 1 } });
  await saveEvents(set.accounts, "a", 10);
  await saveEvents(set.accounts, "a", 2);
  const row = await set.snapshotStore.getSnapshot("a", "Account");
  /** Puts another row in the place of the one that was written. */
  const put = async (changed: Snapshot) => {
    set.memory.snapshots.clear();
    await set.memory.snapshots.saveSnapshot(changed);
  };
  const putRow = (change: Partial<SnapshotRow>) => put(tampered(row!, change));
  const putForged = (change: Partial<SnapshotRow>) => put(forged(row!, change));
  set.facts.all.length = 0;
  return { ...set, log, putRow, putForged, loading: set.repositoryOf(type) };
}

type Arrange = (set: Awaited<ReturnType<typeof accountWithSnapshot>>) => unknown;

const misses: [reason: string, level: string | undefined, arrange: Arrange][] = [
  ["missing", undefined, ({ memory }) => memory.snapshots.clear()],
  ["schema-mismatch", "info", ({ putRow }) => putRow({ schemaVersion: 7 })],
  ["fingerprint-mismatch", "warn", ({ putRow }) => putRow({ fingerprint: "another build" })],
  ["corrupt", "warn", ({ putRow }) => putRow({ stateText: '{"balance":' })],
  ["corrupt", "warn", ({ putRow }) => putRow({ version: 13 })],
  ["ahead-of-stream", "warn", ({ putForged }) => putForged({ version: 13 })],
  ["history-mismatch", "warn", ({ putForged }) => putForged({ version: 9 })],
  ["history-mismatch", "warn", ({ putForged }) => putForged({ lastEventId: "of another stream" })],
  ["restore-failed", "warn", ({ putForged }) => putForged({ stateText: "null" })],
  ["unproven", "warn", ({ putRow }) => putRow({ lastEventId: undefined })],
  ["unproven", "warn", ({ putRow }) => putRow({ checksum: undefined })],
  ["store-error", "warn", ({ faults }) => faults.next("getSnapshot", failing(broken))],
  ["timeout", "warn", ({ faults }) => faults.next("getSnapshot", delayedUntil(never))],
];

describe.each(misses)("a load that misses its snapshot: %s", (reason, level, arrange) => {
  async function load() {
    const set = await accountWithSnapshot();
    await arrange(set);
    return { ...set, loaded: await set.loading.load("a") };
  }

  it("gives what a full replay gives", async () => {
    const { loaded, eventStore } = await load();
    const replayed = await fullReplay(eventStore, "a");
    expect([loaded.version, loaded.state]).toEqual([12, replayed.state]);
  });

  it("reports the reason once, and a load that replayed everything", async () => {
    const { facts } = await load();
    expect(facts.missReasons).toEqual([reason]);
    expect(facts.of("loaded")).toMatchObject([{ version: 12, snapshotVersion: undefined, eventsReplayed: 12 }]);
  });

  it(level === undefined ? "logs nothing" : `logs one line, at ${level}`, async () => {
    const { log } = await load();
    expect(log.map(([at]) => at)).toEqual(level === undefined ? [] : [level]);
    for (const [, line] of log) expect(line).toContain(reason);
  });

  it("never logs or reports a value of the state", async () => {
    const { log, facts } = await load();
    expect(JSON.stringify([log, facts.all])).not.toContain("Ada");
  });
});

it("a load that uses its snapshot logs nothing", async () => {
  const { loading, log, facts } = await accountWithSnapshot();
  await loading.load("a");
  expect(log).toEqual([]);
  expect(facts.missReasons).toEqual([]);
  expect(facts.of("loaded")).toMatchObject([{ version: 12, snapshotVersion: 10, eventsReplayed: 2 }]);
});

it("a schema mismatch names both numbers", async () => {
  const { loading, log, facts } = await accountWithSnapshot(AccountOfSchema2);
  await loading.load("a");
  expect(log).toEqual([["info", expect.stringContaining("row 1, class 2")]]);
  expect(facts.of("missed")).toMatchObject([{ wanted: { schemaVersion: 2 }, row: { version: 10, schemaVersion: 1 } }]);
});

it("a miss hands its error to the observer, and its message to the log", async () => {
  const { loading, log, facts, faults } = await accountWithSnapshot();
  faults.next("getSnapshot", failing(broken));
  await loading.load("a");
  expect(facts.of("missed")).toMatchObject([{ error: broken, row: undefined }]);
  expect(log).toEqual([["warn", expect.stringContaining("connection reset")]]);
});

it("trap: an outage of the snapshot store is not taken for corruption: the row stays, and serves the next load", async () => {
  const { loading, facts, faults } = await accountWithSnapshot();
  faults.next("getSnapshot", failing(broken));
  await loading.load("a");
  await loading.load("a");
  expect(facts.missReasons).toEqual(["store-error"]);
  expect(facts.of("loaded").map(({ snapshotVersion }) => snapshotVersion)).toEqual([undefined, 10]);
});

it("trap: a snapshot store that hangs holds a load up no longer than timeoutMs", async () => {
  const { loading, facts, faults } = await accountWithSnapshot();
  faults.every("getSnapshot", delayedUntil(never));
  expect((await loading.load("a")).version).toBe(12);
  const [miss] = facts.of("missed");
  expect(miss?.error).toBeInstanceOf(StoreTimeoutError);
  expect(miss?.error).toMatchObject({ timeoutMs: 1 });
});

it("trap: a corrupt row does not become the default state at the snapshot's version", async () => {
  const { loading, putRow, eventStore } = await accountWithSnapshot();
  await putRow({ stateText: "" });
  expect((await loading.load("a")).state).toEqual((await fullReplay(eventStore, "a")).state);
});

it("trap: a corrupt row is not tried again at each load forever: the next due write replaces it", async () => {
  const { loading, putRow, facts } = await accountWithSnapshot();
  await putRow({ stateText: "{" });
  await saveEvents(loading, "a", 1);
  await loading.load("a");
  expect(facts.missReasons).toEqual(["corrupt"]);
  expect(facts.snapshotVersions).toEqual([13]);
});

it("trap: a row ahead of a restored stream is replaced by the next due write, although it is newer", async () => {
  const { loading, putForged, facts } = await accountWithSnapshot();
  await putForged({ version: 1_000 });
  await saveEvents(loading, "a", 1);
  await loading.load("a");
  expect(facts.missReasons).toEqual(["ahead-of-stream"]);
  expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 13 });
});

it.each([
  ["corrupt", tampered],
  ["history-mismatch", forged],
])("trap: a row copied from another aggregate is not trusted: %s", async (reason, copiedBy) => {
  const { loading, memory, facts, eventStore } = await accountWithSnapshot();
  await saveEvents(loading, "b", 10);
  const copied = await memory.snapshots.getSnapshot("b", "Account");
  memory.snapshots.clear();
  await memory.snapshots.saveSnapshot(copiedBy(copied!, { aggregateId: "a" }));
  expect((await loading.load("a")).state).toEqual((await fullReplay(eventStore, "a")).state);
  expect(facts.missReasons).toEqual(["missing", reason]);
});

it("a snapshot of a stream without events is not used, and the aggregate is not there", async () => {
  const { accounts, snapshotStore, facts } = setUp({ snapshots: {} });
  await snapshotStore.saveSnapshot(
    new Snapshot({ aggregateType: "Account", aggregateId: "a", version: 3, state: {}, schemaVersion: 1 }),
  );
  expect(await accounts.find("a")).toBeUndefined();
  expect(facts.missReasons).toEqual(["unproven"]);
});

it("prefers the row of its own schema version to a newer one of another", async () => {
  const { accounts, facts, repositoryOf } = setUp({ snapshots: { threshold: 10 } });
  await saveEvents(accounts, "a", 10);
  await saveEvents(repositoryOf(AccountOfSchema2), "a", 5);
  await accounts.load("a");
  expect(facts.of("loaded").at(-1)).toMatchObject({ version: 15, snapshotVersion: 10 });
});

it("two schema versions run side by side without evicting each other's snapshots", async () => {
  const { accounts, facts, memory, repositoryOf } = setUp({ snapshots: { threshold: 2 } });
  const upgraded = repositoryOf(AccountOfSchema2);
  for (let round = 0; round < 4; round += 1) {
    await saveEvents(accounts, "a", 2);
    await saveEvents(upgraded, "a", 2);
  }
  expect(memory.snapshots.snapshotCount).toBe(2);
  facts.all.length = 0;
  await accounts.load("a");
  await upgraded.load("a");
  expect(facts.of("loaded").map(({ snapshotVersion }) => snapshotVersion)).toEqual([14, 16]);
});
