import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EventMetadata } from "eventfold";
import { Account, type AccountEvent, type AccountState, evolve, INITIAL_STATE } from "../account.ts";
import type { BareDriver, BareEvent } from "./storage.ts";

/** Kept statements, rows as arrays. */
export class BareSqlite implements BareDriver {
  readonly #events: StatementSync;
  readonly #snapshot: StatementSync;
  readonly #insert: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(handle: DatabaseSync) {
    this.#insert = handle.prepare(insertEvent);
    this.#begin = handle.prepare("BEGIN IMMEDIATE");
    this.#commit = handle.prepare("COMMIT");
    this.#events = handle.prepare(selectEvents);
    this.#snapshot = handle.prepare(selectSnapshot);
    for (const statement of [this.#events, this.#snapshot]) statement.setReturnArrays(true);
  }

  replay(accountId: string): AccountState {
    return this.#fold(INITIAL_STATE, accountId, 0);
  }

  snapshot(accountId: string): AccountState {
    return JSON.parse(this.#snapshotRow(accountId)[1]) as AccountState;
  }

  snapshotAndTail(accountId: string): AccountState {
    const [version, state] = this.#snapshotRow(accountId);
    return this.#fold(JSON.parse(state) as AccountState, accountId, version);
  }

  append(accountId: string, events: readonly BareEvent[]): void {
    // One row is a transaction by itself. A statement of many rows at once would take two thirds of this, and another one for each
    // number of events.
    if (events.length > 1) this.#begin.run();
    for (const { version, id, type, dataText, occurredAt } of events) {
      this.#insert.run(Account.aggregateType, accountId, version, id, type, dataText, occurredAt);
    }
    if (events.length > 1) this.#commit.run();
  }

  #snapshotRow(accountId: string): [version: number, state: string] {
    return this.#snapshot.get(Account.aggregateType, accountId) as unknown as [number, string];
  }

  #fold(from: AccountState, accountId: string, afterVersion: number): AccountState {
    let state = from;
    for (let last = afterVersion, rows: EventColumns[]; ; last += rows.length) {
      rows = this.#events.all(Account.aggregateType, accountId, last) as unknown as EventColumns[];
      for (const [version, id, type, schemaVersion, dataText, metadataText, occurredAt] of rows) {
        const data = JSON.parse(dataText) as unknown;
        const metadata = metadataText === "{}" ? NO_METADATA : (JSON.parse(metadataText) as EventMetadata);
        state = evolve(state, { id, type, data, version, occurredAt, metadata, schemaVersion } as AccountEvent);
      }
      if (rows.length < PAGE_SIZE) return state;
    }
  }
}

/** Rows at once: the quickest of 100, 1,000, 10,000, all of them, and `iterate`. */
const PAGE_SIZE = 1_000;

const selectEvents = /* sql */ `
  SELECT version, id, type, schema_version, data, metadata, occurred_at
  FROM events
  WHERE aggregate_type = ? AND aggregate_id = ? AND version > ?
  ORDER BY version
  LIMIT ${PAGE_SIZE}
`;

const insertEvent = /* sql */ `
  INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
  VALUES (?, ?, ?, ?, ?, 1, ?, '{}', ?)
`;

const selectSnapshot = /* sql */ `
  SELECT version, state
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ? AND schema_version = 1 AND fingerprint = ''
`;

type EventColumns = [
  version: number,
  id: string,
  type: string,
  schemaVersion: number,
  data: string,
  metadata: string,
  occurredAt: string,
];

const NO_METADATA: EventMetadata = Object.freeze({});
