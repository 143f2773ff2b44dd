import type { StoredEvent } from "../../events/event.ts";
import type { PageRange, PageStart, StreamPage } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { Database } from "./database.ts";
import { readManyPages, readPage } from "./event-statements.ts";
import { type EventColumns, toEvent } from "./rows.ts";

/** One page of a stream and its head, by one statement. */
export async function readPageIn(database: Database, stream: StreamId, range: PageRange): Promise<StreamPage> {
  const { aggregateType, aggregateId } = stream;
  const { afterVersion, throughVersion = Number.MAX_SAFE_INTEGER, limit } = range;
  const values = [aggregateType, aggregateId, afterVersion, Math.min(throughVersion, afterVersion + limit), limit];
  const [header, ...rows] = await database.read<[...EventColumns, head: string]>(readPage, values);
  return { head: Number(header?.[7]), events: rows.map((row) => toEvent({ aggregateType, aggregateId }, row)) };
}

/** A page and the head of each of many streams of one type, by one statement. */
export async function readManyPagesIn(
  database: Database,
  aggregateType: string,
  starts: readonly PageStart[],
  limit: number,
): Promise<readonly StreamPage[]> {
  const ids = starts.map(({ aggregateId }) => aggregateId);
  const versions = starts.map(({ afterVersion }) => Math.min(afterVersion, Number.MAX_SAFE_INTEGER - limit));
  const statement = readManyPages[database.aggregateIdType];
  const rows = await database.read<[...EventColumns, head: string | null, place: string]>(statement, [
    aggregateType,
    ids,
    versions,
    limit,
  ]);
  const pages = starts.map(() => ({ head: 0, events: [] as StoredEvent[] }));
  for (const row of rows) {
    const [head, place] = row.slice(7) as [string | null, string];
    const index = Number(place) - 1;
    const page = pages[index] as (typeof pages)[number];
    if (head !== null) page.head = Number(head);
    else page.events.push(toEvent({ aggregateType, aggregateId: ids[index] as string }, row));
  }
  // Costs next to nothing where they are in order, as they are but for some plan that nobody has seen yet.
  for (const { events } of pages) events.sort((one, other) => one.version - other.version);
  return pages;
}
