import { CorruptStreamError } from "../errors.ts";
import type { StoredEvent } from "./event.ts";
import { checkRead, type EventStore, PAGE_SIZE_DEFAULT, type ReadRange } from "./event-store.ts";
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
  /** Whether the events up to `afterVersion` have been read: then the stream cannot end before. @default false */
  readonly continues?: boolean;
}

/**
 * Checked pages of a stream, up to the head that the first page saw, so that a busy stream cannot keep a reader forever.
 *
 * @throws {CorruptStreamError} when a version is missing or repeated.
 */
export async function* readPages(
  store: Pick<EventStore, "readPage">,
  stream: StreamId,
  range: PagesRange = {},
): AsyncGenerator<readonly StoredEvent[]> {
  const { throughVersion = Number.MAX_SAFE_INTEGER, pageSize: limit = PAGE_SIZE_DEFAULT } = range;
  let afterVersion = range.afterVersion ?? 0;
  let end: number | undefined;
  do {
    const page = await store.readPage(stream, { afterVersion, throughVersion: end ?? throughVersion, limit });
    if (range.continues && page.head < afterVersion) {
      const problem = `the stream ends at ${page.head}, before what was read of it`;
      throw new CorruptStreamError({ stream, version: page.head + 1, problem });
    }
    end ??= Math.min(page.head, throughVersion);
    checkSequence(stream, page.events, { afterVersion, throughVersion: end, limit });
    if (page.events.length > 0) yield page.events;
    afterVersion += page.events.length;
  } while (afterVersion < end);
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
