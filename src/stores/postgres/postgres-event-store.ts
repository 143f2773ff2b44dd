import { ConfigurationError } from "../../errors.ts";
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
  type StreamPage,
  type StreamsRange,
  streamsBounds,
} from "../../events/event-store.ts";
import { readStream } from "../../events/read-stream.ts";
import { declareSystem } from "../../events/store-system.ts";
import { checkStreamId, type StreamId } from "../../events/stream-id.ts";
import { sizeOf } from "../group-bounds.ts";
import { Appending, headOf } from "./appending.ts";
import { Database, isClient, type PostgresOptions, type PostgresPool } from "./database.ts";
import { eraseAll } from "./erasing.ts";
import { selectAllEvents, selectHorizon, selectStreams } from "./event-statements.ts";
import { GroupCommit } from "./group-commit.ts";
import { readManyPagesIn, readPageIn } from "./reading.ts";
import { type EventColumns, toEvent } from "./rows.ts";

/** Of each type of ids. */
export const LOWEST_ID: Readonly<Record<"text" | "uuid", string>> = {
  text: "",
  uuid: "00000000-0000-0000-0000-000000000000",
};

/** The pool that `store` asks; undefined when it is no {@link PostgresEventStore}. */
export let poolOf: (store: EventStore) => PostgresPool | undefined;

/**
 * Keeps events in PostgreSQL, in the table `events`. An append is one statement and so is a page, whatever the number of events.
 *
 * Given a client inside a transaction, it takes part in that: a conflict leaves the transaction usable, a duplicate id does not.
 */
export class PostgresEventStore implements EventStore {
  readonly #database: Database;
  readonly #groups: GroupCommit | undefined;
  #closed = false;

  static {
    poolOf = (store) => (#database in store ? store.#database.pool : undefined);
  }

  /** @param pool stays open when the store is closed. */
  constructor(pool: PostgresPool, options: PostgresOptions = {}) {
    this.#database = new Database(pool, options);
    declareSystem(this, "postgresql");
    this.#groups = options.groupCommit ? new GroupCommit(this.#database) : undefined;
  }

  /** True on a client; a pool gives each statement a transaction of its own. */
  get joinsTransactions(): boolean {
    return isClient(this.#database.pool);
  }

  async append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    checkAppend(stream, events, options);
    this.#check(stream);
    const appending = new Appending(stream, events, options);
    if (this.#groups !== undefined) return { version: await this.#groups.store(appending, sizeOf(events)) };
    const { version } = await appending.storeIn(this.#database);
    return { version };
  }

  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent> {
    return readStream(this, stream, range);
  }

  async readPage(stream: StreamId, range: PageRange): Promise<StreamPage> {
    checkPage(stream, range);
    this.#check(stream);
    return await readPageIn(this.#database, stream, range);
  }

  async readManyPages(
    aggregateType: string,
    starts: readonly PageStart[],
    limit: number,
  ): Promise<readonly StreamPage[]> {
    checkManyPages(aggregateType, starts, limit);
    refuseClosed(this.#closed, "event store");
    for (const { aggregateId } of starts) this.#database.checkAggregateId(aggregateId);
    return await readManyPagesIn(this.#database, aggregateType, starts, limit);
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
    const rows = await this.#database.read<[id: string]>(selectStreams, [aggregateType, ...after, limit]);
    return rows.map(([id]) => id);
  }

  async readAll(range?: PositionRange): Promise<readonly RecordedEvent[]> {
    refuseClosed(this.#closed, "event store");
    const { afterPosition, limit } = positionBounds(range);
    const horizon = await this.#horizon();
    // A statement of its own: it must see whatever was committed before the horizon was taken.
    const values = [afterPosition, horizon, limit];
    const rows = await this.#database.read<[...EventColumns, string, string, string]>(selectAllEvents, values);
    return rows.map((row) => {
      const [position, aggregateType, aggregateId] = row.slice(7) as [string, string, string];
      const stream = { aggregateType, aggregateId };
      return { ...toEvent(stream, row), ...stream, position: Number(position) };
    });
  }

  /**
   * Waits for transactions that have written and are still open; writers wait meanwhile, for half a second at most. Deletes the
   * snapshots of the aggregate in the same database too.
   *
   * @throws {StoreBusyError} when one stays open for longer.
   * @throws {ConfigurationError} above READ COMMITTED.
   */
  async eraseStream(stream: StreamId): Promise<number> {
    checkStreamId(stream);
    this.#check(stream);
    return (await eraseAll(this.#database, stream)).events;
  }

  /** With group commit, waits for the appends that are under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#groups?.drain();
  }

  #check(stream: StreamId): void {
    refuseClosed(this.#closed, "event store");
    this.#database.checkAggregateId(stream.aggregateId);
  }

  async #horizon(): Promise<number> {
    const [row] = await this.#database.read<[position: string, standby: string, isolation: string]>(selectHorizon);
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
