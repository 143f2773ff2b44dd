import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type EventStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  newEvent,
  type SnapshotStore,
  type StreamId,
} from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, describe } from "vitest";
import { freshSchema } from "../setup/postgres.ts";

/** Both stores, as a user opens them. */
export interface Storage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  /** As after a restore from a backup: the events of the stream after `version` are gone. Open repositories anew. */
  restore(stream: StreamId, version: number): Promise<Storage>;
}

export type OpenStorage = () => Promise<Storage>;

/** Defines tests for every kind of storage. Within a kind they share a database, so each takes ids of its own. */
export function eachStorage(define: (open: OpenStorage, kind: "memory" | "SQLite" | "PostgreSQL") => void): void {
  describe("in memory", () => define(openMemory, "memory"));
  describe("in SQLite", () => define(once(openSqliteFile), "SQLite"));
  describe("in PostgreSQL", () => define(once(openPostgresSchema), "PostgreSQL"));
}

async function openMemory(): Promise<Storage> {
  return memoryStorage(new InMemoryEventStore(), new InMemorySnapshotStore());
}

function memoryStorage(eventStore: InMemoryEventStore, snapshotStore: InMemorySnapshotStore): Storage {
  return {
    eventStore,
    snapshotStore,
    async restore(stream, version) {
      const restored = new InMemoryEventStore();
      for (const event of await eventStore.readAll({ limit: 100_000 })) {
        const { aggregateType, aggregateId } = event;
        const lost =
          aggregateType === stream.aggregateType && aggregateId === stream.aggregateId && event.version > version;
        if (!lost) await restored.append({ aggregateType, aggregateId }, [newEvent(event)], { expectedVersion: "any" });
      }
      return memoryStorage(restored, snapshotStore);
    },
  };
}

async function openSqliteFile(): Promise<Storage> {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-"));
  const path = join(folder, `${randomUUID()}.db`);
  const { eventStore, snapshotStore, close } = openSqlite(path);
  afterAll(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const storage: Storage = {
    eventStore,
    snapshotStore,
    async restore({ aggregateType, aggregateId }, version) {
      const database = new DatabaseSync(path);
      database.exec("PRAGMA busy_timeout = 5000");
      database
        .prepare("DELETE FROM events WHERE aggregate_type = ? AND aggregate_id = ? AND version > ?")
        .run(aggregateType, aggregateId, version);
      database.close();
      return storage;
    },
  };
  return storage;
}

async function openPostgresSchema(): Promise<Storage> {
  const { url } = await freshSchema();
  const pool = new Pool({ connectionString: url });
  const { eventStore, snapshotStore, migrate } = await connectPostgres(pool);
  await migrate();
  afterAll(() => pool.end());
  const storage: Storage = {
    eventStore,
    snapshotStore,
    async restore({ aggregateType, aggregateId }, version) {
      const sql = "DELETE FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND version > $3";
      await pool.query(sql, [aggregateType, aggregateId, version]);
      return storage;
    },
  };
  return storage;
}

function once(open: OpenStorage): OpenStorage {
  let opened: Promise<Storage> | undefined;
  return () => (opened ??= open());
}
