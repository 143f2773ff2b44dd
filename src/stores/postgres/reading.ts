import type { PageRange, StreamPage } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { Database } from "./database.ts";
import { readPage } from "./event-statements.ts";
import { type EventColumns, toEvent } from "./rows.ts";

/** One page of a stream and its head, by one statement. */
export async function readPageIn(database: Database, stream: StreamId, range: PageRange): Promise<StreamPage> {
  const { aggregateType, aggregateId } = stream;
  const { afterVersion, throughVersion = Number.MAX_SAFE_INTEGER, limit } = range;
  const values = [aggregateType, aggregateId, afterVersion, Math.min(throughVersion, afterVersion + limit), limit];
  const [header, ...rows] = await database.rows<[...EventColumns, head: string]>(readPage, values);
  return { head: Number(header?.[7]), events: rows.map((row) => toEvent({ aggregateType, aggregateId }, row)) };
}
