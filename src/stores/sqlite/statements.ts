// Placeholders are bound in the order in which they stand: Node.js 22 binds numbered ones by name only.
//
// `LIMIT ? + 0`: the planner looks into a limit that is a placeholder and nothing else, and so SQLite compiles the statement anew each
// time that it is bound, which takes longer than a short page.

export const insertEvent = /* sql */ `
  INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
`;

// As a REAL, a damaged version past 2^53 comes out as a number that no stream has, not as an error of the driver.
export const selectLast = /* sql */ `
  SELECT CAST(version AS REAL), id
  FROM events
  WHERE aggregate_type = ? AND aggregate_id = ?
  ORDER BY version DESC
  LIMIT 1
`;

export const selectErased = /* sql */ `
  SELECT events_erased, snapshots_through
  FROM erasures
  WHERE aggregate_type = ? AND aggregate_id = ?
`;

export const selectPage = /* sql */ `
  SELECT version, id, type, schema_version, data, metadata, occurred_at
  FROM events
  WHERE aggregate_type = ? AND aggregate_id = ? AND version > ? AND version <= ?
  ORDER BY version
  LIMIT ? + 0
`;

// Without an upper bound, and so with damaged versions as selectLast: what is not a page's last row is a gap.
export const selectFrom = /* sql */ `
  SELECT CAST(version AS REAL), id, type, schema_version, data, metadata, occurred_at
  FROM events
  WHERE aggregate_type = ? AND aggregate_id = ? AND version >= ?
  ORDER BY version
  LIMIT ? + 0
`;

export const selectAll = /* sql */ `
  SELECT version, id, type, schema_version, data, metadata, occurred_at, aggregate_type, aggregate_id, position
  FROM events
  WHERE position > ?
  ORDER BY position
  LIMIT ? + 0
`;

// From id to id along the index; DISTINCT would walk over every event of every stream.
export const selectStreams = /* sql */ `
  WITH RECURSIVE streams (id) AS (
    SELECT min(aggregate_id) FROM events WHERE aggregate_type = ? AND aggregate_id > ?
    UNION ALL
    SELECT (SELECT min(aggregate_id) FROM events WHERE aggregate_type = ? AND aggregate_id > streams.id)
    FROM streams
    WHERE streams.id IS NOT NULL
  )
  SELECT id FROM streams WHERE id IS NOT NULL LIMIT ? + 0
`;

// The last WHERE keeps a late writer from replacing a newer snapshot, but for the very row that a load has rejected (REAL is how the
// version of a damaged row was read, and what a number is bound as) and for versions that no stream can have.
export const upsertSnapshot = /* sql */ `
  INSERT INTO snapshots (
    aggregate_type, aggregate_id, schema_version, fingerprint, version, state, created_at, last_event_id, checksum
  )
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
  WHERE NOT EXISTS (
    SELECT 1 FROM erasures WHERE aggregate_type = ? AND aggregate_id = ? AND snapshots_through >= ?
  )
  ON CONFLICT (aggregate_type, aggregate_id, schema_version, fingerprint) DO UPDATE
  SET
    version = excluded.version,
    state = excluded.state,
    created_at = excluded.created_at,
    last_event_id = excluded.last_event_id,
    checksum = excluded.checksum
  WHERE snapshots.version <= excluded.version
    OR snapshots.version NOT BETWEEN 1 AND 9007199254740991
    OR (CAST(snapshots.version AS REAL) = ? AND snapshots.checksum IS ?)
`;

// Numbers as text: a damaged row must reach its reader, who judges it, and not fail in the driver.
export const selectSnapshot = /* sql */ `
  SELECT
    aggregate_type, aggregate_id, CAST(schema_version AS TEXT), fingerprint, CAST(version AS TEXT), state, created_at,
    last_event_id, checksum
  FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ? AND (? IS NULL OR schema_version = ?)
  ORDER BY (schema_version = ? AND fingerprint = ?) DESC, version DESC, schema_version DESC
  LIMIT 1
`;

// The snapshot of one key, with the event that it ends with, if that stands at its version, and with a newer one, if there are
// any. The index gives the older one first; should it ever not, the load reads anew in a transaction. The state comes once, with
// the event that it ends with, for it may be large. CROSS JOIN keeps the planner from beginning with the events. As REAL for the
// reasons of selectLast.
export const selectProvenSnapshot = /* sql */ `
  SELECT
    CAST(snapshots.version AS REAL), CASE WHEN events.version = snapshots.version THEN snapshots.state END,
    snapshots.created_at, snapshots.last_event_id, snapshots.checksum
  FROM snapshots CROSS JOIN events
  WHERE snapshots.aggregate_type = ? AND snapshots.aggregate_id = ?
    AND snapshots.schema_version = ? AND snapshots.fingerprint = ?
    AND events.aggregate_type = snapshots.aggregate_type AND events.aggregate_id = snapshots.aggregate_id
    AND events.version >= snapshots.version
    AND (events.version > snapshots.version OR events.id = snapshots.last_event_id)
  LIMIT 2
`;

export const selectSnapshotExists = /* sql */ `
  SELECT EXISTS (
    SELECT 1 FROM snapshots
    WHERE aggregate_type = ? AND aggregate_id = ? AND (? IS NULL OR schema_version = ?)
  )
`;

export const deleteSnapshot = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ? AND (? IS NULL OR schema_version = ?)
`;

export const deleteExactSnapshot = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = ? AND aggregate_id = ? AND schema_version = ? AND fingerprint = ?
    AND CAST(version AS REAL) = ? AND checksum IS ?
`;

// A bound that is null does not narrow; OR would keep the planner from the index.
export const deleteSnapshotsByType = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = ? AND schema_version < coalesce(?, 9223372036854775807)
    AND created_at < coalesce(?, '~')
    AND (schema_version, fingerprint) IS NOT (?, ?)
`;

export const deleteEvents = /* sql */ `
  DELETE FROM events
  WHERE aggregate_type = ? AND aggregate_id = ?
`;

export const upsertErasure = /* sql */ `
  INSERT INTO erasures (aggregate_type, aggregate_id, events_erased, snapshots_through, erased_at)
  VALUES (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
  SET
    events_erased = max(events_erased, excluded.events_erased),
    snapshots_through = max(snapshots_through, excluded.snapshots_through),
    erased_at = excluded.erased_at
`;

export const selectMigrationsTable = /* sql */ `
  SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'eventfold_migrations'
`;

export const createMigrationsTable = /* sql */ `
  CREATE TABLE IF NOT EXISTS eventfold_migrations (
    version INTEGER PRIMARY KEY,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  ) STRICT
`;

export const selectMigrationVersion = /* sql */ `
  SELECT coalesce(max(version), 0) FROM eventfold_migrations
`;

export const insertMigration = /* sql */ `
  INSERT INTO eventfold_migrations (version) VALUES (?)
`;
