import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { connectPostgres } from "eventfold/postgres";
import { Client, Pool } from "pg";
import { Database } from "../../src/stores/postgres/database.ts";
import { type EventColumns, type SnapshotColumns, toEvent, toSnapshotRow } from "../../src/stores/postgres/rows.ts";
import { startPostgres } from "../../tests/setup/postgres-server.ts";
import { BarePostgres } from "./bare-postgres.ts";
import type { Storage } from "./storage.ts";

/** The default of pg. */
const CONNECTIONS = 10;

/** The server in `DATABASE_URL`, or one of our own with durable commits; in either a schema of our own. */
export async function openPostgres(): Promise<Storage> {
  const server = await startPostgres();
  const schema = `eventfold_bench_${randomUUID().replaceAll("-", "")}`;
  const connectionString = withSetting(server.url, "search_path", schema);
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  const pool = new Pool({ connectionString, max: CONNECTIONS });
  // Else the server, where one history is a thousand times as long as another, plans some statements anew each time, for 0.1 ms.
  const keepingPlans = withSetting(connectionString, "plan_cache_mode", "force_generic_plan");
  const barePool = new Pool({ connectionString: keepingPlans, max: CONNECTIONS });
  let roundTrips = 0;
  // Told by each "ready for query" of the server, which is the end of its answer.
  pool.on("connect", (connected) => {
    (connected as unknown as { connection: EventEmitter }).connection.on("readyForQuery", () => {
      roundTrips += 1;
    });
  });
  const storage = await connectPostgres(pool);
  const database = new Database(pool);
  const close = async (): Promise<void> => {
    await storage.close();
    await Promise.all([pool.end(), barePool.end()]);
    await client.query(`DROP SCHEMA ${schema} CASCADE`);
    await client.end();
    await server.stop();
  };
  try {
    await storage.migrate();
  } catch (error) {
    await close();
    throw error;
  }
  const opened: Storage = {
    ...storage,
    name: "PostgreSQL",
    bare: new BarePostgres(barePool),
    readUnproven: async ({ aggregateType, aggregateId }, { schemaVersion, fingerprint }, limit) => {
      const values = [aggregateType, aggregateId, schemaVersion, fingerprint, limit];
      const [header, ...page] = await database.rows<UnprovenColumns>(selectUnproven, values);
      const [, lastEventId, kind, version, state, , createdAt, snapshotVersion, checksum] = header as UnprovenColumns;
      const columns: SnapshotColumns = [version, kind, snapshotVersion, state, createdAt, lastEventId, checksum];
      const row = toSnapshotRow({ aggregateType, aggregateId }, columns);
      const events = page.map((event) => toEvent({ aggregateType, aggregateId }, event));
      return { head: row.version + events.length, row, anchored: true, afterVersion: row.version, events };
    },
    facts: await factsOf(client),
    location: connectionString,
    roundTrips: () => roundTrips,
    forSaves: () => opened,
    settle: async () => {
      await client.query("VACUUM ANALYZE events, snapshots");
      await client.query("CHECKPOINT").catch(() => undefined);
    },
    close,
  };
  return opened;
}

// The library's own statement for a load, but for the anchor and what tells a usable key.
const selectUnproven = /* sql */ `
  WITH header AS MATERIALIZED (
    SELECT
      version, schema_version, fingerprint, state, created_at, last_event_id, checksum,
      schema_version = $3 AND fingerprint = $4 AS wanted
    FROM snapshots
    WHERE aggregate_type = $1 AND aggregate_id = $2
    ORDER BY wanted DESC, version DESC, schema_version DESC
    LIMIT 1
  )
  SELECT
    0::bigint AS version, last_event_id AS id, fingerprint AS type, schema_version,
    state AS data, NULL::json AS metadata, to_json(created_at AT TIME ZONE 'UTC') AS occurred_at,
    version AS snapshot_version, checksum
  FROM header
  UNION ALL
  (
    SELECT
      version, id, type, schema_version,
      data, metadata, to_json(occurred_at AT TIME ZONE 'UTC'),
      NULL, NULL
    FROM events
    WHERE aggregate_type = $1 AND aggregate_id = $2
      AND version > (SELECT version FROM header) AND version <= (SELECT version FROM header) + $5
    ORDER BY version
    LIMIT $5
  )
  ORDER BY version
  LIMIT $5 + 1
`;

type UnprovenColumns = readonly [...EventColumns, snapshotVersion: string, checksum: string | null];

/** Connections opened with the result have the setting from the start. */
function withSetting(connectionString: string, name: string, value: string): string {
  const url = new URL(connectionString);
  const options = [url.searchParams.get("options"), `-c ${name}=${value}`].filter(Boolean);
  url.searchParams.set("options", options.join(" "));
  // pg takes a + for a plus, not for a space.
  url.search = url.searchParams.toString().replaceAll("+", "%20");
  return url.href;
}

async function factsOf(client: Client): Promise<readonly string[]> {
  const settings = ["server_version", "synchronous_commit", "fsync", "full_page_writes"] as const;
  const list = settings.map((name) => `current_setting('${name}') AS ${name}`).join(", ");
  const { rows } = await client.query<Record<(typeof settings)[number], string>>(`SELECT ${list}`);
  const { server_version: version, ...durability } = rows[0] as (typeof rows)[0];
  const driver = createRequire(import.meta.url)("pg/package.json") as { version: string };
  return [
    `PostgreSQL ${version} by pg ${driver.version}`,
    process.env.DATABASE_URL ? "server in DATABASE_URL" : "server started for this run, Unix socket",
    `a pool of ${CONNECTIONS} connections each`,
    ...Object.entries(durability).map(([name, value]) => `${name} ${value}`),
  ];
}
