import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type {
  AggregateRange,
  Erasure,
  ListedRow,
  PrunableRows,
  SnapshotAdministration,
} from "../../snapshots/snapshot-administration.ts";
import type { Database } from "./database.ts";
import { LOWEST_ID } from "./postgres-event-store.ts";
import { type SnapshotColumns, toInstant, toSnapshotRow } from "./rows.ts";
import { selectEndOfPage } from "./survey-statements.ts";

const selectRows = /* sql */ `
  SELECT
    schema_version, fingerprint, version,
    state, to_json(created_at AT TIME ZONE 'UTC') AS created_at, last_event_id, checksum
  FROM snapshots
  WHERE aggregate_type = $1 AND aggregate_id = $2
  ORDER BY schema_version, fingerprint
`;

const selectErasure = /* sql */ `
  SELECT events_erased::int4 AS events_erased, to_json(erased_at AT TIME ZONE 'UTC') AS erased_at
  FROM erasures
  WHERE aggregate_type = $1 AND aggregate_id = $2
`;

// The version beside the id makes the beginning of a range inclusive where there is no id before the first.
const prunable = /* sql */ `
  FROM snapshots
  WHERE aggregate_type = $1 AND (aggregate_id, schema_version) > ($2, $3::bigint) AND aggregate_id <= $4
    AND schema_version < coalesce($5::bigint, 9223372036854775807)
    AND ($6::timestamptz IS NULL OR coalesce((
      SELECT occurred_at
      FROM events
      WHERE events.aggregate_type = snapshots.aggregate_type AND events.aggregate_id = snapshots.aggregate_id
      ORDER BY version DESC
      LIMIT 1
    ) < $6::timestamptz, true))
    AND (NOT $7::boolean OR NOT EXISTS (
      SELECT 1
      FROM events
      WHERE events.aggregate_type = snapshots.aggregate_type AND events.aggregate_id = snapshots.aggregate_id
    ))
`;

const countPrunable = /* sql */ `SELECT count(*) ${prunable}`;

const selectPrunable = /* sql */ `
  SELECT aggregate_id, version, schema_version, fingerprint ${prunable}
  ORDER BY aggregate_id, schema_version, fingerprint
`;

const deletePrunable = /* sql */ `DELETE ${prunable}`;

/** {@link SnapshotAdministration} of a PostgreSQL database. */
export class PostgresAdministration implements SnapshotAdministration {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async rowsOf(stream: StreamId): Promise<readonly SnapshotRow[]> {
    const { aggregateType, aggregateId } = stream;
    this.#database.checkAggregateId(aggregateId);
    const rows = await this.#database.read<SnapshotColumns>(selectRows, [aggregateType, aggregateId]);
    return rows.map((row) => toSnapshotRow(stream, row));
  }

  async erasureOf({ aggregateType, aggregateId }: StreamId): Promise<Erasure | undefined> {
    this.#database.checkAggregateId(aggregateId);
    const [row] = await this.#database.read<[events: string, at: string]>(selectErasure, [aggregateType, aggregateId]);
    return row && { events: row[0] === "1", erasedAt: toInstant(row[1]) };
  }

  async endOfPage(aggregateType: string, afterId: string | undefined, rows: number): Promise<string | undefined> {
    const values = [aggregateType, ...this.#after(afterId), rows];
    const [row] = await this.#database.read<[id: string]>(selectEndOfPage, values);
    return row?.[0];
  }

  async count(range: AggregateRange, which: PrunableRows): Promise<number> {
    const [[rows] = []] = await this.#database.read<[count: string]>(countPrunable, this.#bound(range, which));
    return Number(rows);
  }

  async list(range: AggregateRange, which: PrunableRows): Promise<readonly ListedRow[]> {
    const rows = await this.#database.read<[id: string, version: string, schemaVersion: string, fingerprint: string]>(
      selectPrunable,
      this.#bound(range, which),
    );
    return rows.map(([aggregateId, version, schemaVersion, fingerprint]) => {
      return { aggregateId, version: Number(version), schemaVersion: Number(schemaVersion), fingerprint };
    });
  }

  async delete(range: AggregateRange, which: PrunableRows): Promise<number> {
    return await this.#database.count(deletePrunable, this.#bound(range, which));
  }

  #after(afterId: string | undefined): [id: string, schemaVersion: number] {
    if (afterId === undefined) return [LOWEST_ID[this.#database.aggregateIdType], 0];
    this.#database.checkAggregateId(afterId);
    return [afterId, Number.MAX_SAFE_INTEGER];
  }

  #bound({ aggregateType, afterId, throughId }: AggregateRange, which: PrunableRows): unknown[] {
    const { schemaVersionBelow, dormantSince, withoutEvents = false } = which;
    return [aggregateType, ...this.#after(afterId), throughId, schemaVersionBelow, dormantSince, withoutEvents];
  }
}
