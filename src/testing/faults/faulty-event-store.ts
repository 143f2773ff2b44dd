import type { NewEvent, RecordedEvent, StoredEvent } from "../../events/event.ts";
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
} from "../../events/event-store.ts";
import { readStream } from "../../events/read-stream.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { Faults } from "./faults.ts";

/** Any event store, with faults. Without a fault planned it is that store. */
export class FaultyEventStore implements EventStore {
  readonly wrapped: EventStore;
  readonly #faults: Faults;

  constructor(wrapped: EventStore, faults: Faults) {
    this.wrapped = wrapped;
    this.#faults = faults;
  }

  append(stream: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendResult> {
    return this.#faults.strike("append", () => this.wrapped.append(stream, events, options));
  }

  read(stream: StreamId, range?: ReadRange): AsyncIterable<StoredEvent> {
    return readStream(this, stream, range);
  }

  readPage(stream: StreamId, range: PageRange): Promise<StreamPage> {
    return this.#faults.strike("readPage", () => this.wrapped.readPage(stream, range));
  }

  readManyPages(aggregateType: string, starts: readonly PageStart[], limit: number): Promise<readonly StreamPage[]> {
    return this.#faults.strike("readManyPages", () => this.wrapped.readManyPages(aggregateType, starts, limit));
  }

  versionOf(stream: StreamId): Promise<number> {
    return this.#faults.strike("versionOf", () => this.wrapped.versionOf(stream));
  }

  exists(stream: StreamId): Promise<boolean> {
    return this.#faults.strike("exists", () => this.wrapped.exists(stream));
  }

  streams(aggregateType: string, range?: StreamsRange): Promise<readonly string[]> {
    return this.#faults.strike("streams", () => this.wrapped.streams(aggregateType, range));
  }

  readAll(range?: PositionRange): Promise<readonly RecordedEvent[]> {
    return this.#faults.strike("readAll", () => this.wrapped.readAll(range));
  }

  eraseStream(stream: StreamId): Promise<number> {
    return this.#faults.strike("eraseStream", () => this.wrapped.eraseStream(stream));
  }

  close(): Promise<void> {
    return this.#faults.strike("close", () => this.wrapped.close());
  }
}
