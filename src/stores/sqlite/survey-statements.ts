// Placeholders are bound in the order in which they stand: Node.js 22 binds numbered ones by name only. Versions are read as
// REAL: a damaged one past 2^53 then comes out as a number, not as an error of the driver.

// From type to type along the index; DISTINCT would walk over every row.
const typesIn = (table: "events" | "snapshots"): string => /* sql */ `
  WITH RECURSIVE types (name) AS (
    SELECT min(aggregate_type) FROM ${table} WHERE aggregate_type > ?
    UNION ALL
    SELECT (SELECT min(aggregate_type) FROM ${table} WHERE aggregate_type > types.name)
    FROM types
    WHERE types.name IS NOT NULL
  )
  SELECT name FROM types WHERE name IS NOT NULL LIMIT ? + 0
`;

export const selectTypes: string = typesIn("events");
export const selectSnapshotTypes: string = typesIn("snapshots");

/** The id of the last of so many snapshots; null when there is none. */
export const selectEndOfPage = /* sql */ `
  SELECT max(aggregate_id)
  FROM (
    SELECT aggregate_id
    FROM snapshots
    WHERE aggregate_type = ? AND aggregate_id > ?
    ORDER BY aggregate_id
    LIMIT ? + 0
  )
`;

// The page ends with the last row of an aggregate, so that the next one can begin behind its id.
export const selectOrphans: string = /* sql */ `
  WITH ending (aggregate_id) AS MATERIALIZED (${selectEndOfPage})
  SELECT
    count(*) AS examined,
    count(*) FILTER (WHERE NOT EXISTS (
      SELECT 1
      FROM events
      WHERE events.aggregate_type = snapshots.aggregate_type AND events.aggregate_id = snapshots.aggregate_id
    )) AS orphans,
    (SELECT aggregate_id FROM ending) AS last_id
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id > ? AND aggregate_id <= (SELECT aggregate_id FROM ending)
`;

const survey = /* sql */ `
    (
      SELECT CAST(version AS REAL)
      FROM events
      WHERE aggregate_type = page.aggregate_type AND aggregate_id = page.aggregate_id
      ORDER BY version DESC
      LIMIT 1
    ) AS head,
    CAST(snapshots.schema_version AS REAL), snapshots.fingerprint, CAST(snapshots.version AS REAL),
    round(unixepoch(snapshots.created_at, 'subsec') * 1000) AS created_at_ms,
    snapshots.checksum IS NOT NULL AND snapshots.last_event_id IS NOT NULL AS proven,
    (
      SELECT id
      FROM events
      WHERE aggregate_type = page.aggregate_type AND aggregate_id = page.aggregate_id AND version = snapshots.version
    ) = snapshots.last_event_id AS anchored`;

// From id to id down the index, however many events lie between.
export const surveyStreams: string = /* sql */ `
  WITH RECURSIVE
  streams (aggregate_id) AS (
    SELECT max(aggregate_id) FROM events WHERE aggregate_type = ? AND aggregate_id < ?
    UNION ALL
    SELECT (SELECT max(aggregate_id) FROM events WHERE aggregate_type = ? AND aggregate_id < streams.aggregate_id)
    FROM streams
    WHERE streams.aggregate_id IS NOT NULL
  ),
  page (aggregate_type, aggregate_id) AS MATERIALIZED (
    SELECT ?, aggregate_id FROM streams WHERE aggregate_id IS NOT NULL LIMIT ? + 0
  )
  SELECT page.aggregate_id AS place, page.aggregate_type, page.aggregate_id, ${survey}
  FROM page
  LEFT JOIN snapshots ON snapshots.aggregate_type = page.aggregate_type AND snapshots.aggregate_id = page.aggregate_id
  ORDER BY page.aggregate_id DESC
`;

export const surveyStreamsAt: string = /* sql */ `
  WITH page (place, aggregate_type, aggregate_id) AS MATERIALIZED (
    SELECT drawn.key, events.aggregate_type, events.aggregate_id
    FROM json_each(?) AS drawn
    CROSS JOIN events ON events.position = drawn.value
    WHERE events.aggregate_type BETWEEN ? AND ?
  )
  SELECT page.place, page.aggregate_type, page.aggregate_id, ${survey}
  FROM page
  LEFT JOIN snapshots ON snapshots.aggregate_type = page.aggregate_type AND snapshots.aggregate_id = page.aggregate_id
  ORDER BY page.place
`;

export const selectLastPosition = /* sql */ `
  SELECT max(position) FROM events
`;

// The length of a text stands in front of it: no state is read. The limit lies inside, so that no table is too large.
export const selectGroups = /* sql */ `
  SELECT
    aggregate_type, CAST(schema_version AS REAL), fingerprint, count(*),
    CAST(sum(bytes) AS REAL), max(bytes), min(created_at), max(created_at)
  FROM (
    SELECT aggregate_type, schema_version, fingerprint, octet_length(state) AS bytes, created_at
    FROM snapshots
    WHERE aggregate_type BETWEEN ? AND ?
    LIMIT ? + 0
  )
  GROUP BY aggregate_type, schema_version, fingerprint
  ORDER BY aggregate_type, schema_version, fingerprint
`;

export const selectLargest = /* sql */ `
  SELECT
    aggregate_type, aggregate_id, CAST(schema_version AS REAL), fingerprint, CAST(version AS REAL), created_at,
    bytes, count(*) OVER () AS examined
  FROM (
    SELECT aggregate_type, aggregate_id, schema_version, fingerprint, version, created_at, octet_length(state) AS bytes
    FROM snapshots
    WHERE aggregate_type BETWEEN ? AND ?
    LIMIT ? + 0
  )
  ORDER BY bytes DESC, aggregate_type, aggregate_id, schema_version, fingerprint
  LIMIT ? + 0
`;
