import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import type { EventMetadata } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { Client, Pool } from "pg";
import { Database } from "../../src/stores/postgres/database.ts";
import { type SnapshotColumns, toEvent, toSnapshotRow } from "../../src/stores/postgres/rows.ts";
import { startPostgres } from "../../tests/setup/postgres-server.ts";
import { Account, type AccountEvent, type AccountState, evolve, INITIAL_STATE } from "../account.ts";
import type { BareDriver, BareEvent, Storage } from "./storage.ts";

/** The server in `DATABASE_URL`, or one of our own with durable commits; in either a schema of our own. */
export async function openPostgres(): Promise<Storage> {
  const server = await startPostgres();
  const schema = `eventfold_bench_${randomUUID().replaceAll("-", "")}`;
  const connectionString = withSearchPath(server.url, schema);
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema}`);
  const pool = new Pool({ connectionString });
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
    await pool.end();
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
    bare: new BarePostgres(client),
    bareConcurrent: new BarePostgres(pool),
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

/** Rows at once: the quickest of 1,000, 5,000, 10,000 and all of them. */
const PAGE_SIZE = 5_000;

const selectEvents = /* sql */ `
  SELECT version, id, type, schema_version, data, metadata, to_json(occurred_at AT TIME ZONE 'UTC')
  FROM events
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND version > $3
  ORDER BY version
  LIMIT ${PAGE_SIZE}
`;

const insertEvent = /* sql */ `
  INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
  VALUES ($1, $2, $3, $4, $5, 1, $6, '{}', $7)
`;

const insertEvents = /* sql */ `
  INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
  SELECT $1, $2, event.version, event.id, event.type, 1, event.data, '{}', event.occurred_at
  FROM unnest($3::bigint[], $4::text[], $5::text[], $6::json[], $7::timestamptz[])
    AS event (version, id, type, data, occurred_at)
`;

const selectSnapshot = /* sql */ `
  SELECT state
  FROM snapshots
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema_version = 1 AND fingerprint = ''
`;

/** What is longer takes a second statement. */
const TAIL_MAX = 1_000;

// The quickest of eight: two statements take a second round trip, and without a small limit that the planner knows it expects a third
// of the stream. A limit as a parameter takes 1.4 times as long.
const selectSnapshotAndTail = /* sql */ `
  WITH snapshot AS MATERIALIZED (
    SELECT version, state
    FROM snapshots
    WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema_version = 1 AND fingerprint = ''
  )
  SELECT version, NULL, NULL, NULL, state, NULL, NULL
  FROM snapshot
  UNION ALL
  (
    SELECT version, id, type, schema_version, data, metadata, to_json(occurred_at AT TIME ZONE 'UTC')
    FROM events
    WHERE aggregate_type = $1 AND aggregate_id = $2 AND version > (SELECT version FROM snapshot)
    ORDER BY version
    LIMIT ${TAIL_MAX}
  )
`;

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

type EventColumns = [
  version: string,
  id: string,
  type: string,
  schemaVersion: string,
  data: string,
  metadata: string,
  occurredAt: string,
];

const NO_METADATA: EventMetadata = Object.freeze({});

const asText = { getTypeParser: () => (text: string | Buffer) => text };

/** Named statements, rows as arrays of text. */
class BarePostgres implements BareDriver {
  readonly #client: Client | Pool;

  constructor(client: Client | Pool) {
    this.#client = client;
  }

  async replay(accountId: string): Promise<AccountState> {
    let state = INITIAL_STATE;
    for (let last = 0, rows: EventColumns[]; ; last += rows.length) {
      rows = await this.#rows("bare_events", selectEvents, accountId, last);
      state = fold(state, rows);
      if (rows.length < PAGE_SIZE) return state;
    }
  }

  async append(accountId: string, events: readonly BareEvent[]): Promise<void> {
    const [first, ...more] = events as [BareEvent, ...BareEvent[]];
    if (more.length === 0) {
      const { version, id, type, dataText, occurredAt } = first;
      await this.#rows("bare_insert", insertEvent, accountId, version, id, type, dataText, occurredAt);
      return;
    }
    await this.#rows(
      "bare_inserts",
      insertEvents,
      accountId,
      events.map(({ version }) => version),
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ dataText }) => dataText),
      events.map(({ occurredAt }) => occurredAt),
    );
  }

  async snapshot(accountId: string): Promise<AccountState> {
    const [row] = await this.#rows<[state: string]>("bare_snapshot", selectSnapshot, accountId);
    return JSON.parse((row as [string])[0]) as AccountState;
  }

  async snapshotAndTail(accountId: string): Promise<AccountState> {
    const [first, ...newer] = await this.#rows("bare_tail", selectSnapshotAndTail, accountId);
    return fold(JSON.parse((first as EventColumns)[4]) as AccountState, newer);
  }

  async #rows<Row extends unknown[] = EventColumns>(
    name: string,
    text: string,
    accountId: string,
    ...more: unknown[]
  ): Promise<Row[]> {
    const values = [Account.aggregateType, accountId, ...more];
    return (await this.#client.query<Row>({ name, text, values, rowMode: "array", types: asText })).rows;
  }
}

function fold(from: AccountState, rows: readonly EventColumns[]): AccountState {
  let state = from;
  for (const [version, id, type, schemaVersion, dataText, metadataText, occurredAt] of rows) {
    state = evolve(state, {
      id,
      type,
      data: JSON.parse(dataText) as unknown,
      version: Number(version),
      occurredAt: toInstant(occurredAt),
      metadata: metadataText === "{}" ? NO_METADATA : (JSON.parse(metadataText) as EventMetadata),
      schemaVersion: Number(schemaVersion),
    } as AccountEvent);
  }
  return state;
}

/** From `"2026-01-31T12:00:00.5"`. */
function toInstant(json: string): string {
  return json.length === 25 ? `${json.slice(1, -1)}Z` : new Date(`${json.slice(1, -1)}Z`).toISOString();
}

/** Connections opened with the result see the schema, and no other. */
function withSearchPath(connectionString: string, schema: string): string {
  const url = new URL(connectionString);
  const options = [url.searchParams.get("options"), `-c search_path=${schema}`].filter(Boolean);
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
    ...Object.entries(durability).map(([name, value]) => `${name} ${value}`),
  ];
}
