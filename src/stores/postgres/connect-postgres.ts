import { ConfigurationError } from "../../errors.ts";
import { SnapshotMonitor } from "../../monitoring/snapshot-monitor.ts";
import type { PostgresOptions, PostgresPool } from "./database.ts";
import { migratePostgres } from "./migrations.ts";
import { PostgresEventStore } from "./postgres-event-store.ts";
import { PostgresSnapshotStore } from "./postgres-snapshot-store.ts";
import { PostgresSurvey } from "./postgres-survey.ts";

/** Both stores over one database. */
export interface PostgresStorage {
  readonly eventStore: PostgresEventStore;
  readonly snapshotStore: PostgresSnapshotStore;
  /** How healthy, how many, how stale and how large the snapshots are. */
  readonly snapshots: SnapshotMonitor;
  /** Creates the tables or brings them up to date. Nothing works before; once at deployment is enough, at every start is safe. */
  migrate(): Promise<void>;
  /** Closes both stores, and the connections if they were opened here. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens both stores over one database, so that a load is one round trip.
 *
 * @param urlOrPool a connection string, for which connections are opened when first needed, by the package pg; or a pool of pg,
 *   which stays yours to end.
 * @throws {ConfigurationError} when a connection string is given and the package pg is not installed.
 */
export async function connectPostgres(
  urlOrPool: string | PostgresPool,
  options: PostgresOptions = {},
): Promise<PostgresStorage> {
  const [pool, end] = typeof urlOrPool === "string" ? await openPool(urlOrPool) : [urlOrPool, async () => {}];
  const eventStore = new PostgresEventStore(pool, options);
  const snapshotStore = new PostgresSnapshotStore(pool, options);
  const survey = new PostgresSurvey(pool, options);
  let closing: Promise<void> | undefined;
  return {
    eventStore,
    snapshotStore,
    snapshots: new SnapshotMonitor(survey),
    migrate: () => migratePostgres(pool, options),
    close: () => (closing ??= Promise.all([eventStore.close(), snapshotStore.close(), survey.close()]).then(end)),
  };
}

async function openPool(connectionString: string): Promise<[PostgresPool, end: () => Promise<void>]> {
  const { default: pg } = await import("pg").catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    const problem = "is a connection string, which needs the package pg. Install it (npm install pg), or pass a pool.";
    throw new ConfigurationError({ option: "urlOrPool", problem });
  });
  const pool = new pg.Pool({ connectionString });
  // A connection that breaks while idle has left the pool already; without a listener it would end the process.
  pool.on("error", () => {});
  return [pool, () => pool.end()];
}
