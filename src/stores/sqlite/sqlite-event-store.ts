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
  type StreamPage,
  type StreamsRange,
  streamsBounds,
} from "../../events/event-store.ts";
import { readStream } from "../../events/read-stream.ts";
import { declareSystem } from "../../events/store-system.ts";
import { checkStreamId, type StreamId } from "../../events/stream-id.ts";
import { SqliteDatabase } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { isOpenedHere, type SqliteOptions, type SqliteSource } from "./handle.ts";
import { readHead, readPageIn, toEvent } from "./rows.ts";
import { selectAll, selectStreams } from "./statements.ts";
import { appendEvents, commitWith, eraseAll } from "./writing.ts";

/** The database of a store, for what both stores do together. */
export let databaseOf: (store: SqliteEventStore) => SqliteDatabase;

/** What its appends are grouped by, if they are. */
export let groupsOf: (store: SqliteEventStore) => GroupCommit | undefined;

/** Keeps events in a SQLite database, which several processes may share. Each call is one transaction. */
export class SqliteEventStore implements EventStore {
  readonly #database: SqliteDatabase;
  readonly #groups: GroupCommit | undefined;

  static {
    databaseOf = (store) => store.#database;
    groupsOf = (store) => store.#groups;
  }

  /**
   * Creates the tables where they are missing.
   *
   * @throws {ConfigurationError} for a path where there is no `node:sqlite`, and for options that cannot take effect.
   * @throws {StoreBusyError} when the database stays locked.
   */
  constructor(source: SqliteSource, options: SqliteOptions = {}) {
    this.#database = new SqliteDatabase("event store", source, options);
    declareSystem(this, "sqlite");
    this.#groups = options.groupCommit ? new GroupCommit(this.#database) : undefined;
  }

  /** True on a connection of yours. */
  get joinsTransactions(): boolean {
    return !isOpenedHere(this.#database.handle);
  }

  async append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    checkAppend(stream, events, options);
    const expected = { ...options };
    return await commitWith(this.#groups, this.#database, { stream, events }, (save) => ({
      version: appendEvents(this.#database, save.stream, save.events, expected),
    }));
  }

  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent> {
    return readStream(this, stream, range);
  }

  async readPage(stream: StreamId, range: PageRange): Promise<StreamPage> {
    checkPage(stream, range);
    this.#groups?.beforeRead();
    return this.#database.transaction("BEGIN", () => readPageIn(this.#database, stream, range));
  }

  async readManyPages(
    aggregateType: string,
    starts: readonly PageStart[],
    limit: number,
  ): Promise<readonly StreamPage[]> {
    checkManyPages(aggregateType, starts, limit);
    this.#groups?.beforeRead();
    return this.#database.transaction("BEGIN", () =>
      starts.map(({ aggregateId, afterVersion }) =>
        readPageIn(this.#database, { aggregateType, aggregateId }, { afterVersion, limit }),
      ),
    );
  }

  async versionOf(stream: StreamId): Promise<number> {
    checkStreamId(stream);
    this.#groups?.beforeRead();
    return readHead(this.#database, stream);
  }

  async exists(stream: StreamId): Promise<boolean> {
    return (await this.versionOf(stream)) > 0;
  }

  async streams(aggregateType: string, range?: StreamsRange): Promise<readonly string[]> {
    const { afterId, limit } = streamsBounds(aggregateType, range);
    this.#groups?.beforeRead();
    const rows = this.#database.rows(selectStreams, aggregateType, afterId, aggregateType, limit);
    return rows.map(([id]) => id as string);
  }

  async readAll(range?: PositionRange): Promise<readonly RecordedEvent[]> {
    const { afterPosition, limit } = positionBounds(range);
    this.#groups?.beforeRead();
    return this.#database.rows(selectAll, afterPosition, limit).map((row) => {
      const [aggregateType, aggregateId, position] = row.slice(7) as [string, string, number];
      const stream = { aggregateType, aggregateId };
      return { ...toEvent(stream, row), ...stream, position };
    });
  }

  /** Deletes the snapshots of the aggregate in the same database too. */
  async eraseStream(stream: StreamId): Promise<number> {
    checkStreamId(stream);
    return eraseAll(this.#database, stream).events;
  }

  /** With group commit, stores first what waits. */
  async close(): Promise<void> {
    this.#groups?.drain();
    this.#database.close();
  }
}
