// Every statement of both stores. Parameters of one list of columns keep one order throughout. Instants leave as JSON text, which
// is ISO 8601 whatever time zone and date style the session has; the columns of type json leave to the letter.

// The head decides, the first event is the gate: it goes in only where the head is the expected one, and where another writer was
// quicker, ON CONFLICT lets it pass by without an error that would end the transaction around it. All else comes from that row.
// The lock tells readers of all events where this transaction may still write: it is taken before the first position is, on a
// number below all of them, once a transaction (the setting remembers), and ends with the transaction.
export const appendEvents = /* sql */ `
  WITH head AS MATERIALIZED (
    SELECT coalesce((
      SELECT version
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id = $2
      ORDER BY version DESC
      LIMIT 1
    ), 0) AS version
  ),
  gate AS MATERIALIZED (
    SELECT
      head.version,
      CASE WHEN coalesce(current_setting('eventfold.appending', true), '') = '' THEN
        pg_advisory_xact_lock_shared(
          'events'::regclass::oid::int4,
          ((last_value - (NOT is_called)::int4) & 4294967295)::oid::int4
        )::text || set_config('eventfold.appending', 'yes', true)
      END AS locked
    FROM head, events_position_seq
    WHERE head.version = coalesce($3::bigint, head.version)
  ),
  first AS (
    INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
    SELECT
      $1, $2, gate.version + 1,
      ($4::text[])[1], ($5::text[])[1], ($6::bigint[])[1], ($7::json[])[1], ($8::json[])[1], ($9::timestamptz[])[1]
    FROM gate
    ON CONFLICT (aggregate_type, aggregate_id, version) DO NOTHING
    RETURNING version
  ),
  rest AS (
    INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
    SELECT
      $1, $2, first.version + event.place - 1,
      event.id, event.type, event.schema_version, event.data, event.metadata, event.occurred_at
    FROM first, unnest($4::text[], $5::text[], $6::bigint[], $7::json[], $8::json[], $9::timestamptz[])
      WITH ORDINALITY AS event (id, type, schema_version, data, metadata, occurred_at, place)
    WHERE event.place > 1
    ORDER BY event.place
  )
  SELECT head.version AS head, EXISTS (SELECT FROM first)::int4 AS appended
  FROM head
`;

// One row for the head, in front because its version is 0; then the page. Its bounds say the same thing three times: the planner
// takes a limit that it does not know for a tenth, and only where that looks as cheap as it is does it keep one plan for all pages.
export const readPage = /* sql */ `
  WITH head AS MATERIALIZED (
    SELECT coalesce((
      SELECT version
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id = $2
      ORDER BY version DESC
      LIMIT 1
    ), 0) AS version
  )
  SELECT
    0::bigint AS version, NULL AS id, NULL AS type, NULL::bigint AS schema_version,
    NULL::json AS data, NULL::json AS metadata, NULL::json AS occurred_at,
    head.version AS head
  FROM head
  UNION ALL
  (
    SELECT
      version, id, type, schema_version,
      data, metadata, to_json(occurred_at AT TIME ZONE 'UTC'),
      NULL
    FROM events
    WHERE aggregate_type = $1 AND aggregate_id = $2 AND version > $3 AND version <= $4
    ORDER BY version
    LIMIT $5
  )
  ORDER BY version
  LIMIT $5 + 1
`;

// As readPage, but what the page begins after is decided in the statement itself: the version of the snapshot, where it is of the
// wanted key and the event that it names stands at its version (looked up by itself: a plain join may be planned, while the tables
// are small, as a walk over the whole stream). The first row holds the snapshot in the columns of an event.
export const readForLoad = /* sql */ `
  WITH header AS MATERIALIZED (
    SELECT
      head.version AS head,
      snapshot.*,
      anchor.stands IS NOT NULL AS anchored,
      CASE WHEN snapshot.wanted AND anchor.stands THEN snapshot.version ELSE 0 END AS after_version
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
      AND version > (SELECT after_version FROM header) AND version <= (SELECT after_version FROM header) + $5
    ORDER BY version
    LIMIT $5
  )
  ORDER BY version
  LIMIT $5 + 1
`;

export const selectVersion = /* sql */ `
  SELECT version
  FROM events
  WHERE aggregate_type = $1 AND aggregate_id = $2
  ORDER BY version DESC
  LIMIT 1
`;

// From id to id along the primary key, however many events lie between. With version 0 the first id itself is among the answers.
export const selectStreams = /* sql */ `
  WITH RECURSIVE stream AS (
    (
      SELECT aggregate_id
      FROM events
      WHERE aggregate_type = $1 AND (aggregate_id, version) > ($2, $3::bigint)
      ORDER BY aggregate_id, version
      LIMIT 1
    )
    UNION ALL
    SELECT following.aggregate_id
    FROM stream, LATERAL (
      SELECT aggregate_id
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id > stream.aggregate_id
      ORDER BY aggregate_id
      LIMIT 1
    ) AS following
  )
  SELECT aggregate_id
  FROM stream
  LIMIT $4
`;

// No transaction that is under way, nor any that is to come, will add an event up to this position. The last position is read before
// the locks: looking the other way round would miss a transaction that takes lock and position in between. A lock names the
// lower half of a position; its distance to the last one is signed, as it may be the newer of the two.
export const selectHorizon = /* sql */ `
  WITH last AS MATERIALIZED (
    SELECT last_value - (NOT is_called)::int4 AS position
    FROM events_position_seq
  )
  SELECT
    last.position - greatest(0, (
      SELECT max(((last.position - objid::bigint + 2147483648) & 4294967295) - 2147483648)
      FROM pg_locks
      WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 'events'::regclass::oid
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )) AS position,
    pg_is_in_recovery()::int4 AS standby,
    current_setting('transaction_isolation') AS isolation
  FROM last
`;

export const selectAllEvents = /* sql */ `
  SELECT
    version, id, type, schema_version,
    data, metadata, to_json(occurred_at AT TIME ZONE 'UTC') AS occurred_at,
    position, aggregate_type, aggregate_id
  FROM events
  WHERE position > $1 AND position <= $2
  ORDER BY position
  LIMIT $3
`;

// The WHERE keeps a late writer from replacing a newer snapshot, but for the very row that a load has rejected.
export const upsertSnapshot = /* sql */ `
  INSERT INTO snapshots (
    aggregate_type, aggregate_id, schema_version, fingerprint,
    version, state, created_at, last_event_id, checksum
  )
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (aggregate_type, aggregate_id, schema_version, fingerprint) DO UPDATE
  SET
    version = excluded.version, state = excluded.state, created_at = excluded.created_at,
    last_event_id = excluded.last_event_id, checksum = excluded.checksum
  WHERE snapshots.version <= excluded.version
    OR (snapshots.version = $10 AND snapshots.checksum IS NOT DISTINCT FROM $11)
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

// A bound of null deletes all; OR would keep the planner from the index.
export const deleteSnapshotsByType = /* sql */ `
  DELETE FROM snapshots
  WHERE aggregate_type = $1 AND schema_version < coalesce($2, 9223372036854775807)
`;
