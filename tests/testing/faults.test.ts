import { ClosedError, InMemoryEventStore, InMemorySnapshotStore, newEvent, Snapshot } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import {
  answeredAfter,
  delayedUntil,
  Faults,
  FaultyEventStore,
  FaultySnapshotStore,
  failing,
  losingAnswer,
} from "eventfold/testing";
import { expect, it } from "vitest";

const stream = { aggregateType: "Account", aggregateId: "a" };
const broken = new Error("connection reset");

function openStores() {
  const faults = new Faults();
  const eventStore = new FaultyEventStore(new InMemoryEventStore(), faults);
  const snapshotStore = new FaultySnapshotStore(new InMemorySnapshotStore(), faults);
  const append = () => eventStore.append(stream, [newEvent({ type: "Opened", data: {} })], { expectedVersion: "any" });
  return { faults, eventStore, snapshotStore, append };
}

it("fails the next call only, without carrying it out", async () => {
  const { faults, eventStore, append } = openStores();
  faults.next("append", failing(broken));
  await expect(append()).rejects.toBe(broken);
  expect(await eventStore.versionOf(stream)).toBe(0);
  expect(await append()).toEqual({ version: 1 });
});

it("fails every call until the plans are cleared", async () => {
  const { faults, append } = openStores();
  faults.every("append", failing(broken));
  await expect(append()).rejects.toBe(broken);
  await expect(append()).rejects.toBe(broken);
  faults.clear();
  expect(await append()).toEqual({ version: 1 });
});

it("strikes as often as was planned, one after the other, before what is planned for every call", async () => {
  const { faults, append } = openStores();
  const [first, second] = [new Error("first"), new Error("second")];
  faults.every("append", failing(broken));
  faults.next("append", failing(first));
  faults.next("append", failing(second));
  await expect(append()).rejects.toBe(first);
  await expect(append()).rejects.toBe(second);
  await expect(append()).rejects.toBe(broken);
});

it("carries a call out whose answer it loses", async () => {
  const { faults, eventStore, append } = openStores();
  faults.next("append", losingAnswer(broken));
  await expect(append()).rejects.toBe(broken);
  expect(await eventStore.versionOf(stream)).toBe(1);
});

it("lets a call hang until it is released, and carries it out then", async () => {
  const { faults, eventStore, append } = openStores();
  const { promise, resolve } = Promise.withResolvers<void>();
  faults.next("append", delayedUntil(promise));
  const hanging = append();
  expect(await append()).toEqual({ version: 1 });
  resolve();
  expect(await hanging).toEqual({ version: 2 });
  expect(await eventStore.versionOf(stream)).toBe(2);
});

it("carries a call out at once whose answer it holds back", async () => {
  const { faults, eventStore, append } = openStores();
  const { promise, resolve } = Promise.withResolvers<void>();
  faults.next("append", answeredAfter(promise));
  const held = append();
  expect(await append()).toEqual({ version: 2 });
  expect(await eventStore.versionOf(stream)).toBe(2);
  resolve();
  expect(await held).toEqual({ version: 1 });
});

it("strikes one method and no other, and counts the calls of each", async () => {
  const { faults, eventStore, snapshotStore, append } = openStores();
  faults.every("getSnapshot", failing(broken));
  await append();
  await snapshotStore.saveSnapshot(new Snapshot({ ...stream, version: 1, state: {} }));
  await expect(snapshotStore.getSnapshot("a", "Account")).rejects.toBe(broken);
  await expect(snapshotStore.getSnapshot("a", "Account")).rejects.toBe(broken);
  expect(await eventStore.exists(stream)).toBe(true);
  const points = ["append", "saveSnapshot", "getSnapshot", "exists", "readPage"] as const;
  expect(points.map((point) => faults.callsOf(point))).toEqual([1, 1, 2, 1, 0]);
});

it("strikes in the middle of a read, at its pages", async () => {
  const { faults, eventStore, append } = openStores();
  for (let version = 1; version <= 4; version += 1) await append();
  const read = eventStore.read(stream, { pageSize: 2 })[Symbol.asyncIterator]();
  expect((await read.next()).value?.version).toBe(1);
  faults.next("readPage", failing(broken));
  expect((await read.next()).value?.version).toBe(2);
  await expect(read.next()).rejects.toBe(broken);
});

it("passes on the error of a call whose answer was to be lost", async () => {
  const { faults, eventStore, append } = openStores();
  await eventStore.close();
  faults.next("append", losingAnswer(broken));
  await expect(append()).rejects.toThrow(ClosedError);
});

it("knows no joint reads of stores that share no database", () => {
  const { eventStore, snapshotStore } = openStores();
  expect(snapshotStore.jointWith(eventStore)).toBeUndefined();
});

it("strikes erasures, and counts them", async () => {
  const { faults, eventStore, snapshotStore, append } = openStores();
  await append();
  faults.next("eraseStream", failing(broken));
  await expect(eventStore.eraseStream(stream)).rejects.toBe(broken);
  expect(await eventStore.versionOf(stream)).toBe(1);
  faults.next("eraseStream", losingAnswer(broken));
  await expect(eventStore.eraseStream(stream)).rejects.toBe(broken);
  expect(await eventStore.versionOf(stream)).toBe(0);
  faults.next("eraseSnapshots", failing(broken));
  await expect(snapshotStore.eraseSnapshots("a", "Account", { throughVersion: 1 })).rejects.toBe(broken);
  expect(await snapshotStore.eraseSnapshots("a", "Account", { throughVersion: 1 })).toBe(0);
  expect([faults.callsOf("eraseStream"), faults.callsOf("eraseSnapshots")]).toEqual([2, 2]);
});

it("strikes an append that brings a snapshot along, and carries out a plain one after it", async () => {
  const faults = new Faults();
  const storage = openSqlite(":memory:");
  const eventStore = new FaultyEventStore(storage.eventStore, faults);
  const joint = new FaultySnapshotStore(storage.snapshotStore, faults).jointWith(eventStore)!;
  const events = [newEvent({ type: "Opened", data: {} })];
  const options = { expectedVersion: 0, snapshot: new Snapshot({ ...stream, version: 1, state: {} }) };
  faults.next("append", failing(broken));
  await expect(joint.append(stream, events, options)).rejects.toBe(broken);
  expect(await eventStore.append(stream, events, { expectedVersion: 0 })).toEqual({ version: 1 });
  expect(faults.callsOf("append")).toBe(2);
  await storage.close();
});
