import type { AggregateIdType } from "./database.ts";
import { seesErasures } from "./event-statements.ts";

export const snapshotColumns = /* sql */ `
      aggregate_type, aggregate_id, schema_version, fingerprint,
      version, state, created_at, last_event_id, checksum
    `;

// The WHERE keeps a late writer from replacing a newer snapshot, but for the very row that a load has rejected (as a double, which
// is what JavaScript made of its version) and for versions that no stream can have, by which no row could be named.
export function unlessNewer(rejectedVersion: string, rejectedChecksum: string): string {
  return /* sql */ `ON CONFLICT (aggregate_type, aggregate_id, schema_version, fingerprint) DO UPDATE
    SET
      version = excluded.version, state = excluded.state, created_at = excluded.created_at,
      last_event_id = excluded.last_event_id, checksum = excluded.checksum
    WHERE snapshots.version <= excluded.version
      OR snapshots.version NOT BETWEEN 1 AND 9007199254740991
      OR (snapshots.version::float8 = ${rejectedVersion} AND snapshots.checksum IS NOT DISTINCT FROM ${rejectedChecksum})`;
}

export function unlessErased(version: string): string {
  return /* sql */ `NOT EXISTS (
      SELECT
      FROM erasures
      WHERE aggregate_type = $1 AND aggregate_id = $2 AND snapshots_through >= ${version}::bigint
    )`;
}

export const upsertSnapshot: string = /* sql */ `
  INSERT INTO snapshots (${snapshotColumns})
  SELECT $1, $2, $3::bigint, $4, $5::bigint, $6::json, $7::timestamptz, $8, $9
  WHERE ${seesErasures} AND ${unlessErased("$5")}
  ${unlessNewer("$10", "$11")}
`;

export const selectErased = /* sql */ `
  SELECT
  FROM erasures
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND snapshots_through >= $3
`;

export const selectSnapshot = /* sql */ `
  SELECT
    schema_version, fingerprint, version,
    state, to_json(created_at AT TIME ZONE 'UTC') AS created_at, last_event_id, checksum
  FROM snapshots
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema_version = coalesce($3, schema_version)
  ORDER BY (schema_version, fingerprint) IS NOT DISTINCT FROM ($4, $5) DESC, version DESC, schema_version DESC
  LIMIT 1
`;

// As selectSnapshot, for the aggregates whose ids $2 lists.
const selectManySnapshotsOf = (idType: AggregateIdType): string => /* sql */ `
  SELECT
    row.schema_version, row.fingerprint, row.version,
    row.state, to_json(row.created_at AT TIME ZONE 'UTC') AS created_at, row.last_event_id, row.checksum, wanted.place
  FROM unnest($2::${idType}[]) WITH ORDINALITY AS wanted (aggregate_id, place), LATERAL (
    SELECT *
    FROM snapshots
    WHERE aggregate_type = $1 AND aggregate_id = wanted.aggregate_id AND schema_version = coalesce($3, schema_version)
    ORDER BY (schema_version, fingerprint) IS NOT DISTINCT FROM ($4, $5) DESC, version DESC, schema_version DESC
    LIMIT 1
  ) AS row
`;

export const selectManySnapshots: Readonly<Record<"text" | "uuid", string>> = {
  text: selectManySnapshotsOf("text"),
  uuid: selectManySnapshotsOf("uuid"),
};

export const selectSnapshotExists = /* sql */ `
  SELECT
  FROM snapshots
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema_version = coalesce($3, schema_version)
  LIMIT 1
`;

export const deleteSnapshots = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema_version = coalesce($3, schema_version)
`;

export const deleteExactSnapshot = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema_version = $3 AND fingerprint = $4
    AND version::float8 = $5 AND checksum IS NOT DISTINCT FROM $6
`;

// What is null does not narrow; OR would keep the planner from the index.
export const deleteSnapshotsByType = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = $1 AND schema_version < coalesce($2, 9223372036854775807)
    AND created_at < coalesce($3, 'infinity'::timestamptz)
    AND (schema_version, fingerprint) IS DISTINCT FROM ($4, $5)
`;
