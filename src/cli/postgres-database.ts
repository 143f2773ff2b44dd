import { connectPostgres } from "../stores/postgres/connect-postgres.ts";
import { Database, type PostgresPool } from "../stores/postgres/database.ts";
import { tablesIn } from "../stores/postgres/migrations.ts";
import { PostgresAdministration } from "../stores/postgres/postgres-administration.ts";
import { DatabaseError } from "./command.ts";
import type { OpenDatabase, OpenOptions, Target } from "./database.ts";
import { refuseTables, unusable } from "./unusable.ts";

const CONNECTIONS_MAX = 8;
const CONNECT_TIMEOUT_MS = 10_000;

/** A pool that was opened here. */
interface OwnPool extends PostgresPool {
  end(): Promise<void>;
}

/** @throws {DatabaseError} when it cannot be reached, or has no tables. */
export async function openPostgres(
  target: Extract<Target, { kind: "PostgreSQL" }>,
  options: OpenOptions,
): Promise<OpenDatabase> {
  const { name, url } = target;
  const { prepare = true, access } = options;
  // As the connection starts, never by SET: a pooler would hand such a setting on to other clients.
  const pool = await openPool(access === "read" && prepare ? readOnly(url) : url);
  try {
    const { tables, aggregateIdType } = await tablesIn(new Database(pool, { prepare: false }));
    refuseTables(tables, name);
    const { eventStore, snapshotStore, snapshots } = await connectPostgres(pool, { aggregateIdType, prepare });
    const administration = new PostgresAdministration(new Database(pool, { aggregateIdType, prepare }));
    const stores = { eventStore, snapshotStore, snapshots, administration };
    return { name, kind: "PostgreSQL", ...stores, close: () => pool.end() };
  } catch (error) {
    await pool.end();
    throw unusable(name, error);
  }
}

/** @throws {DatabaseError} when the package pg is not installed. */
export async function openPool(url: string): Promise<OwnPool> {
  const { default: pg } = await import("pg").catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new DatabaseError("PostgreSQL needs the package pg, which is not installed. Install it: npm install pg");
  });
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "eventfold",
    keepAlive: true,
  });
  // A connection that breaks while idle has left the pool already; without a listener it would end the process.
  pool.on("error", () => {});
  return pool;
}

function readOnly(connectionString: string): string {
  const url = new URL(connectionString);
  const given = url.searchParams.get("options");
  url.searchParams.set("options", `${given === null ? "" : `${given} `}-c default_transaction_read_only=on`);
  // pg takes a + for a plus, not for a space.
  url.search = url.search.replaceAll("+", "%20");
  return url.href;
}
