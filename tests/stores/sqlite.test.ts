import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import BetterSqlite from "better-sqlite3";
import type { EventStore, SnapshotStore } from "eventfold";
import {
  openSqlite,
  SqliteEventStore,
  type SqliteHandle,
  SqliteSnapshotStore,
  type SqliteSource,
} from "eventfold/sqlite";
import {
  eventStoreContract,
  Faults,
  FaultyEventStore,
  FaultySnapshotStore,
  jointStoreContract,
  snapshotStoreContract,
} from "eventfold/testing";
import { afterAll, describe, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "eventfold-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const betterFile = new BetterSqlite(join(folder, "better.db"));
// The data is thrown away at the end, so nothing needs to reach the disk.
betterFile.exec("PRAGMA synchronous = OFF");

/** Everything that a database may be opened from. A connection of one's own is shared by all cases, and so is the file. */
const sources: Readonly<Record<string, () => SqliteSource>> = {
  "a database in memory": () => ":memory:",
  "a file": () => join(folder, "contract.db"),
  "a connection of node:sqlite": constant(new DatabaseSync(":memory:")),
  "a connection of node:sqlite that returns bigints": constant(new DatabaseSync(":memory:", { readBigInts: true })),
  "a connection of better-sqlite3": constant(betterFile),
  "a connection of better-sqlite3 that returns bigints": constant(new BetterSqlite(":memory:").defaultSafeIntegers()),
};

for (const [source, open] of Object.entries(sources)) {
  describe(`SQLite on ${source}`, () => {
    for (const { title, run } of eventStoreContract) it(title, () => run(() => new SqliteEventStore(open())));
    for (const { title, run } of snapshotStoreContract) it(title, () => run(() => new SqliteSnapshotStore(open())));
    for (const { title, run } of jointStoreContract) it(title, () => run(() => openSqlite(open())));
  });
}

describe.each([
  ["a file", () => join(folder, "grouped.db")],
  ["a database in memory", () => ":memory:"],
])("SQLite with group commit on %s", (_source, open) => {
  const groupCommit = true;
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => new SqliteEventStore(open(), { groupCommit })));
  }
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => new SqliteSnapshotStore(open(), { groupCommit })));
  }
  for (const { title, run } of jointStoreContract) it(title, () => run(() => openSqlite(open(), { groupCommit })));
});

describe("SQLite behind decorators that have no fault planned", () => {
  const faultyEvents = (store: EventStore): EventStore => new FaultyEventStore(store, new Faults());
  const faultySnapshots = (store: SnapshotStore): SnapshotStore => new FaultySnapshotStore(store, new Faults());
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => faultyEvents(new SqliteEventStore(":memory:"))));
  }
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => faultySnapshots(new SqliteSnapshotStore(":memory:"))));
  }
  for (const { title, run } of jointStoreContract) {
    it(title, () =>
      run(() => {
        const { eventStore, snapshotStore, close } = openSqlite(":memory:");
        return { eventStore: faultyEvents(eventStore), snapshotStore: faultySnapshots(snapshotStore), close };
      }),
    );
  }
});

function constant(handle: SqliteHandle): () => SqliteHandle {
  return () => handle;
}
