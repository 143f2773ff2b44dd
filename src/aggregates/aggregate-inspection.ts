import type { StoredEvent } from "../events/event.ts";
import type { EventStore } from "../events/event-store.ts";
import { readPages } from "../events/read-stream.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import { isAnchor } from "../snapshots/snapshot-store.ts";
import { judge } from "./aggregate-loader.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import type { MissReason } from "./repository-observer.ts";

/** A part of a stream, and what its events made of the aggregate. */
export interface FoldedWindow {
  /** The events of the window, in order. */
  readonly events: readonly FoldedEvent[];
  /** Where the fold failed, in the window or before it; from there on there are no states. */
  readonly problem: { readonly version: number; readonly error: unknown } | undefined;
}

interface FoldedEvent {
  readonly event: StoredEvent;
  /** The state after it, as a snapshot would store it: JSON. Undefined without a fold, and after one that failed. */
  readonly stateText: string | undefined;
}

/**
 * Folds a stream from its first event, without any snapshot, and keeps the events and states of the window only.
 *
 * @param aggregate a fresh instance; undefined: events alone are read, and only those of the window.
 * @throws {CorruptStreamError} when a version is missing, repeated or not readable.
 */
export async function foldWindow(
  eventStore: EventStore,
  stream: StreamId,
  aggregate: AnyAggregate | undefined,
  { fromVersion, throughVersion }: { readonly fromVersion: number; readonly throughVersion: number },
): Promise<FoldedWindow> {
  const history = aggregate && historyOf(aggregate);
  const events: FoldedEvent[] = [];
  let problem: FoldedWindow["problem"];
  const stateAfter = (event: StoredEvent): string | undefined => {
    if (history === undefined || problem !== undefined) return undefined;
    try {
      history.replay([event]);
      return event.version < fromVersion ? undefined : history.stateText();
    } catch (error) {
      problem = { version: event.version, error };
      return undefined;
    }
  };
  const range = { throughVersion, ...(history === undefined && { afterVersion: fromVersion - 1 }) };
  for await (const page of readPages(eventStore, stream, range)) {
    for (const event of page) {
      const stateText = stateAfter(event);
      if (event.version >= fromVersion) events.push({ event, stateText });
    }
  }
  return { events, problem };
}

/** Why a load would not use `row`, if it were the one that it is given; undefined when it would. */
export async function whyUnusable(
  eventStore: EventStore,
  row: SnapshotRow,
  head: number,
  instantiate: () => AnyAggregate,
): Promise<MissReason | undefined> {
  const history = historyOf(instantiate());
  const anchored = isAnchor(await eventAt(eventStore, history.stream, row.version), row);
  const miss = judge({ failure: undefined, row, head, anchored }, history.definition);
  if (miss !== undefined) return miss.reason;
  try {
    history.restore(row, JSON.parse(row.stateText));
    return undefined;
  } catch {
    return "restore-failed";
  }
}

async function eventAt(eventStore: EventStore, stream: StreamId, version: number): Promise<StoredEvent | undefined> {
  // Of a damaged row it may be anything.
  if (!Number.isSafeInteger(version) || version < 1) return undefined;
  const range = { afterVersion: version - 1, throughVersion: version, limit: 1 };
  return (await eventStore.readPage(stream, range)).events[0];
}
