import {
  CommitUnknownError,
  ConfigurationError,
  DuplicateEventError,
  OptimisticConcurrencyError,
} from "../../errors.ts";
import type { NewEvent, RecordedEvent, StoredEvent } from "../../events/event.ts";
import {
  type AppendOptions,
  type AppendResult,
  checkAppend,
  checkPage,
  type EventStore,
  type PageRange,
  type PositionRange,
  positionBounds,
  type ReadRange,
  refuseClosed,
  type StreamPage,
  type StreamsRange,
  streamsBounds,
} from "../../events/event-store.ts";
import { readStream } from "../../events/read-stream.ts";
import { checkStreamId, type StreamId } from "../../events/stream-id.ts";
import { Database, mayStand, type PostgresOptions, type PostgresPool, sqlState } from "./database.ts";
import { type EventColumns, toEvent } from "./rows.ts";
import { appendEvents, readPage, selectAllEvents, selectHorizon, selectStreams, selectVersion } from "./statements.ts";

/** How often an append that lost a race is repeated. Each time some other append was stored, so only a crowd needs many. */
const ATTEMPTS_MAX = 1_000;

const LOWEST_ID = { text: "", uuid: "00000000-0000-0000-0000-000000000000" };

/** The pool that `store` asks; undefined when it is no {@link PostgresEventStore}. */
export let poolOf: (store: EventStore) => PostgresPool | undefined;

/**
 * Keeps events in PostgreSQL, in the table `events`. An append is one statement and so is a page, whatever the number of events.
 *
 * Given a client inside a transaction, it takes part in that: a conflict leaves the transaction usable, a duplicate id does not.
 */
export class PostgresEventStore implements EventStore {
  readonly #database: Database;
  #closed = false;

