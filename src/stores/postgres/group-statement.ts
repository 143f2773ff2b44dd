import { type Answer, type AnswerColumns, type Appending, toAnswer } from "./appending.ts";
import type { AggregateIdType, Database } from "./database.ts";
import { eventColumns, lockPositions, seesErasures } from "./event-statements.ts";

// As for a single append: the head decides, and the first event of each is its gate.
// - A save is known by its stream, of which there is one in a group; not by event ids, which two saves may share, of which one is
//   not stored.
// - They go in in one order everywhere, or two groups could wait for each other.
// - One that waits for longer than $11 gives up for all: a transaction that one of them waits for may itself be waiting for another.
// - Lists come by way of a SELECT, as in withAppendedEvents.
function appendGroupOf(idType: AggregateIdType): string {
  return /* sql */ `
  WITH save AS MATERIALIZED (
    SELECT
      save.*,
      coalesce(last.version, 0) AS head,
      coalesce(last.version, 0) = coalesce(expected_version, last.version, 0)
        AND coalesce(last.id = expected_event_id, true) AS expected,
      coalesce((
        SELECT events_erased
        FROM erasures
        WHERE aggregate_type = save.aggregate_type AND aggregate_id = save.aggregate_id
      ), false) AS erased
    FROM unnest(
      (SELECT $1::text[]), (SELECT $2::${idType}[]), (SELECT $3::bigint[]), (SELECT $4::text[]), (SELECT $5::text[]),
      (SELECT $6::text[]), (SELECT $7::bigint[]), (SELECT $8::json[]), (SELECT $9::json[]), (SELECT $10::timestamptz[])
    ) WITH ORDINALITY AS save (
      aggregate_type, aggregate_id, expected_version, expected_event_id,
      id, type, schema_version, data, metadata, occurred_at, place
    )
    LEFT JOIN LATERAL (
      SELECT version, id
      FROM events
      WHERE aggregate_type = save.aggregate_type AND aggregate_id = save.aggregate_id
      ORDER BY version DESC
      LIMIT 1
    ) AS last ON true
  ),
  first AS (
    INSERT INTO events (${eventColumns})
    SELECT
      aggregate_type, aggregate_id, head + 1,
      id, type, schema_version, data, metadata, occurred_at
    FROM save
    WHERE CASE WHEN expected AND NOT erased AND ${seesErasures}
      THEN ${lockPositions} AND set_config('lock_timeout', $11, true) IS NOT NULL
      ELSE false
    END
    ORDER BY place
    ON CONFLICT (aggregate_type, aggregate_id, version) DO NOTHING
    RETURNING aggregate_type, aggregate_id, version
  ),
  rest AS (
    INSERT INTO events (${eventColumns})
    SELECT
      aggregate_type, aggregate_id, first.version + event.distance,
      event.id, event.type, event.schema_version, event.data, event.metadata, event.occurred_at
    FROM unnest(
      (SELECT $12::bigint[]), (SELECT $13::bigint[]), (SELECT $14::text[]), (SELECT $15::text[]),
      (SELECT $16::bigint[]), (SELECT $17::json[]), (SELECT $18::json[]), (SELECT $19::timestamptz[])
    ) WITH ORDINALITY AS event (
      of_save, distance, id, type, schema_version, data, metadata, occurred_at, place
    )
    JOIN save ON save.place = event.of_save
    JOIN first USING (aggregate_type, aggregate_id)
    ORDER BY event.place
  )
  SELECT save.place, save.head, save.expected::int4, save.erased::int4, (first.version IS NOT NULL)::int4
  FROM save
  LEFT JOIN first USING (aggregate_type, aggregate_id)
`;
}

const statements = { text: appendGroupOf("text"), uuid: appendGroupOf("uuid") };

/**
 * Stores appends to different streams by one statement, those that do not conflict. Gives the answer to each, in their order.
 *
 * @throws what the driver throws, and when one waits for longer than `patienceMs` for another transaction: then none is stored.
 */
export async function appendGroup(
  database: Database,
  appendings: readonly Appending[],
  patienceMs: number,
): Promise<readonly (Answer | undefined)[]> {
  const inOrder = appendings.toSorted((a, b) => (a.streamKey < b.streamKey ? -1 : 1));
  const rows = await database.rows<PlacedAnswer>(statements[database.aggregateIdType], [
    inOrder.map(({ stream }) => stream.aggregateType),
    inOrder.map(({ stream }) => stream.aggregateId),
    inOrder.map(({ expectedVersion }) => expectedVersion),
    inOrder.map(({ expectedEventId }) => expectedEventId),
    ...eventColumnsOf(inOrder, ([first]) => [first]),
    `${patienceMs}ms`,
    inOrder.flatMap(({ eventIds: [, ...others] }, index) => others.map(() => index + 1)),
    inOrder.flatMap(({ eventIds: [, ...others] }) => others.map((_, index) => index + 1)),
    ...eventColumnsOf(inOrder, ([, ...others]) => others),
  ]);
  const answers = new Map(rows.map(([place, ...answer]) => [inOrder[Number(place) - 1], toAnswer(answer)]));
  return appendings.map((appending) => answers.get(appending));
}

type PlacedAnswer = readonly [place: string, ...AnswerColumns];

/** The columns of all events, or of those that `choose` leaves of each append. */
function eventColumnsOf(
  appendings: readonly Appending[],
  choose: (values: readonly unknown[]) => readonly unknown[],
): unknown[][] {
  const [first] = appendings;
  return (first?.columns ?? []).map((_, column) => appendings.flatMap(({ columns }) => choose(columns[column] ?? [])));
}
