import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AggregateNotFoundError,
  type EventStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  Snapshot,
  type SnapshotStore,
  StoreBusyError,
  StreamErasedError,
} from "eventfold";
import { InstrumentedEventStore } from "eventfold/opentelemetry";
import { SqliteEventStore, SqliteSnapshotStore } from "eventfold/sqlite";
import { type Fault, failing } from "eventfold/testing";
import { afterAll, describe, expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { saveEvents } from "../aggregates/setup.ts";
import { eachDatabase } from "./databases.ts";
import { setUpOn } from "./setup.ts";

const busy = new StoreBusyError({ cause: new Error("55P03") });
const carriedOut: Fault = (call) => call();

type Open = () => Promise<{ readonly eventStore: EventStore; readonly snapshotStore: SnapshotStore }>;

async function snapshotted(open: Open) {
  const set = await setUpOn(open);
  const { id, storage } = set;
  const stream = { aggregateType: "Account", aggregateId: id };
  const accounts = set.repositoryOf(Account, { threshold: 1 });
  await saveEvents(accounts, id, 12);
  const stored = async () => (await storage.snapshotStore.getSnapshot(id, "Account"))?.version;
  const saveSnapshot = (version: number) =>
    storage.snapshotStore.saveSnapshot(new Snapshot({ ...stream, version, state: {} }));
  const expectGone = async () => {
    expect(await stored()).toBeUndefined();
    for (const version of [1, 12, 13, Number.MAX_SAFE_INTEGER]) {
      await expect(saveSnapshot(version)).rejects.toThrow(StreamErasedError);
    }
    await expect(accounts.load(id)).rejects.toThrow(AggregateNotFoundError);
    await expect(saveEvents(accounts, id, 1)).rejects.toThrow(StreamErasedError);
  };
  return { ...set, accounts, stored, saveSnapshot, expectGone };
}

/** What holds wherever the rows are. */
function eachWay(open: Open): void {
  it("an erasure that fails at the events leaves an aggregate that lives, and has snapshots again", async () => {
    const { accounts, id, faults, stored, replayed } = await snapshotted(open);
    faults.next("eraseStream", failing(busy));
    await expect(accounts.erase(id, { events: true })).rejects.toBe(busy);
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    const account = await saveEvents(accounts, id, 1);
    expect(await stored()).toBe(13);
    expect((await accounts.createSnapshot(account)).version).toBe(13);
    await accounts.erase(id);
    await accounts.createSnapshot(await saveEvents(accounts, id, 1));
    expect(await stored()).toBe(14);
  });

  it("an erasure that failed at the events is completed by a repetition", async () => {
    const { accounts, id, faults, expectGone } = await snapshotted(open);
    faults.next("eraseStream", failing(busy));
    await expect(accounts.erase(id, { events: true })).rejects.toBe(busy);
    expect(await accounts.erase(id, { events: true })).toMatchObject({ events: 12 });
    await expectGone();
  });
}

/** One call after the other: where the repository cannot tell that both stores are one, or they are two. */
function eachCall(open: Open): void {
  eachWay(open);

  it("an erasure that fails at once has changed nothing", async () => {
    const { accounts, id, faults, stored } = await snapshotted(open);
    faults.next("eraseSnapshots", failing(busy));
    await expect(accounts.erase(id, { events: true })).rejects.toBe(busy);
    expect(await stored()).toBe(12);
    expect((await accounts.createSnapshot(await accounts.load(id))).version).toBe(12);
  });

  it("a snapshot of before cannot come back after an erasure that failed at the events", async () => {
    const { accounts, id, faults, stored, saveSnapshot } = await snapshotted(open);
    faults.next("eraseStream", failing(busy));
    await expect(accounts.erase(id, { events: true })).rejects.toBe(busy);
    await expect(saveSnapshot(12)).rejects.toThrow(StreamErasedError);
    await expect(accounts.createSnapshot(await accounts.load(id))).rejects.toThrow("after its next event");
    expect(await stored()).toBeUndefined();
  });

  it("takes along what was saved between two of its steps, with its snapshot", async () => {
    const { accounts, repositoryOf, id, faults, expectGone } = await snapshotted(open);
    faults.next("eraseStream", async (call) => {
      await saveEvents(repositoryOf(Account, { threshold: 1 }), id, 2);
      return await call();
    });
    expect(await accounts.erase(id, { events: true })).toMatchObject({ events: 14 });
    await expectGone();
  });

  it("an erasure that fails after the events leaves no aggregate, and is completed by a repetition", async () => {
    const { accounts, id, faults, stored, saveSnapshot, expectGone } = await snapshotted(open);
    faults.next("eraseSnapshots", carriedOut);
    faults.next("eraseSnapshots", failing(busy));
    await expect(accounts.erase(id, { events: true })).rejects.toBe(busy);
    expect(await accounts.find(id)).toBeUndefined();
    await expect(saveSnapshot(12)).rejects.toThrow(StreamErasedError);
    expect(await stored()).toBeUndefined();
    expect(await accounts.erase(id, { events: true })).toEqual({ snapshots: 0, events: 0 });
    await expectGone();
  });
}

eachDatabase((open) => {
  eachWay(open);

  it("an erasure of one database is one call, which counts both kinds of rows", async () => {
    const { accounts, id, faults, expectGone } = await snapshotted(open);
    expect(await accounts.erase(id, { events: true })).toEqual({ snapshots: 1, events: 12 });
    expect([faults.callsOf("eraseStream"), faults.callsOf("eraseSnapshots")]).toEqual([1, 0]);
    await expectGone();
  });

  it("an erasure of one database that fails has changed nothing", async () => {
    const { accounts, id, faults, stored } = await snapshotted(open);
    faults.next("eraseStream", failing(busy));
    await expect(accounts.erase(id, { events: true })).rejects.toBe(busy);
    expect(await stored()).toBe(12);
    expect((await accounts.createSnapshot(await accounts.load(id))).version).toBe(12);
  });

  describe("behind a decorator that the snapshot store does not know", () => {
    const hidden: Open = async () => {
      const { eventStore, snapshotStore } = await open();
      return { eventStore: new InstrumentedEventStore(eventStore), snapshotStore };
    };
    eachCall(hidden);

    it("counts the snapshots all the same", async () => {
      const { accounts, id } = await snapshotted(hidden);
      expect(await accounts.erase(id, { events: true })).toEqual({ snapshots: 1, events: 12 });
    });
  });
});

describe("two stores", () => {
  describe("in memory", () => {
    eachCall(async () => ({ eventStore: new InMemoryEventStore(), snapshotStore: new InMemorySnapshotStore() }));
  });

  describe("in two SQLite files", () => {
    const folder = mkdtempSync(join(tmpdir(), "eventfold-"));
    const eventStore = new SqliteEventStore(join(folder, "events.db"));
    const snapshotStore = new SqliteSnapshotStore(join(folder, "snapshots.db"));
    afterAll(async () => {
      await eventStore.close();
      await snapshotStore.close();
      rmSync(folder, { recursive: true });
    });
    const open: Open = async () => ({ eventStore, snapshotStore });
    eachCall(open);

    it("counts the snapshots that were saved between two steps, too", async () => {
      const { accounts, repositoryOf, id, faults } = await snapshotted(open);
      faults.next("eraseStream", async (call) => {
        await saveEvents(repositoryOf(Account, { threshold: 1 }), id, 2);
        return await call();
      });
      expect(await accounts.erase(id, { events: true })).toEqual({ snapshots: 2, events: 14 });
    });
  });
});
