// From type to type along the primary key, however many rows lie between.
const typesIn = (table: "events" | "snapshots"): string => /* sql */ `
  WITH RECURSIVE type AS (
    (
      SELECT aggregate_type
      FROM ${table}
      WHERE aggregate_type > $1
      ORDER BY aggregate_type
      LIMIT 1
    )
    UNION ALL
    SELECT following.aggregate_type
    FROM type, LATERAL (
      SELECT aggregate_type
      FROM ${table}
      WHERE aggregate_type > type.aggregate_type
      ORDER BY aggregate_type
      LIMIT 1
    ) AS following
  )
  SELECT aggregate_type
  FROM type
  LIMIT $2
`;

export const selectTypes: string = typesIn("events");
export const selectSnapshotTypes: string = typesIn("snapshots");

/** The id of the last of `$4` snapshots; none when there is none. */
export const selectEndOfPage = /* sql */ `
  SELECT aggregate_id
  FROM (
    SELECT aggregate_id
    FROM snapshots
    WHERE aggregate_type = $1 AND (aggregate_id, schema_version) > ($2, $3::bigint)
    ORDER BY aggregate_id, schema_version
    LIMIT $4
  ) AS page
  ORDER BY aggregate_id DESC
  LIMIT 1
`;

// The page ends with the last row of an aggregate, so that the next one can begin behind its id. LATERAL with a limit: a NOT EXISTS
// may come to be answered from a hash of all events.
export const selectOrphans: string = /* sql */ `
  WITH ending AS MATERIALIZED (${selectEndOfPage})
  SELECT
    count(*) AS examined, count(*) FILTER (WHERE event.found IS NULL) AS orphans,
    (SELECT aggregate_id FROM ending) AS last_id
  FROM snapshots
  LEFT JOIN LATERAL (
    SELECT 1 AS found
    FROM events
    WHERE aggregate_type = snapshots.aggregate_type AND aggregate_id = snapshots.aggregate_id
    LIMIT 1
  ) AS event ON true
  WHERE aggregate_type = $1 AND (aggregate_id, schema_version) > ($2, $3::bigint)
    AND aggregate_id <= (SELECT aggregate_id FROM ending)
`;

// LATERAL with OFFSET 0: the planner, which knows neither table when it keeps a plan, must not join by reading all of one.
const survey = /* sql */ `
    page.aggregate_type, page.aggregate_id, page.head,
    snapshot.schema_version, snapshot.fingerprint, snapshot.version,
    extract(epoch FROM snapshot.created_at) * 1000 AS created_at_ms,
    (snapshot.checksum IS NOT NULL AND snapshot.last_event_id IS NOT NULL)::int4 AS proven,
    (snapshot.last_event_id = (
      SELECT id
      FROM events
      WHERE aggregate_type = page.aggregate_type AND aggregate_id = page.aggregate_id AND version = snapshot.version
    ))::int4 AS anchored
  FROM page
  LEFT JOIN LATERAL (
    SELECT schema_version, fingerprint, version, created_at, last_event_id, checksum
    FROM snapshots
    WHERE aggregate_type = page.aggregate_type AND aggregate_id = page.aggregate_id
    OFFSET 0
  ) AS snapshot ON true`;

// Down the primary key: the last event before the first one of a stream tells the next stream and its version at once. With the
// greatest version the first id itself is among the answers.
export const surveyStreams: string = /* sql */ `
  WITH RECURSIVE stream AS (
    (
      SELECT aggregate_type, aggregate_id, version
      FROM events
      WHERE aggregate_type = $1 AND (aggregate_id, version) < ($2, $3::bigint)
      ORDER BY aggregate_id DESC, version DESC
      LIMIT 1
    )
    UNION ALL
    SELECT following.aggregate_type, following.aggregate_id, following.version
    FROM stream, LATERAL (
      SELECT aggregate_type, aggregate_id, version
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id < stream.aggregate_id
      ORDER BY aggregate_id DESC, version DESC
      LIMIT 1
    ) AS following
  ),
  page AS MATERIALIZED (
    SELECT aggregate_type, aggregate_id, version AS head
    FROM stream
    LIMIT $4
  )
  SELECT page.aggregate_id AS place, ${survey}
  ORDER BY page.aggregate_id DESC
`;

export const surveyStreamsAt: string = /* sql */ `
  WITH page AS MATERIALIZED (
    SELECT drawn.place, event.aggregate_type, event.aggregate_id, newest.head
    FROM unnest($2::bigint[]) WITH ORDINALITY AS drawn (position, place),
    LATERAL (
      SELECT aggregate_type, aggregate_id
      FROM events
      WHERE position = drawn.position
      OFFSET 0
    ) AS event,
    LATERAL (
      SELECT version AS head
      FROM events
      WHERE aggregate_type = event.aggregate_type AND aggregate_id = event.aggregate_id
      ORDER BY version DESC
      LIMIT 1
    ) AS newest
    WHERE event.aggregate_type = coalesce($1, event.aggregate_type)
  )
  SELECT page.place, ${survey}
  ORDER BY page.place
`;

export const selectLastPosition = /* sql */ `
  SELECT position
  FROM events
  ORDER BY position DESC
  LIMIT 1
`;

// What is null does not narrow. The limit lies inside, so that no table is too large.
const examined = /* sql */ `(
    SELECT
      aggregate_type, aggregate_id, schema_version, fingerprint, version, created_at,
      octet_length(state::text) AS bytes
    FROM snapshots
    WHERE aggregate_type = coalesce($1, aggregate_type)
    LIMIT $2
  ) AS examined`;

export const selectGroups: string = /* sql */ `
  SELECT
    aggregate_type, schema_version, fingerprint, count(*) AS snapshots,
    sum(bytes) AS bytes_total, max(bytes) AS bytes_max,
    to_json(min(created_at) AT TIME ZONE 'UTC') AS oldest_at, to_json(max(created_at) AT TIME ZONE 'UTC') AS newest_at
  FROM ${examined}
  GROUP BY aggregate_type, schema_version, fingerprint
  ORDER BY aggregate_type, schema_version, fingerprint
`;

export const selectLargest: string = /* sql */ `
  SELECT
    aggregate_type, aggregate_id, schema_version, fingerprint, version,
    to_json(created_at AT TIME ZONE 'UTC') AS created_at, bytes, count(*) OVER () AS examined
  FROM ${examined}
  ORDER BY bytes DESC, aggregate_type, aggregate_id, schema_version, fingerprint
  LIMIT $3
`;

export const selectTableBytes = /* sql */ `
  SELECT pg_total_relation_size('snapshots') AS bytes
`;
