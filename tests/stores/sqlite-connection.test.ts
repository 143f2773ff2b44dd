import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import BetterSqlite from "better-sqlite3";
import {
  ClosedError,
  ConfigurationError,
  CorruptSnapshotError,
  CorruptStreamError,
  DuplicateEventError,
  InMemoryEventStore,
  InvalidNumberError,
  newEvent,
  OptimisticConcurrencyError,
  Snapshot,
  StoreBusyError,
  type StoredEvent,
} from "eventfold";
import {
  openSqlite,
  SqliteEventStore,
  type SqliteHandle,
  type SqliteOptions,
  SqliteSnapshotStore,
} from "eventfold/sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { openHandle, switchToWal } from "../../src/stores/sqlite/handle.ts";

const folder = mkdtempSync(join(tmpdir(), "eventfold-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.db`);

const stream = { aggregateType: "Account", aggregateId: "a" };
const events = (count: number) =>
  Array.from({ length: count }, (_, index) => newEvent({ type: "Happened", data: index }));
const snapshot = (version: number) => new Snapshot({ ...stream, version, state: { version } });

/** The values of the one row that `sql` gives. */
function ask(handle: SqliteHandle, sql: string): unknown[] {
  return Object.values(handle.prepare(sql).all()[0] as object);
}

async function readToEnd(read: AsyncIterable<StoredEvent>): Promise<void> {
  for await (const _ of read);
}

describe("a connection that Eventfold opened", () => {
  it("survives a power cut, lets readers work beside a writer, and waits for other processes", () => {
    const handle = openHandle(newFile(), {});
    expect(ask(handle, "PRAGMA journal_mode")).toEqual(["wal"]);
    expect(ask(handle, "PRAGMA synchronous")).toEqual([2]);
    expect(ask(handle, "PRAGMA busy_timeout")).toEqual([5_000]);
    handle.close();
  });

  it("waits for other processes as long as it was told", () => {
    const handle = openHandle(newFile(), { busyTimeoutMs: 17 });
    expect(ask(handle, "PRAGMA busy_timeout")).toEqual([17]);
    handle.close();
  });

  it("waits with the switch to WAL until another process has finished writing", () => {
    const file = newFile();
    const writer = new DatabaseSync(file);
    writer.exec("CREATE TABLE notes (text TEXT); BEGIN IMMEDIATE");
    const connection = new DatabaseSync(file);
    // Stands in for the time that passes: the writer has finished as soon as the second one waits for it.
    const waits: string[] = [];
    switchToWal({
      exec(sql) {
        if (sql.startsWith("BEGIN")) waits.push(sql);
        if (waits.length === 1 && writer.isTransaction) writer.exec("COMMIT");
        connection.exec(sql);
      },
    });
    expect(waits).toHaveLength(1);
    expect(ask(connection, "PRAGMA journal_mode")).toEqual(["wal"]);
    writer.close();
    connection.close();
  });

  it("is closed with the storage, once", async () => {
    const file = newFile();
    const { eventStore, snapshotStore, close } = openSqlite(file);
    await eventStore.append(stream, events(1), { expectedVersion: 0 });
    expect(existsSync(`${file}-wal`)).toBe(true);
    await close();
    await close();
    // SQLite tidies up when the last connection is closed.
    expect(existsSync(`${file}-wal`)).toBe(false);
    await expect(eventStore.versionOf(stream)).rejects.toThrow(ClosedError);
    await expect(snapshotStore.snapshotExists("a", "Account")).rejects.toThrow(ClosedError);
  });

  it("is closed with the one store that opened it", async () => {
    for (const Store of [SqliteEventStore, SqliteSnapshotStore]) {
      const file = newFile();
      const store = new Store(file);
      expect(existsSync(`${file}-wal`)).toBe(true);
      await store.close();
      await store.close();
      expect(existsSync(`${file}-wal`)).toBe(false);
    }
  });

  it("stays open for one store after the other was closed", async () => {
    const storage = openSqlite(":memory:");
    await storage.eventStore.close();
    expect(await storage.snapshotStore.saveSnapshot(snapshot(1))).toBe("stored");
    await storage.close();
  });

  it("keeps what was stored when it is opened again", async () => {
    const file = newFile();
    for (const version of [1, 2, 3]) {
      const { eventStore, snapshotStore, close } = openSqlite(file);
      await eventStore.append(stream, events(1), { expectedVersion: version - 1 });
      await snapshotStore.saveSnapshot(snapshot(version));
      expect((await snapshotStore.getSnapshot("a", "Account"))?.version).toBe(version);
      await close();
    }
  });

  it("says which path cannot be opened, and refuses what is no connection", () => {
    const path = join(folder, "missing", "bank.db");
    expect(() => openSqlite(path)).toThrow(ConfigurationError);
    expect(() => openSqlite(path)).toThrow(path);
    for (const source of [undefined, null, {}, 7]) {
      expect(() => openSqlite(source as SqliteHandle)).toThrow(ConfigurationError);
    }
  });

  it("is refused with options or paths that cannot take effect", () => {
    expect(() => openSqlite("")).toThrow(ConfigurationError);
    expect(() => new SqliteEventStore("")).toThrow(ConfigurationError);
    for (const busyTimeoutMs of [-1, 0.5, Number.NaN, 2 ** 31]) {
      expect(() => openSqlite(":memory:", { busyTimeoutMs })).toThrow(InvalidNumberError);
    }
  });

  it("says that a locked database is busy, and changes nothing", async () => {
    const file = newFile();
    const { eventStore, snapshotStore, close } = openSqlite(file, { busyTimeoutMs: 1 });
    await eventStore.append(stream, events(1), { expectedVersion: 0 });
    const writer = new DatabaseSync(file);
    writer.exec("BEGIN IMMEDIATE");
    await expect(eventStore.append(stream, events(1), { expectedVersion: 1 })).rejects.toThrow(StoreBusyError);
    await expect(snapshotStore.saveSnapshot(snapshot(1))).rejects.toThrow(StoreBusyError);
    expect(await eventStore.versionOf(stream)).toBe(1);
    writer.exec("ROLLBACK");
    expect(await eventStore.append(stream, events(1), { expectedVersion: 1 })).toEqual({ version: 2 });
    writer.close();
    await close();
  });
});

const drivers: Readonly<Record<string, (file: string) => SqliteHandle>> = {
  "node:sqlite": (file) => new DatabaseSync(file),
  "better-sqlite3": (file) => new BetterSqlite(file),
};

for (const [driver, connect] of Object.entries(drivers)) {
  describe(`a connection of one's own, of ${driver}`, () => {
    it("is neither closed nor set up in another way", async () => {
      const handle = connect(newFile());
      handle.exec("PRAGMA busy_timeout = 123; PRAGMA synchronous = NORMAL; PRAGMA user_version = 7");
      const storage = openSqlite(handle);
      await storage.eventStore.append(stream, events(1), { expectedVersion: 0 });
      await storage.close();
      const standalone = new SqliteSnapshotStore(handle);
      await standalone.close();
      expect(ask(handle, "PRAGMA busy_timeout")).toEqual([123]);
      expect(ask(handle, "PRAGMA synchronous")).toEqual([1]);
      expect(ask(handle, "PRAGMA journal_mode")).toEqual(["delete"]);
      expect(ask(handle, "PRAGMA user_version")).toEqual([7]);
      expect(ask(handle, "SELECT count(*) FROM events")).toEqual([1]);
      handle.close();
    });

    it("takes appends and snapshots into the transaction that is open on it", async () => {
      const handle = connect(":memory:");
      const { eventStore, snapshotStore } = openSqlite(handle);
      handle.exec("CREATE TABLE notes (text TEXT)");
      for (const [end, count] of [
        ["ROLLBACK", 0],
        ["COMMIT", 1],
      ] as const) {
        handle.exec("BEGIN; INSERT INTO notes VALUES ('kept together')");
        await eventStore.append(stream, events(3), { expectedVersion: 0 });
        await snapshotStore.saveSnapshot(snapshot(3));
        expect((await eventStore.readPage(stream, { afterVersion: 0, limit: 9 })).head).toBe(3);
        handle.exec(end);
        expect(ask(handle, "SELECT count(*) FROM notes")).toEqual([count]);
        expect(await eventStore.versionOf(stream)).toBe(3 * count);
        expect(await snapshotStore.snapshotExists("a", "Account")).toBe(count === 1);
      }
      handle.close();
    });

    it("keeps the open transaction usable, and what it did before, when an append is rejected", async () => {
      const handle = connect(":memory:");
      const { eventStore } = openSqlite(handle);
      const [first] = events(1);
      handle.exec("CREATE TABLE notes (text TEXT); BEGIN; INSERT INTO notes VALUES ('before')");
      await eventStore.append(stream, [first!], { expectedVersion: 0 });
      const conflict = eventStore.append(stream, events(2), { expectedVersion: 0 });
      await expect(conflict).rejects.toThrow(OptimisticConcurrencyError);
      const duplicate = eventStore.append(stream, [...events(2), first!], { expectedVersion: 1 });
      await expect(duplicate).rejects.toThrow(DuplicateEventError);
      await eventStore.append(stream, events(1), { expectedVersion: 1 });
      handle.exec("COMMIT");
      expect(ask(handle, "SELECT count(*) FROM notes")).toEqual([1]);
      expect(await eventStore.versionOf(stream)).toBe(2);
      handle.close();
    });

    it("may be set up for the first time inside an open transaction", async () => {
      const handle = connect(":memory:");
      handle.exec("BEGIN");
      const { eventStore } = openSqlite(handle);
      await eventStore.append(stream, events(1), { expectedVersion: 0 });
      handle.exec("COMMIT");
      expect(await eventStore.versionOf(stream)).toBe(1);
      handle.close();
    });

    it("is said to be closed when its owner has closed it", async () => {
      const handle = connect(":memory:");
      const { eventStore, snapshotStore, close } = openSqlite(handle);
      await eventStore.append(stream, events(1), { expectedVersion: 0 });
      handle.close();
      await expect(eventStore.append(stream, events(1), { expectedVersion: 1 })).rejects.toThrow(ClosedError);
      await expect(eventStore.versionOf(stream)).rejects.toThrow(ClosedError);
      await expect(snapshotStore.snapshotExists("a", "Account")).rejects.toThrow(ClosedError);
      await close();
    });

    it("is said to be busy while another one writes", async () => {
      const file = newFile();
      const handle = connect(file);
      const { eventStore } = openSqlite(handle);
      handle.exec("PRAGMA busy_timeout = 1");
      const writer = connect(file);
      writer.exec("BEGIN IMMEDIATE");
      const append = eventStore.append(stream, events(1), { expectedVersion: 0 });
      await expect(append).rejects.toThrow(StoreBusyError);
      writer.close();
      handle.close();
    });

    it("gives a snapshot whose numbers are damaged to the reader, and lets it be replaced", async () => {
      const handle = connect(":memory:");
      const { eventStore, snapshotStore } = openSqlite(handle);
      await eventStore.append(stream, events(3), { expectedVersion: 0 });
      for (const version of ["9223372036854775807", "9007199254740993", "-1"]) {
        await snapshotStore.saveSnapshot(snapshot(1));
        handle.exec(`UPDATE snapshots SET version = ${version}, checksum = 'x', last_event_id = 'y'`);
        const damaged = await snapshotStore.getSnapshot("a", "Account");
        expect(damaged?.version).toBe(Number(version));
        const key = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
        const page = await snapshotStore.jointWith(eventStore)?.readForLoad(stream, key, 10);
        expect(page).toMatchObject({ head: 3, anchored: false, afterVersion: 0, row: { version: Number(version) } });
        expect(await snapshotStore.saveSnapshot(snapshot(2), { replacing: damaged! })).toBe("stored");
        await snapshotStore.deleteSnapshot("a", "Account");
      }
      handle.close();
    });

    it("reports a damaged stream, never a wrong one", async () => {
      const damages = {
        "UPDATE events SET data = '{' WHERE version = 3": 3,
        "UPDATE events SET metadata = '' WHERE version = 2": 2,
        "DELETE FROM events WHERE version = 1": 1,
        "DELETE FROM events WHERE version = 3": 3,
        "UPDATE events SET version = 9 WHERE version = 5": 5,
        "UPDATE events SET version = 9007199254740993 WHERE version = 5": 5,
      };
      for (const [damage, version] of Object.entries(damages)) {
        const handle = connect(":memory:");
        const { eventStore } = openSqlite(handle);
        await eventStore.append(stream, events(5), { expectedVersion: 0 });
        handle.exec(damage);
        for (const pageSize of [1, 2, 100]) {
          const read = readToEnd(eventStore.read(stream, { pageSize }));
          await expect(read, damage).rejects.toThrow(CorruptStreamError);
          await expect(read, damage).rejects.toMatchObject({ stream, version });
        }
        handle.close();
      }
    });

    it("hands a snapshot out whose state is not JSON, and says so when the state is asked for", async () => {
      const handle = connect(":memory:");
      const { snapshotStore } = openSqlite(handle);
      await snapshotStore.saveSnapshot(snapshot(4));
      handle.exec("UPDATE snapshots SET state = '{\"version\":'");
      const damaged = await snapshotStore.getSnapshot("a", "Account");
      expect(damaged?.version).toBe(4);
      expect(() => damaged?.state).toThrow(CorruptSnapshotError);
      handle.close();
    });

    it("is refused with options, which cannot take effect on it", () => {
      const handle = connect(":memory:");
      const options: SqliteOptions = { busyTimeoutMs: 5 };
      expect(() => openSqlite(handle, options)).toThrow(ConfigurationError);
      expect(() => new SqliteEventStore(handle, options)).toThrow(ConfigurationError);
      expect(() => new SqliteSnapshotStore(handle, options)).toThrow(ConfigurationError);
      handle.close();
    });

    it("is refused with an option that is not known", () => {
      const handle = connect(":memory:");
      const options = { groupComit: true } as SqliteOptions;
      for (const source of [handle, ":memory:"]) {
        for (const open of [openSqlite, (...given: Parameters<typeof openSqlite>) => new SqliteEventStore(...given)]) {
          expect(() => open(source, options)).toThrow(expect.objectContaining({ option: "groupComit" }));
        }
        expect(() => new SqliteSnapshotStore(source, options)).toThrow(ConfigurationError);
        expect(() => openSqlite(source, true as unknown as SqliteOptions)).toThrow(ConfigurationError);
      }
      expect(ask(handle, "SELECT count(*) FROM sqlite_schema")).toEqual([0]);
      handle.close();
    });

    it("is refused in UTF-16, which does not keep every text", () => {
      const handle = connect(":memory:");
      handle.exec("PRAGMA encoding = 'UTF-16'");
      expect(() => openSqlite(handle)).toThrow(ConfigurationError);
      expect(ask(handle, "SELECT count(*) FROM sqlite_schema")).toEqual([0]);
      handle.close();
    });

    it("is left as it was when it holds a table of the same name already", () => {
      const handle = connect(":memory:");
      handle.exec("CREATE TABLE snapshots (mine TEXT)");
      expect(() => openSqlite(handle)).toThrow("table snapshots already exists");
      expect(handle.prepare("SELECT name AS name FROM sqlite_schema").all()).toMatchObject([{ name: "snapshots" }]);
      handle.close();
    });
  });
}

describe("stores that may share a database", () => {
  it("read together on one connection, whoever opened it", () => {
    const handle = new DatabaseSync(":memory:");
    const [eventStore, snapshotStore] = [new SqliteEventStore(handle), new SqliteSnapshotStore(handle)];
    expect(snapshotStore.jointWith(eventStore)).toBeDefined();
    expect(openSqlite(handle).snapshotStore.jointWith(eventStore)).toBeDefined();
    handle.close();
  });

  it("read apart on two connections, two files, or two kinds of store", async () => {
    const file = newFile();
    const [one, two] = [openSqlite(file), openSqlite(file)];
    expect(one.snapshotStore.jointWith(two.eventStore)).toBeUndefined();
    expect(one.snapshotStore.jointWith(new InMemoryEventStore())).toBeUndefined();
    const elsewhere = new SqliteSnapshotStore(newFile());
    expect(elsewhere.jointWith(one.eventStore)).toBeUndefined();
    await Promise.all([one.close(), two.close(), elsewhere.close()]);
  });
});

it("keeps snapshots in columns that plain SQL can ask", async () => {
  const handle = new DatabaseSync(":memory:");
  const store = new SqliteSnapshotStore(handle);
  const createdAt = "2026-01-31T12:00:00.000Z";
  await store.saveSnapshot(
    new Snapshot({ ...stream, version: 16, state: { balance: 650 }, schemaVersion: 2, createdAt }),
  );
  const sql = "SELECT aggregate_type, aggregate_id, version, schema_version, state, created_at FROM snapshots";
  expect(ask(handle, sql)).toEqual(["Account", "a", 16, 2, '{"balance":650}', createdAt]);
  expect(ask(handle, "SELECT state ->> '$.balance' FROM snapshots")).toEqual([650]);
  handle.close();
});
