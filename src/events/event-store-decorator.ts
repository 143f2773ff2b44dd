import type { NewEvent, RecordedEvent, StoredEvent } from "./event.ts";
import type {
  AppendOptions,
  AppendResult,
  EventStore,
  PageRange,
  PageStart,
  PositionRange,
  ReadRange,
  StreamPage,
  StreamsRange,
} from "./event-store.ts";
import { readStream } from "./read-stream.ts";
import type { StreamId } from "./stream-id.ts";

/** A call that a decorator passes on. */
export interface StoreCall<Method extends string> {
  readonly method: Method;
  /** What it is about; undefined for all types, all aggregates, or several. */
  readonly aggregateType?: string;
  readonly aggregateId?: string;
  /** Events that it brings along. */
  readonly events?: number;
  /** Version of the snapshot that it brings along. */
  readonly snapshotVersion?: number;
}

/** `read` is not among them: it fetches its pages by `readPage`. */
export type EventStoreCall = StoreCall<Exclude<keyof EventStore, "read" | "joinsTransactions">>;

/** Passes every call on to another event store by way of `around`: what decorators build upon. */
export abstract class EventStoreDecorator implements EventStore {
  readonly wrapped: EventStore;

  constructor(wrapped: EventStore) {
    this.wrapped = wrapped;
  }

  get joinsTransactions(): boolean {
    return this.wrapped.joinsTransactions ?? false;
  }

  /** Has a call carried out, and passes its outcome on. */
  protected abstract around<Answer>(call: EventStoreCall, carryOut: () => Promise<Answer>): Promise<Answer>;

  append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    const call = { method: "append", ...named(stream), events: events.length } as const;
    return this.around(call, () => this.wrapped.append(stream, events, options));
  }

  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent> {
    return readStream(this, stream, range);
  }

  readPage(stream: StreamId, range: PageRange): Promise<StreamPage> {
    return this.around({ method: "readPage", ...named(stream) }, () => this.wrapped.readPage(stream, range));
  }

  readManyPages(aggregateType: string, starts: readonly PageStart[], limit: number): Promise<readonly StreamPage[]> {
    const call = { method: "readManyPages", aggregateType } as const;
    return this.around(call, () => this.wrapped.readManyPages(aggregateType, starts, limit));
  }

  versionOf(stream: StreamId): Promise<number> {
    return this.around({ method: "versionOf", ...named(stream) }, () => this.wrapped.versionOf(stream));
  }

  exists(stream: StreamId): Promise<boolean> {
    return this.around({ method: "exists", ...named(stream) }, () => this.wrapped.exists(stream));
  }

  streams(aggregateType: string, range?: StreamsRange): Promise<readonly string[]> {
    return this.around({ method: "streams", aggregateType }, () => this.wrapped.streams(aggregateType, range));
  }

  readAll(range?: PositionRange): Promise<readonly RecordedEvent[]> {
    return this.around({ method: "readAll" }, () => this.wrapped.readAll(range));
  }

  eraseStream(stream: StreamId): Promise<number> {
    return this.around({ method: "eraseStream", ...named(stream) }, () => this.wrapped.eraseStream(stream));
  }

  close(): Promise<void> {
    return this.around({ method: "close" }, () => this.wrapped.close());
  }
}

/** The store below all decorators: which events there are depends on it alone. */
export function undecorated(store: EventStore): EventStore {
  return store instanceof EventStoreDecorator ? undecorated(store.wrapped) : store;
}

function named({ aggregateType, aggregateId }: StreamId): StreamId {
  return { aggregateType, aggregateId };
}
