import type { Instant } from "../../events/instant.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type {
  AggregateRange,
  Erasure,
  ListedRow,
  PrunableRows,
  SnapshotAdministration,
} from "../../snapshots/snapshot-administration.ts";
import type { SqliteDatabase } from "./database.ts";
import type { SqliteValue } from "./handle.ts";
import { toSnapshotRow } from "./rows.ts";
import { selectEndOfPage } from "./survey-statements.ts";

const selectRows = /* sql */ `
  SELECT
    aggregate_type, aggregate_id, CAST(schema_version AS TEXT), fingerprint, CAST(version AS TEXT), state, created_at,
    last_event_id, checksum
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ?
  ORDER BY schema_version, fingerprint
`;

const selectErasure = /* sql */ `
  SELECT events_erased, erased_at
  FROM erasures
  WHERE aggregate_type = ? AND aggregate_id = ?
`;

const prunable = /* sql */ `
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id > ? AND aggregate_id <= ?
    AND schema_version < coalesce(?, 9223372036854775807)
    AND (? IS NULL OR coalesce((
      SELECT occurred_at
      FROM events
      WHERE events.aggregate_type = snapshots.aggregate_type AND events.aggregate_id = snapshots.aggregate_id
      ORDER BY version DESC
      LIMIT 1
    ) < ?, true))
    AND (NOT ? OR NOT EXISTS (
      SELECT 1
      FROM events
      WHERE events.aggregate_type = snapshots.aggregate_type AND events.aggregate_id = snapshots.aggregate_id
    ))
`;

const countPrunable = /* sql */ `SELECT count(*) ${prunable}`;

const selectPrunable = /* sql */ `
  SELECT aggregate_id, CAST(version AS TEXT), CAST(schema_version AS TEXT), fingerprint ${prunable}
  ORDER BY aggregate_id, schema_version, fingerprint
`;

const deletePrunable = /* sql */ `DELETE ${prunable}`;

/** {@link SnapshotAdministration} of a SQLite database. */
export class SqliteAdministration implements SnapshotAdministration {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async rowsOf({ aggregateType, aggregateId }: StreamId): Promise<readonly SnapshotRow[]> {
    return this.#database.rows(selectRows, aggregateType, aggregateId).map(toSnapshotRow);
  }

  async erasureOf({ aggregateType, aggregateId }: StreamId): Promise<Erasure | undefined> {
    const [row] = this.#database.rows(selectErasure, aggregateType, aggregateId);
    return row && { events: row[0] === 1, erasedAt: row[1] as Instant };
  }

  async endOfPage(aggregateType: string, afterId: string | undefined, rows: number): Promise<string | undefined> {
    const [row] = this.#database.rows(selectEndOfPage, aggregateType, afterId ?? "", rows);
    return (row?.[0] as string | null | undefined) ?? undefined;
  }

  async count(range: AggregateRange, which: PrunableRows): Promise<number> {
    return Number(this.#database.rows(countPrunable, ...bound(range, which))[0]?.[0]);
  }

  async list(range: AggregateRange, which: PrunableRows): Promise<readonly ListedRow[]> {
    return this.#database.rows(selectPrunable, ...bound(range, which)).map((row) => {
      const [aggregateId, version, schemaVersion, fingerprint] = row as readonly [string, string, string, string];
      return { aggregateId, version: Number(version), schemaVersion: Number(schemaVersion), fingerprint };
    });
  }

  async delete(range: AggregateRange, which: PrunableRows): Promise<number> {
    return this.#database.run(deletePrunable, ...bound(range, which));
  }
}

function bound(
  { aggregateType, afterId = "", throughId }: AggregateRange,
  {
    schemaVersionBelow = null,
    dormantSince = null,
    withoutEvents = false,
  }: { schemaVersionBelow?: number | null; dormantSince?: string | null; withoutEvents?: boolean },
): SqliteValue[] {
  return [aggregateType, afterId, throughId, schemaVersionBelow, dormantSince, dormantSince, Number(withoutEvents)];
}
