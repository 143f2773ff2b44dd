import type { EventMetadata } from "eventfold";
import type { Pool } from "pg";
import { Account, type AccountEvent, type AccountState, evolve, INITIAL_STATE } from "../account.ts";
import type { BareDriver, BareEvent } from "./storage.ts";

/** Named statements, rows as arrays of text. */
export class BarePostgres implements BareDriver {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
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
    return (await this.#pool.query<Row>({ name, text, values, rowMode: "array", types: asText })).rows;
  }
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

// The quickest of eight: two statements take a second round trip, and without a small limit that the planner knows it expects a
// third of the stream. The connection keeps one plan for all accounts.
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
