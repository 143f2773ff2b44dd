// What both stores do in one statement.
import { withAppendedEvents } from "./event-statements.ts";
import { snapshotColumns, unlessNewer } from "./snapshot-statements.ts";

// As readPage, but what the page begins after is decided in the statement itself: the version of the snapshot, where its key is
// usable and the event that it names stands at its version (looked up by itself: a plain join may be planned, while the tables
// are small, as a walk over the whole stream). The first row holds the snapshot in the columns of an event.
export const readForLoad = /* sql */ `
  WITH header AS MATERIALIZED (
    SELECT
      head.version AS head,
      snapshot.*,
      anchor.stands IS NOT NULL AS anchored,
      CASE
        WHEN anchor.stands AND (snapshot.wanted OR snapshot.schema_version >= $5 AND snapshot.schema_version < $3)
        THEN snapshot.version
        ELSE 0
      END AS after_version
    FROM (
      SELECT coalesce((
        SELECT version
        FROM events
        WHERE aggregate_type = $1 AND aggregate_id = $2
        ORDER BY version DESC
        LIMIT 1
      ), 0) AS version
    ) AS head
    LEFT JOIN (
      SELECT
        version, schema_version, fingerprint, state, created_at, last_event_id, checksum,
        schema_version = $3 AND fingerprint = $4 AS wanted
      FROM snapshots
      WHERE aggregate_type = $1 AND aggregate_id = $2
      ORDER BY wanted DESC, version DESC, schema_version DESC
      LIMIT 1
    ) AS snapshot ON true
    LEFT JOIN LATERAL (
      SELECT true AS stands
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id = $2
        AND version = snapshot.version AND id = snapshot.last_event_id
      LIMIT 1
    ) AS anchor ON true
  )
  SELECT
    0::bigint AS version, last_event_id AS id, fingerprint AS type, schema_version,
    state AS data, NULL::json AS metadata, to_json(created_at AT TIME ZONE 'UTC') AS occurred_at,
    head, version AS snapshot_version, checksum, anchored::int4, after_version
  FROM header
  UNION ALL
  (
    SELECT
      version, id, type, schema_version,
      data, metadata, to_json(occurred_at AT TIME ZONE 'UTC'),
      NULL, NULL, NULL, NULL, NULL
    FROM events
    WHERE aggregate_type = $1 AND aggregate_id = $2
      AND version > (SELECT after_version FROM header) AND version <= (SELECT after_version FROM header) + $6
    ORDER BY version
    LIMIT $6
  )
  ORDER BY version
  LIMIT $6 + 1
`;

// The snapshot goes in where the first event does: with the append or not at all.
export const appendWithSnapshot: string = /* sql */ `
  ${withAppendedEvents},
  saved AS (
    INSERT INTO snapshots (${snapshotColumns})
    SELECT $1, $2, $10::bigint, $11, $12::bigint, $13::json, $14::timestamptz, $15, $16
    FROM first
    WHERE NOT EXISTS (
      SELECT
      FROM erasures
      WHERE aggregate_type = $1 AND aggregate_id = $2 AND snapshots_through >= $12::bigint
    )
    ${unlessNewer("$17", "$18")}
    RETURNING version
  )
  SELECT
    head.version AS head, head.erased::int4 AS erased,
    EXISTS (SELECT FROM first)::int4 AS appended, EXISTS (SELECT FROM saved)::int4 AS stored
  FROM head
`;
