import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { EventStore, SnapshotStore } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Client } from "pg";
import { UsageError } from "./usage-error.ts";

export interface Storage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  close(): Promise<void>;
}

/** A database of the demo's own. */
export interface Bank {
  /** For people: the kind of database, and where it is. */
  readonly database: "SQLite" | "PostgreSQL";
  readonly place: string;
  /** Opens it anew, as a restarted process would. */
  open(): Promise<Storage>;
  /** Deletes all that was made. */
  remove(): Promise<void>;
}

/** @param path of a file that does not exist yet */
export function sqliteBank(path: string): Bank {
  return {
    database: "SQLite",
    place: path,
    open: async () => openFile(path),
    remove: async () => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    },
  };
}

/**
 * With a connection of our own, which does not wait for the disk at each commit: a demo may lose its last seconds in a power cut.
 * `openSqlite(path)` would wait.
 */
function openFile(path: string): Storage {
  const handle = new DatabaseSync(path);
  handle.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  const storage = openSqlite(handle);
  const close = async (): Promise<void> => {
    await storage.close();
    handle.close();
  };
  return { ...storage, close };
}

/**
 * Makes a schema with a name that nobody else has, and touches nothing outside it.
 *
 * @throws {UsageError} when the server cannot be reached, or refuses.
 */
export async function postgresBank(url: string): Promise<Bank> {
  const schema = `eventfold_demo_${randomUUID().replaceAll("-", "")}`;
  const bank: Bank = {
    database: "PostgreSQL",
    place: `schema ${schema}`,
    open: async () => connectPostgres(withOptions(url, schema)),
    remove: () => execute(url, `DROP SCHEMA ${schema} CASCADE`),
  };
  try {
    await execute(url, `CREATE SCHEMA ${schema}`);
  } catch (error) {
    throw new UsageError(`Cannot use PostgreSQL with this --postgres URL: ${reasonOf(error)}`, { cause: error });
  }
  const storage = await connectPostgres(withOptions(url, schema));
  try {
    await storage.migrate();
  } catch (error) {
    await bank.remove();
    throw error;
  } finally {
    await storage.close();
  }
  return bank;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Connections opened with the result see the schema and no other; like those to the file, they do not wait for the disk. */
function withOptions(connectionString: string, schema: string): string {
  const url = new URL(connectionString);
  const options = [url.searchParams.get("options"), `-c search_path=${schema} -c synchronous_commit=off`].filter(
    Boolean,
  );
  url.searchParams.set("options", options.join(" "));
  // pg takes a + for a plus, not for a space.
  url.search = url.searchParams.toString().replaceAll("+", "%20");
  return url.href;
}

function reasonOf(error: unknown): string {
  // A host with several addresses gives one error for each.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
