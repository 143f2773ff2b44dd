import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import {
  ClosedError,
  ConfigurationError,
  DuplicateEventError,
  type EventStore,
  type NewEvent,
  newEvent,
  OptimisticConcurrencyError,
  type Snapshot,
  StoreBusyError,
  StoreOverloadedError,
  StreamErasedError,
  type StreamId,
} from "eventfold";
import { openSqlite, SqliteEventStore } from "eventfold/sqlite";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  filledStream,
  idsOf,
  newStream,
  numbers,
  readStreamToEnd,
  someEvents,
} from "../../src/testing/contracts/contract.ts";
import { rowOf, someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";

const folder = mkdtempSync(join(tmpdir(), "eventfold-sqlite-groups-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.db`);
const groupCommit = true;

it("stores the appends of one turn in one transaction, and each has its own answer", async () => {
  const file = newFile();
  const store = new SqliteEventStore(file, { groupCommit });
  const commits = commitsOf(file);
  const streams = numbers(1, 50).map(() => newStream());
  const before = commits();
  const versions = await Promise.all(
    streams.map((stream, index) => append(store, stream, someEvents(1 + (index % 3)))),
  );
  expect(versions).toEqual(streams.map((_, index) => ({ version: 1 + (index % 3) })));
  expect(commits() - before).toBe(1);
  await append(store, newStream(), someEvents(1));
  expect(commits() - before).toBe(2);
  await store.close();
});

it("takes events and stream as they are when they are handed over", async () => {
  const store = new SqliteEventStore(":memory:", { groupCommit });
  const stream = { aggregateType: "Account", aggregateId: "a" };
  const [first, second] = someEvents(2).map((event) => ({ ...event })) as [NewEvent, NewEvent];
  const events = [first];
  const appending = store.append(stream, events, { expectedVersion: 0 });
  events.push(second);
  Object.assign(first, { type: "Changed", dataText: "broken" });
  stream.aggregateId = "b";
  expect(await appending).toEqual({ version: 1 });
  const [stored] = await readStreamToEnd(store.read({ aggregateType: "Account", aggregateId: "a" }));
  expect(stored).toMatchObject({ id: first.id, type: "Happened0" });
  await store.close();
});

it("takes the snapshot of an append as it is when it is handed over", async () => {
  const { eventStore, snapshotStore, close } = openSqlite(":memory:", { groupCommit });
  const stream = newStream();
  const events = someEvents(1);
  const row = rowOf(someSnapshot({ ...stream, version: 1, stateText: '{"balance":1}' }));
  const before = { ...row };
  const snapshot = row as Snapshot;
  const appending = snapshotStore.jointWith(eventStore)?.append(stream, events, { expectedVersion: 0, snapshot });
  Object.assign(row, { aggregateId: "another", version: 7, stateText: '{"balance":1000000}', checksum: "other" });
  expect(await appending).toEqual({ version: 1, snapshot: "stored" });
  const stored = await snapshotStore.getSnapshot(stream.aggregateId, stream.aggregateType);
  expect(stored && rowOf(stored)).toEqual(before);
  await close();
});

it("goes on while a test has the timers in its hand", async () => {
  const store = new SqliteEventStore(":memory:", { groupCommit });
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers();
  expect(await append(store, newStream(), someEvents(1))).toEqual({ version: 1 });
  await store.close();
});

describe("in the middle of a group", () => {
  it("a conflict, an erased stream and a stored event id each fail their save alone", async () => {
    const file = newFile();
    const store = new SqliteEventStore(file, { groupCommit });
    const behind = await filledStream(store, 3);
    const erased = await filledStream(store, 1);
    await store.eraseStream(erased);
    const good = numbers(1, 4).map(() => newStream());
    const duplicating = newStream();
    const commits = commitsOf(file);
    const before = commits();
    const outcomes = await Promise.allSettled([
      append(store, good[0]!, someEvents(1)),
      append(store, behind, someEvents(2), 1),
      append(store, good[1]!, someEvents(3)),
      append(store, erased, someEvents(1), 1),
      append(store, good[2]!, someEvents(2)),
      append(store, duplicating, [...someEvents(2), behind.events[1]!, ...someEvents(1)]),
      append(store, good[3]!, someEvents(1), "any"),
      append(store, good[3]!, someEvents(1), 1),
      append(store, good[3]!, someEvents(1), 1),
    ]);
    expect(outcomes).toMatchObject([
      { value: { version: 1 } },
      {
        reason: {
          name: OptimisticConcurrencyError.name,
          stream: streamOf(behind),
          expectedVersion: 1,
          actualVersion: 3,
        },
      },
      { value: { version: 3 } },
      { reason: { name: StreamErasedError.name, stream: streamOf(erased) } },
      { value: { version: 2 } },
      { reason: { name: DuplicateEventError.name, stream: duplicating, eventId: behind.events[1]!.id } },
      { value: { version: 1 } },
      { value: { version: 2 } },
      { reason: { name: OptimisticConcurrencyError.name, expectedVersion: 1, actualVersion: 2 } },
    ]);
    expect(commits() - before).toBe(1);
    const streams = [good[0]!, behind, good[1]!, erased, good[2]!, duplicating, good[3]!];
    expect(await Promise.all(streams.map((stream) => store.versionOf(stream)))).toEqual([1, 3, 3, 0, 2, 0, 2]);
    await store.close();
  });

  // With ROLLBACK, SQLite has undone the whole transaction when the error arrives, as it does when a disk is full.
  it.each(["ABORT", "FAIL", "ROLLBACK"])(
    "what the database refuses of one by RAISE(%s) is stored of the others",
    async (how) => {
      const file = newFile();
      const store = new SqliteEventStore(file, { groupCommit });
      const other = new DatabaseSync(file);
      other.exec(
        `CREATE TRIGGER no_bad AFTER INSERT ON events WHEN NEW.type = 'Bad' BEGIN SELECT RAISE(${how}, 'bad'); END`,
      );
      other.close();
      const streams = numbers(1, 5).map(() => newStream());
      const bad = [...someEvents(1), newEvent({ type: "Bad", data: 1 }), ...someEvents(1)];
      const outcomes = await Promise.allSettled(
        streams.map((stream, index) => append(store, stream, index === 2 ? bad : someEvents(2))),
      );
      expect(outcomes.map(({ status }) => status)).toEqual([
        "fulfilled",
        "fulfilled",
        "rejected",
        "fulfilled",
        "fulfilled",
      ]);
      expect(outcomes[2]).toMatchObject({ reason: { message: "bad" } });
      expect(await Promise.all(streams.map((stream) => store.versionOf(stream)))).toEqual([2, 2, 0, 2, 2]);
      await store.close();
    },
  );

  it("an append with a snapshot takes part, and neither is stored without the other", async () => {
    const file = newFile();
    const { eventStore, snapshotStore, close } = openSqlite(file, { groupCommit });
    const joint = snapshotStore.jointWith(eventStore)!;
    const streams = numbers(1, 3).map(() => newStream());
    const commits = commitsOf(file);
    const before = commits();
    const outcomes = await Promise.allSettled([
      append(eventStore, streams[0]!, someEvents(1)),
      joint.append(streams[1]!, someEvents(2), {
        expectedVersion: 0,
        snapshot: someSnapshot({ ...streams[1]!, version: 2 }),
      }),
      joint.append(streams[2]!, someEvents(2), {
        expectedVersion: 1,
        snapshot: someSnapshot({ ...streams[2]!, version: 3 }),
      }),
    ]);
    expect(outcomes).toMatchObject([
      { value: { version: 1 } },
      { value: { version: 2, snapshot: "stored" } },
      { reason: { name: OptimisticConcurrencyError.name } },
    ]);
    expect(commits() - before).toBe(1);
    const exists = streams.map(({ aggregateId, aggregateType }) =>
      snapshotStore.snapshotExists(aggregateId, aggregateType),
    );
    expect(await Promise.all(exists)).toEqual([false, true, false]);
    await close();
  });
});

it("tells every caller when the database stays locked, and has stored nothing then", async () => {
  const file = newFile();
  const store = new SqliteEventStore(file, { groupCommit, busyTimeoutMs: 0 });
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  const streams = numbers(1, 3).map(() => newStream());
  const outcomes = await Promise.allSettled(streams.map((stream) => append(store, stream, someEvents(1))));
  expect(outcomes).toMatchObject(streams.map(() => ({ reason: { name: StoreBusyError.name } })));
  other.close();
  expect(await store.readAll()).toEqual([]);
  await store.close();
});

it("goes on while a loop of reads gives the event loop no turn", async () => {
  const { eventStore, snapshotStore, close } = openSqlite(":memory:", { groupCommit });
  const stream = newStream();
  const wanted = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
  const read = { bySingleStore: false };
  for (const _ of numbers(1, 2)) {
    const expectedVersion = await eventStore.versionOf(stream);
    const progress = { saving: true };
    const appending = append(eventStore, stream, someEvents(1), expectedVersion).finally(() => {
      progress.saving = false;
    });
    while (progress.saving) {
      if (read.bySingleStore) await eventStore.versionOf(stream);
      else await snapshotStore.jointWith(eventStore)!.readForLoad(stream, wanted, 10);
    }
    await appending;
    read.bySingleStore = true;
  }
  await close();
});

describe("close", () => {
  it.each(["of the store", "of both stores"])("%s stores what waits, and refuses what comes then", async (which) => {
    const file = newFile();
    const { eventStore, close } =
      which === "of the store"
        ? standingAlone(new SqliteEventStore(file, { groupCommit }))
        : openSqlite(file, { groupCommit });
    const saves = numbers(1, 250).map(() => append(eventStore, newStream(), someEvents(1)));
    const closing = close();
    await expect(append(eventStore, newStream(), someEvents(1))).rejects.toThrow(ClosedError);
    await closing;
    expect(await Promise.all(saves)).toHaveLength(250);
    const again = new SqliteEventStore(file);
    expect(await again.readAll()).toHaveLength(250);
    await again.close();
    await setImmediate();
  });
});

it("refuses an append beyond 10,000 that wait, and stores the others", async () => {
  const store = new SqliteEventStore(":memory:", { groupCommit });
  const stream = newStream();
  const saves = numbers(1, 10_000).map(() => append(store, stream, someEvents(1), "any"));
  await expect(append(store, stream, someEvents(1), "any")).rejects.toMatchObject({
    name: StoreOverloadedError.name,
    waiting: 10_000,
  });
  expect((await Promise.all(saves)).at(-1)).toEqual({ version: 10_000 });
  await store.close();
});

it("refuses a connection of the caller, on which a transaction of theirs may be open", () => {
  const handle = new DatabaseSync(":memory:");
  for (const open of [openSqlite, (...args: Parameters<typeof openSqlite>) => new SqliteEventStore(...args)]) {
    expect(() => open(handle, { groupCommit })).toThrow(ConfigurationError);
    expect(() => open(handle, { groupCommit: false })).not.toThrow();
  }
  handle.close();
});

it("tells the truth to savers of two connections that race", async () => {
  const file = newFile();
  const stores = [1, 2].map(() => new SqliteEventStore(file, { groupCommit }));
  const [reading] = stores as [SqliteEventStore];
  const streams = numbers(1, 5).map(() => newStream());
  const won: { stream: StreamId; from: number; ids: string[] }[] = [];
  let lost = 0;
  const save = async (saver: number): Promise<void> => {
    const store = stores[saver % 2]!;
    for (let turn = 0; turn < 40; turn += 1) {
      const stream = streams[(saver * 3 + turn) % streams.length]!;
      const events = someEvents(1 + ((saver * 7 + turn) % 5), { saver, turn });
      const expectedVersion = turn % 4 === 0 ? "any" : await store.versionOf(stream);
      try {
        const { version } = await append(store, stream, events, expectedVersion);
        won.push({ stream, from: version - events.length, ids: idsOf(events) });
      } catch (error) {
        if (!(error instanceof OptimisticConcurrencyError)) throw error;
        expect(error.actualVersion).toBeGreaterThan(expectedVersion as number);
        lost += 1;
      }
    }
  };
  await Promise.all(numbers(1, 16).map(save));
  expect(lost).toBeGreaterThan(0);
  for (const stream of streams) {
    const stored = idsOf(await readStreamToEnd(reading.read(stream)));
    const saves = won.filter((each) => each.stream === stream).toSorted((a, b) => a.from - b.from);
    expect(stored).toEqual(saves.flatMap(({ ids }) => ids));
  }
  await Promise.all(stores.map((store) => store.close()));
});

function append(store: EventStore, stream: StreamId, events: NewEvent[], expectedVersion: number | "any" = 0) {
  return store.append(streamOf(stream), events, { expectedVersion });
}

function streamOf({ aggregateType, aggregateId }: StreamId): StreamId {
  return { aggregateType, aggregateId };
}

function standingAlone(eventStore: SqliteEventStore) {
  return { eventStore, close: () => eventStore.close() };
}

/** Counts the transactions in the write-ahead log: the last page of each says how large the database is then. */
function commitsOf(file: string): () => number {
  return () => {
    const log = readFileSync(`${file}-wal`);
    const frameBytes = 24 + log.readUInt32BE(8);
    let commits = 0;
    for (let at = 32; at < log.length; at += frameBytes) if (log.readUInt32BE(at + 4) > 0) commits += 1;
    return commits;
  };
}
