import type { AggregateIdType } from "./database.ts";

// Parameters of one list of columns keep one order throughout. Instants leave as JSON text, which
// is ISO 8601 whatever time zone and date style the session has; the columns of type json leave to the letter.

// Where the isolation level is above READ COMMITTED, the snapshot of the transaction may be older than an erasure. Then this fails
// with a serialization error: every erasure writes the row.
export const seesErasures = /* sql */ `
      CASE WHEN current_setting('transaction_isolation') NOT LIKE 'read %'
        THEN EXISTS (SELECT FROM erasure_guard FOR SHARE)
        ELSE true
      END`;

// A position below all that will be drawn. That of a sequence that was never asked, or set anew, is not known: one is drawn for it.
const lockBelow = /* sql */ `pg_advisory_xact_lock_shared(
          'events'::regclass::oid::int4,
          (coalesce(
            pg_sequence_last_value('events_position_seq'), nextval('events_position_seq') - 1
          ) & 4294967295)::oid::int4
        )`;

// Tells readers of all events where this transaction may still write: taken before the first position is, on a number below all of
// them, once a transaction (the setting remembers), and released with the transaction. As a condition of the rows that are
// inserted it is evaluated before their positions are drawn.
export const lockPositions: string = /* sql */ `
      CASE WHEN coalesce(current_setting('eventfold.appending', true), '') = ''
        THEN ${lockBelow}::text || set_config('eventfold.appending', 'yes', true) IS NOT NULL
        ELSE true
      END`;

// A transaction that has written nothing has no lock: most are over after one append, and need not remember it.
const lockPositionsAtFirstWrite: string = /* sql */ `
      CASE WHEN pg_current_xact_id_if_assigned() IS NULL
        THEN ${lockBelow} IS NOT NULL
        ELSE ${lockPositions}
      END`;

export const eventColumns =
  "aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at";

/** Of the event that is inserted first: plain values, or the first ones of lists. */
const firstOf = {
  one: "$5, $6, $7, $8, $9, $10",
  many: "($5::text[])[1], ($6::text[])[1], ($7::bigint[])[1], ($8::json[])[1], ($9::json[])[1], ($10::timestamptz[])[1]",
};

/**
 * What an append finds: where the stream ends, whether at version $3 (if any) with event $4 (if any), and whether it was erased.
 * The maxima, of one row at most, make a row where the stream has none.
 */
const head = /* sql */ `head AS MATERIALIZED (
    SELECT
      coalesce(max(version), 0) AS version,
      coalesce(max(version), 0) = coalesce($3::bigint, max(version), 0) AND coalesce(max(id) = $4::text, true) AS expected,
      EXISTS (SELECT FROM erasures WHERE aggregate_type = $1 AND aggregate_id = $2 AND events_erased) AS erased
    FROM (
      SELECT version, id
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id = $2
      ORDER BY version DESC
      LIMIT 1
    ) AS last
  )`;

// The head decides, the first event is the gate: it goes in only where the head is the expected one, and where another writer was
// quicker, ON CONFLICT lets it pass by without an error that would end the transaction around it. All else comes from that row.
function withFirstEvent(values: string): string {
  return /* sql */ `WITH ${head},
  first AS (
    INSERT INTO events (${eventColumns})
    SELECT $1, $2, head.version + 1, ${values}
    FROM head
    WHERE CASE WHEN head.expected AND NOT head.erased AND ${seesErasures}
      THEN ${lockPositions}
      ELSE false
    END
    ON CONFLICT (aggregate_type, aggregate_id, version) DO NOTHING
    RETURNING version
  )`;
}

/** One event as plain values, which costs half of what a list of one does. */
export const withAppendedEvent: string = withFirstEvent(firstOf.one);

