// What both stores do in one statement.
import { headColumns, withAppendedEvent, withAppendedEvents } from "./event-statements.ts";
import { snapshotColumns, unlessErased, unlessNewer } from "./snapshot-statements.ts";

// The snapshot, if there is one, in the columns of an event, and the events from the one on that it ends with, or from the first
// on where its key is not usable: whether that event is the one that the snapshot names is for the reader to see. One event more
// than the page holds tells whether there are more. $7 is greater than any version: it is there for the planner, as in readPage,
// where a range of the page's length would hide a gap that is longer than that.
export const readForLoad = /* sql */ `
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
      AND version >= coalesce((
        SELECT CASE WHEN wanted OR schema_version >= $5 AND schema_version < $3 THEN greatest(version, 1) ELSE 1 END
        FROM header
      ), 1)
      AND version <= $7
    ORDER BY version
    LIMIT $6 + 2
  )
  ORDER BY version
  LIMIT $6 + 3
`;

// The snapshot goes in where the first event does: with the append or not at all.
const andSnapshot: string = /* sql */ `,
  saved AS (
    INSERT INTO snapshots (${snapshotColumns})
    SELECT $1, $2, $11::bigint, $12, $13::bigint, $14::json, $15::timestamptz, $16, $17
    FROM first
    WHERE ${unlessErased("$13")}
    ${unlessNewer("$18", "$19")}
    RETURNING version
  )
  SELECT
    ${headColumns},
    EXISTS (SELECT FROM first)::int4 AS appended, EXISTS (SELECT FROM saved)::int4 AS stored
  FROM head
`;

export const appendEventWithSnapshot: string = withAppendedEvent + andSnapshot;

export const appendEventsWithSnapshot: string = withAppendedEvents + andSnapshot;
