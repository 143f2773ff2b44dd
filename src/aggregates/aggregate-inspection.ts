import { CorruptStreamError } from "../errors.ts";
import type { StoredEvent } from "../events/event.ts";
import type { EventStore } from "../events/event-store.ts";
import { readPages } from "../events/read-stream.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import { isAnchor } from "../snapshots/snapshot-store.ts";
import { judge } from "./aggregate-loader.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import { firstDifference } from "./first-difference.ts";
import type { MissReason } from "./repository-observer.ts";

/** A part of a stream, and what its events made of the aggregate. */
export interface FoldedWindow {
  /** The events of the window, in order. */
  readonly events: readonly FoldedEvent[];
  /** States at the versions that were asked for, as far as the fold came. */
  readonly stateTexts: ReadonlyMap<number, string>;
  /**
   * Where the fold failed, in the window or before it: from there on there are no states. Or where the stream is damaged
   * (`CorruptStreamError`): then the window ends before.
   */
  readonly problem: { readonly version: number; readonly error: unknown } | undefined;
}

interface FoldedEvent {
  readonly event: StoredEvent;
  /** The state after it, as a snapshot would store it: JSON. Undefined without a fold, and after one that failed. */
  readonly stateText: string | undefined;
}

export interface WindowOptions {
  /** Of the last event in the window. */
  readonly throughVersion: number;
  /** How many events the window has at most. */
  readonly limit: number;
  /** Versions whose states are wanted besides, also beyond the window. */
  readonly statesAt: readonly number[];
}

/**
 * Folds a stream from its first event, without any snapshot, and keeps only the events and states of the window, and the states
 * that are wanted besides.
 *
 * @param instantiate makes a fresh instance; undefined: events alone are read, and only those of the window.
 */
export async function foldWindow(
  eventStore: EventStore,
  stream: StreamId,
  instantiate: (() => AnyAggregate) | undefined,
  { throughVersion, limit, statesAt }: WindowOptions,
): Promise<FoldedWindow> {
  const fromVersion = Math.max(1, throughVersion - limit + 1);
  const history = instantiate && historyOf(instantiate());
  const events: FoldedEvent[] = [];
  const stateTexts = new Map<number, string>();
  let failed: FoldedWindow["problem"];
  const stateAfter = (event: StoredEvent): string | undefined => {
    if (history === undefined || failed !== undefined) return undefined;
    try {
      history.replay([event]);
      const isWanted = statesAt.includes(event.version);
      if (!isWanted && (event.version < fromVersion || event.version > throughVersion)) return undefined;
      const text = history.stateText();
      if (isWanted) stateTexts.set(event.version, text);
      return text;
    } catch (error) {
      failed = { version: event.version, error };
      return undefined;
    }
  };
  const range =
    history === undefined
      ? { afterVersion: fromVersion - 1, throughVersion }
      : { throughVersion: Math.max(throughVersion, ...statesAt) };
  try {
    for await (const page of readPages(eventStore, stream, range)) {
      for (const event of page) {
        const stateText = stateAfter(event);
        if (event.version >= fromVersion && event.version <= throughVersion) events.push({ event, stateText });
      }
    }
    return { events, stateTexts, problem: within(throughVersion, failed) };
  } catch (error) {
    if (!(error instanceof CorruptStreamError)) throw error;
    return await foldSound(error, eventStore, stream, instantiate, { throughVersion, limit, statesAt });
  }
}

/** What stands before the damage. A page with damage gives no events at all, so that part is read again. */
async function foldSound(
  damage: CorruptStreamError,
  eventStore: EventStore,
  stream: StreamId,
  instantiate: (() => AnyAggregate) | undefined,
  { throughVersion, limit, statesAt }: WindowOptions,
): Promise<FoldedWindow> {
  const problem = within(throughVersion, { version: damage.version, error: damage });
  const sound = damage.version - 1;
  if (sound === 0) return { events: [], stateTexts: new Map(), problem };
  const before = await foldWindow(eventStore, stream, instantiate, {
    throughVersion: Math.min(throughVersion, sound),
    limit,
    statesAt: statesAt.filter((version) => version <= sound),
  });
  return { ...before, problem: before.problem ?? problem };
}

/** Of what lies beyond the window only states are wanted. */
function within(throughVersion: number, problem: FoldedWindow["problem"]): FoldedWindow["problem"] {
  return problem === undefined || problem.version > throughVersion ? undefined : problem;
}

/** What a load would make of a row, if it were the one that it is given. */
export type RowVerdict =
  | { readonly reason: MissReason }
  /** A load would begin with this state: JSON, as a snapshot of today's class would store it. */
  | { readonly reason: undefined; readonly stateText: string };

/** @returns undefined when the event at its version is not readable, so that nobody can tell. */
export async function judgeRow(
  eventStore: EventStore,
  row: SnapshotRow,
  head: number,
  instantiate: () => AnyAggregate,
): Promise<RowVerdict | undefined> {
  const history = historyOf(instantiate());
  let anchor: StoredEvent | undefined;
  try {
    anchor = await eventAt(eventStore, history.stream, row.version);
  } catch (error) {
    if (error instanceof CorruptStreamError) return undefined;
    throw error;
  }
  const miss = judge({ failure: undefined, row, head, anchored: isAnchor(anchor, row) }, history.definition);
  if (miss !== undefined) return { reason: miss.reason };
  try {
    history.restore(row, JSON.parse(row.stateText));
    return { reason: undefined, stateText: history.stateText() };
  } catch {
    return { reason: "restore-failed" };
  }
}

/** Path of the first place where a state that a load would begin with is not what the events give. */
export function divergence(stateText: string, foldedText: string | undefined): string | undefined {
  return foldedText === undefined ? undefined : firstDifference("state", JSON.parse(foldedText), JSON.parse(stateText));
}

async function eventAt(eventStore: EventStore, stream: StreamId, version: number): Promise<StoredEvent | undefined> {
  // Of a damaged row it may be anything.
  if (!Number.isSafeInteger(version) || version < 1) return undefined;
  const range = { afterVersion: version - 1, throughVersion: version, limit: 1 };
  return (await eventStore.readPage(stream, range)).events[0];
}