  static {
    poolOf = (store) => (#database in store ? store.#database.pool : undefined);
  }

  /** @param pool stays open when the store is closed. */
  constructor(pool: PostgresPool, options?: PostgresOptions) {
    this.#database = new Database(pool, options);
  }

  async append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    checkAppend(stream, events, options);
    this.#check(stream);
    const { expectedVersion } = options;
    const appending = new Appending(stream, events, expectedVersion);
    for (let attempt = 1; ; attempt += 1) {
      const { head, appended } = await appending.send(this.#database);
      if (appended) return { version: head + appending.eventIds.length };
      const lostRace = expectedVersion === "any" || expectedVersion === head;
      if (lostRace && attempt < ATTEMPTS_MAX) continue;
      throw new OptimisticConcurrencyError({
        stream: appending.stream,
        expectedVersion: expectedVersion === "any" ? head : expectedVersion,
        actualVersion: head,
      });
    }
  }

  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent> {
    return readStream(this, stream, range);
  }

  async readPage(stream: StreamId, range: PageRange): Promise<StreamPage> {
    checkPage(stream, range);
    this.#check(stream);
    const { aggregateType, aggregateId } = stream;
    const { afterVersion, throughVersion = Number.MAX_SAFE_INTEGER, limit } = range;
    const values = [aggregateType, aggregateId, afterVersion, Math.min(throughVersion, afterVersion + limit), limit];
    const [header, ...rows] = await this.#database.rows<[...EventColumns, head: string]>(readPage, values);
    return { head: Number(header?.[7]), events: rows.map((row) => toEvent({ aggregateType, aggregateId }, row)) };
  }

  async versionOf(stream: StreamId): Promise<number> {
    checkStreamId(stream);
    this.#check(stream);
    return headOf(this.#database, stream);
  }

  async exists(stream: StreamId): Promise<boolean> {
    return (await this.versionOf(stream)) > 0;
  }

  async streams(aggregateType: string, range?: StreamsRange): Promise<readonly string[]> {
    refuseClosed(this.#closed, "event store");
    const { afterId, limit } = streamsBounds(aggregateType, range);
    const fromFirst = afterId === "";
    if (!fromFirst) this.#database.checkAggregateId(afterId);
    const after = fromFirst ? [LOWEST_ID[this.#database.aggregateIdType], 0] : [afterId, Number.MAX_SAFE_INTEGER];
    const rows = await this.#database.rows<[id: string]>(selectStreams, [aggregateType, ...after, limit]);
    return rows.map(([id]) => id);
  }

  async readAll(range?: PositionRange): Promise<readonly RecordedEvent[]> {
    refuseClosed(this.#closed, "event store");
    const { afterPosition, limit } = positionBounds(range);
    const horizon = await this.#horizon();
    // A statement of its own: it must see whatever was committed before the horizon was taken.
    const values = [afterPosition, horizon, limit];
    const rows = await this.#database.rows<[...EventColumns, string, string, string]>(selectAllEvents, values);
    return rows.map((row) => {
      const [position, aggregateType, aggregateId] = row.slice(7) as [string, string, string];
      const stream = { aggregateType, aggregateId };
      return { ...toEvent(stream, row), ...stream, position: Number(position) };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #check(stream: StreamId): void {
    refuseClosed(this.#closed, "event store");
    this.#database.checkAggregateId(stream.aggregateId);
  }

  async #horizon(): Promise<number> {
    const [row] = await this.#database.rows<[position: string, standby: string, isolation: string]>(selectHorizon);
    const [position, standby, isolation] = row as NonNullable<typeof row>;
    if (standby === "1") {
      const problem = "is of a standby, which does not know what is being written. Read all events from the primary.";
      throw new ConfigurationError({ option: "pool", problem });
    }
    if (!isolation.startsWith("read ")) {
      const problem = `reads at isolation level ${isolation}, which hides late commits. Read all events at READ COMMITTED.`;
      throw new ConfigurationError({ option: "pool", problem });
    }
    return Number(position);
  }
}

/** One append, with everything copied that the caller could change meanwhile. */
class Appending {
  readonly stream: StreamId;
  readonly eventIds: readonly string[];
  readonly #values: unknown[];

  constructor({ aggregateType, aggregateId }: StreamId, events: readonly NewEvent[], expectedVersion: number | "any") {
    this.stream = { aggregateType, aggregateId };
    this.eventIds = events.map((event) => event.id);
    this.#values = [
      aggregateType,
      aggregateId,
      expectedVersion === "any" ? null : expectedVersion,
      this.eventIds,
      events.map((event) => event.type),
      events.map((event) => event.schemaVersion),
      events.map((event) => event.dataText),
      events.map((event) => event.metadataText),
      events.map((event) => event.occurredAt),
    ];
  }

  async send(database: Database): Promise<{ readonly head: number; readonly appended: boolean }> {
    try {
      const [row] = await database.rows(appendEvents, this.#values);
      return { head: Number(row?.[0]), appended: row?.[1] === "1" };
    } catch (error) {
      if (sqlState(error) !== "40001") throw this.#translated(error);
      // Above READ COMMITTED a lost race is an error. Inside a transaction that is over then, and the caller's to repeat.
      const head = await headOf(database, this.stream).catch(() => undefined);
      if (head === undefined) throw error;
      return { head, appended: false };
    }
  }

  #translated(error: unknown): unknown {
    const { stream } = this;
    const { constraint, detail = "" } = error as { constraint?: string; detail?: string };
    if (sqlState(error) === "23505" && constraint === "events_id_key") {
      // The rest of the sentence is in the language of the server.
      const eventId = this.eventIds.find((id) => detail.includes(`(id)=(${id})`));
      return new DuplicateEventError({ stream, eventId, cause: error });
    }
    return mayStand(error) ? new CommitUnknownError({ stream, cause: error }) : error;
  }
}

async function headOf(database: Database, { aggregateType, aggregateId }: StreamId): Promise<number> {
  const [row] = await database.rows(selectVersion, [aggregateType, aggregateId]);
  return Number(row?.[0] ?? 0);
}
