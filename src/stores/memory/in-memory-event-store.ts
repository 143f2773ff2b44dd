import { DuplicateEventError, StreamErasedError } from "../../errors.ts";
import type { NewEvent, RecordedEvent, StoredEvent } from "../../events/event.ts";
import {
  type AppendOptions,
  type AppendResult,
  checkAppend,
  checkManyPages,
  checkPage,
  type EventStore,
  type PageRange,
  type PageStart,
  type PositionRange,
  positionBounds,
  type ReadRange,
  refuseClosed,
  refuseConflict,
  type StreamPage,
  type StreamsRange,
  streamsBounds,
} from "../../events/event-store.ts";
import { parseEvent } from "../../events/parse-event.ts";
import { readStream } from "../../events/read-stream.ts";
import { declareSystem } from "../../events/store-system.ts";
import { checkStreamId, type StreamId } from "../../events/stream-id.ts";

/** An event as it lies: in text, like in a database, so that nothing is ever shared with a caller. */
interface StoredRow extends NewEvent {
  readonly stream: StreamId;
  readonly version: number;
  readonly position: number;
}

/** Keeps events in memory, for tests and first steps: complete, but gone with the process. */
export class InMemoryEventStore implements EventStore {
  #rows: StoredRow[] = [];
  #lastPosition = 0;
  readonly #rowsByType = new Map<string, Map<string, StoredRow[]>>();
  readonly #eventIds = new Set<string>();
  readonly #erasedIdsByType = new Map<string, Set<string>>();
  #closed = false;

  constructor() {
    declareSystem(this, "memory");
  }

  async append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    refuseClosed(this.#closed, "event store");
    checkAppend(stream, events, options);
    const { aggregateType, aggregateId } = stream;
    if (this.#erasedIdsByType.get(aggregateType)?.has(aggregateId)) throw new StreamErasedError({ stream });
    const rows = this.#rowsOf(stream);
    refuseConflict(stream, options, rows.at(-1));
    this.#refuseDuplicates(stream, events);
    // No await from here on: all of the events are added, or the process is gone.
    for (const event of events) {
      this.#eventIds.add(event.id);
      const position = (this.#lastPosition += 1);
      const row = { ...event, stream: { aggregateType, aggregateId }, version: rows.length + 1, position };
      this.#rows.push(row);
      rows.push(row);
    }
    this.#rowsById(aggregateType).set(aggregateId, rows);
    return { version: rows.length };
  }

  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent> {
    return readStream(this, stream, range);
  }

  async readPage(stream: StreamId, range: PageRange): Promise<StreamPage> {
    refuseClosed(this.#closed, "event store");
    checkPage(stream, range);
    return this.#page(stream, range);
  }

  async readManyPages(
    aggregateType: string,
    starts: readonly PageStart[],
    limit: number,
  ): Promise<readonly StreamPage[]> {
    refuseClosed(this.#closed, "event store");
    checkManyPages(aggregateType, starts, limit);
    return starts.map(({ aggregateId, afterVersion }) =>
      this.#page({ aggregateType, aggregateId }, { afterVersion, limit }),
    );
  }

  async versionOf(stream: StreamId): Promise<number> {
    refuseClosed(this.#closed, "event store");
    checkStreamId(stream);
    return this.#rowsOf(stream).length;
  }

  async exists(stream: StreamId): Promise<boolean> {
    return (await this.versionOf(stream)) > 0;
  }

  async streams(aggregateType: string, range?: StreamsRange): Promise<readonly string[]> {
    refuseClosed(this.#closed, "event store");
    const { afterId, limit } = streamsBounds(aggregateType, range);
    const ids = [...(this.#rowsByType.get(aggregateType)?.keys() ?? [])].filter((id) => compareUtf8(id, afterId) > 0);
    return ids.sort(compareUtf8).slice(0, limit);
  }

  async readAll(range?: PositionRange): Promise<readonly RecordedEvent[]> {
    refuseClosed(this.#closed, "event store");
    const { afterPosition, limit } = positionBounds(range);
    // Positions grow by one, and erased ones are missing: the row after a position never stands further back than that.
    let start = Math.min(afterPosition, this.#rows.length);
    while (start > 0 && (this.#rows[start - 1] as StoredRow).position > afterPosition) start -= 1;
    const rows = this.#rows.slice(start, start + limit);
    return rows.map((row) => ({ ...parseEvent(row.stream, row), ...row.stream, position: row.position }));
  }

  async eraseStream(stream: StreamId): Promise<number> {
    refuseClosed(this.#closed, "event store");
    checkStreamId(stream);
    const { aggregateType, aggregateId } = stream;
    const erased = new Set(this.#rowsOf(stream));
    for (const { id } of erased) this.#eventIds.delete(id);
    if (erased.size > 0) this.#rows = this.#rows.filter((row) => !erased.has(row));
    this.#rowsById(aggregateType).delete(aggregateId);
    const erasedIds = this.#erasedIdsByType.get(aggregateType) ?? new Set<string>();
    this.#erasedIdsByType.set(aggregateType, erasedIds.add(aggregateId));
    return erased.size;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #page(stream: StreamId, range: PageRange): StreamPage {
    const rows = this.#rowsOf(stream);
    const end = Math.min(range.afterVersion + range.limit, range.throughVersion ?? rows.length);
    return { head: rows.length, events: rows.slice(range.afterVersion, end).map((row) => parseEvent(row.stream, row)) };
  }

  #rowsOf(stream: StreamId): StoredRow[] {
    return this.#rowsByType.get(stream.aggregateType)?.get(stream.aggregateId) ?? [];
  }

  #rowsById(aggregateType: string): Map<string, StoredRow[]> {
    let ids = this.#rowsByType.get(aggregateType);
    if (ids === undefined) this.#rowsByType.set(aggregateType, (ids = new Map()));
    return ids;
  }

  #refuseDuplicates(stream: StreamId, events: readonly NewEvent[]): void {
    const ids = new Set<string>();
    for (const { id } of events) {
      if (this.#eventIds.has(id) || ids.has(id)) throw new DuplicateEventError({ stream, eventId: id });
      ids.add(id);
    }
  }
}

/** The order of UTF-8 bytes, which is that of code points and of the databases; JavaScript compares UTF-16 units. */
function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above U+FFFF: they sort after every other unit. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