// The lists come by way of a SELECT so that the planner does not see how long they are: short ones it would plan anew each time.
export const withAppendedEvents: string = /* sql */ `${withFirstEvent(firstOf.many)},
  rest AS (
    INSERT INTO events (${eventColumns})
    SELECT
      $1, $2, first.version + event.place - 1,
      event.id, event.type, event.schema_version, event.data, event.metadata, event.occurred_at
    FROM first, unnest(
      (SELECT $5::text[]), (SELECT $6::text[]), (SELECT $7::bigint[]),
      (SELECT $8::json[]), (SELECT $9::json[]), (SELECT $10::timestamptz[])
    ) WITH ORDINALITY AS event (id, type, schema_version, data, metadata, occurred_at, place)
    WHERE event.place > 1
    ORDER BY event.place
  )`;

// One event on top of a known version, as most saves are: the shortest way, of which only the number of rows tells whether it
// appended. A last event that is not the expected one makes the head 0: no version at which an event can be expected.
export const appendEventAt: string = /* sql */ `
  INSERT INTO events (${eventColumns})
  SELECT $1, $2, $3::bigint + 1, ${firstOf.one}
  WHERE CASE
    WHEN coalesce((
        SELECT CASE WHEN $4::text IS NULL OR id = $4 THEN version END
        FROM events
        WHERE aggregate_type = $1 AND aggregate_id = $2
        ORDER BY version DESC
        LIMIT 1
      ), 0) = $3
      AND NOT EXISTS (SELECT FROM erasures WHERE aggregate_type = $1 AND aggregate_id = $2 AND events_erased)
      AND ${seesErasures}
    THEN ${lockPositionsAtFirstWrite}
    ELSE false
  END
  ON CONFLICT (aggregate_type, aggregate_id, version) DO NOTHING
`;

export const headColumns = "head.version AS head, head.expected::int4 AS expected, head.erased::int4 AS erased";

/** Why an append was not made. */
export const selectHead: string = /* sql */ `
  WITH ${head}
  SELECT ${headColumns}, 0 AS appended
  FROM head
`;

const answer = /* sql */ `
  SELECT ${headColumns}, EXISTS (SELECT FROM first)::int4 AS appended
  FROM head
`;

export const appendEvent: string = withAppendedEvent + answer;

export const appendEvents: string = withAppendedEvents + answer;

// One row for the head, in front because its version is 0; then the page. Its bounds say the same thing three times: the planner
// takes a limit that it does not know for a tenth, and only where that looks as cheap as it is does it keep one plan for all pages.
export const readPage: string = /* sql */ `
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

// As readPage, for the streams whose ids and versions $2 and $3 list. In no order, since a sort of all rows would pay for one that
// the rows of each stream have anyway.
const readManyPagesOf = (idType: AggregateIdType): string => /* sql */ `
  WITH start AS MATERIALIZED (
    SELECT aggregate_id, after_version, place
    FROM unnest($2::${idType}[], $3::bigint[]) WITH ORDINALITY AS start (aggregate_id, after_version, place)
  )
  SELECT page.*, start.place
  FROM start, LATERAL (
    SELECT
      0::bigint AS version, NULL AS id, NULL AS type, NULL::bigint AS schema_version,
      NULL::json AS data, NULL::json AS metadata, NULL::json AS occurred_at,
      coalesce((
        SELECT version
        FROM events
        WHERE aggregate_type = $1 AND aggregate_id = start.aggregate_id
        ORDER BY version DESC
        LIMIT 1
      ), 0) AS head
    UNION ALL
    (
      SELECT
        version, id, type, schema_version,
        data, metadata, to_json(occurred_at AT TIME ZONE 'UTC'),
        NULL
      FROM events
      WHERE aggregate_type = $1 AND aggregate_id = start.aggregate_id
        AND version > start.after_version AND version <= start.after_version + $4
      ORDER BY version
      LIMIT $4
    )
  ) AS page
`;

export const readManyPages: Readonly<Record<"text" | "uuid", string>> = {
  text: readManyPagesOf("text"),
  uuid: readManyPagesOf("uuid"),
};

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

export const eraseAggregate = /* sql */ `
  SELECT events, snapshots
  FROM erase_aggregate($1, $2, $3, $4)
`;
