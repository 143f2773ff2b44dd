import { CorruptStreamError, StreamChangedError } from "../errors.ts";
import type { StoredEvent } from "./event.ts";
import { checkRead, type EventStore, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, type ReadRange } from "./event-store.ts";
import type { StreamId } from "./stream-id.ts";

/** What every store's `read` does, in terms of its `readPage`. */
export async function* readStream(
  store: Pick<EventStore, "readPage">,
  stream: StreamId,
  range: ReadRange = {},
): AsyncGenerator<StoredEvent> {
  checkRead(range);
  for await (const events of readPages(store, stream, range)) yield* events;
}

export interface PagesRange extends ReadRange {
  /** Id of the event at `afterVersion`, where that one has been read: it must still stand there. @default any */
  readonly afterEventId?: string | undefined;
}

/**
 * Checked pages of a stream, up to the head that the first page saw, so that a busy stream cannot keep a reader forever.
 *
 * @throws {CorruptStreamError} when a version is missing or repeated.
 * @throws {StreamChangedError} when an event that was read stands there no more.
 */
export async function* readPages(
  store: Pick<EventStore, "readPage">,
  stream: StreamId,
  range: PagesRange = {},
): AsyncGenerator<readonly StoredEvent[]> {
  const { throughVersion = Number.MAX_SAFE_INTEGER, pageSize = PAGE_SIZE_DEFAULT } = range;
  let version = range.afterVersion ?? 0;
  let lastEventId = range.afterEventId;
  let end: number | undefined;
  do {
    // What follows an event begins with it once more: otherwise pages of two histories could be taken for one.
    const continues = lastEventId !== undefined;
    const afterVersion = continues ? version - 1 : version;
    const limit = continues ? Math.min(pageSize + 1, PAGE_SIZE_MAX) : pageSize;
    const page = await store.readPage(stream, { afterVersion, throughVersion: end ?? throughVersion, limit });
    const [first] = page.events;
    if (continues && (first?.id !== lastEventId || first?.version !== version)) {
      throw new StreamChangedError({ stream, version });
    }
    // Of what was read all may stand there still, and what was to follow be gone.
    if (end !== undefined && page.head < end) throw new StreamChangedError({ stream, version });
    end ??= Math.min(page.head, throughVersion);
    checkSequence(stream, page.events, { afterVersion, throughVersion: end, limit });
    const events = continues ? page.events.slice(1) : page.events;
    if (events.length > 0) yield events;
    version += events.length;
    lastEventId = page.events.at(-1)?.id;
  } while (version < end);
}

/**
 * Holds a page against what it must be: each version from `afterVersion + 1` on, once, up to the limit or the end.
 *
 * @throws {CorruptStreamError} naming the first version that is not there.
 */
export function checkSequence(
  stream: StreamId,
  events: readonly StoredEvent[],
  range: { readonly afterVersion: number; readonly throughVersion: number; readonly limit: number },
): void {
  let expected = range.afterVersion + 1;
  for (const event of events) {
    if (event.version !== expected) {
      throw new CorruptStreamError({
        stream,
        version: expected,
        problem: `version ${event.version} stands in its place`,
      });
    }
    expected += 1;
  }
  const last = Math.min(range.throughVersion, range.afterVersion + range.limit);
  if (expected <= last) throw new CorruptStreamError({ stream, version: expected, problem: "the event is missing" });
}
