import { StoreTimeoutError } from "../errors.ts";
import type { EventStore } from "../events/event-store.ts";
import type { StreamId } from "../events/stream-id.ts";
import { bounded } from "../snapshots/bounded.ts";
import {
  isAnchor,
  isUsable,
  type JointStore,
  type LoadPage,
  type SnapshotStore,
  type WantedSnapshot,
} from "../snapshots/snapshot-store.ts";

/** What a load begins with, or, when the snapshot could not be read, the first page of events and why. */
export interface LoadStart extends LoadPage {
  readonly failure: { readonly reason: "store-error" | "timeout"; readonly error: unknown } | undefined;
}

/** Reads what a load begins with; the repository does not know from how many places. */
export interface LoadReader {
  /** Rejects only when the events cannot be read. */
  read(stream: StreamId, wanted: WantedSnapshot, pageSize: number): Promise<LoadStart>;
}

/** One read where the stores share a database, two where they do not, one where there are no snapshots. */
export function loadReader(eventStore: EventStore, snapshots: SnapshotSource | undefined): LoadReader {
  if (snapshots === undefined) return { read: (stream, _wanted, pageSize) => readEvents(eventStore, stream, pageSize) };
  const joint = snapshots.store.jointWith?.(eventStore);
  return joint === undefined
    ? { read: (stream, wanted, pageSize) => readTwice(eventStore, snapshots, { stream, wanted, pageSize }) }
    : { read: (stream, wanted, pageSize) => readOnce(joint, eventStore, snapshots, { stream, wanted, pageSize }) };
}

export interface SnapshotSource {
  readonly store: SnapshotStore;
  /** Longest wait for a read that includes a snapshot. */
  readonly timeoutMs: number;
}

interface LoadRequest {
  readonly stream: StreamId;
  readonly wanted: WantedSnapshot;
  readonly pageSize: number;
}

async function readOnce(
  joint: JointStore,
  eventStore: EventStore,
  { timeoutMs }: SnapshotSource,
  { stream, wanted, pageSize }: LoadRequest,
): Promise<LoadStart> {
  try {
    const page = await bounded("Reading a snapshot", timeoutMs, joint.readForLoad(stream, wanted, pageSize));
    return { ...page, failure: undefined };
  } catch (error) {
    return await readEvents(eventStore, stream, pageSize, failureOf(error));
  }
}

async function readTwice(
  eventStore: EventStore,
  { store, timeoutMs }: SnapshotSource,
  { stream, wanted, pageSize }: LoadRequest,
): Promise<LoadStart> {
  const { aggregateId, aggregateType } = stream;
  let row: LoadPage["row"];
  try {
    row = await bounded(
      "Reading a snapshot",
      timeoutMs,
      store.getSnapshot(aggregateId, aggregateType, { prefer: wanted }),
    );
  } catch (error) {
    return await readEvents(eventStore, stream, pageSize, failureOf(error));
  }
  // The version of a damaged row may be anything; no store reads after what is no version.
  if (row === undefined || !isUsable(row, wanted) || !Number.isSafeInteger(row.version) || row.version < 1)
    return { ...(await readEvents(eventStore, stream, pageSize)), row };
  // Begins with the event that the snapshot ends with, to see that it still stands there.
  const page = await eventStore.readPage(stream, { afterVersion: row.version - 1, limit: pageSize + 1 });
  if (!isAnchor(page.events[0], row)) return { ...(await readEvents(eventStore, stream, pageSize)), row };
  const events = page.events.slice(1);
  return { head: page.head, row, anchored: true, afterVersion: row.version, events, failure: undefined };
}

async function readEvents(
  eventStore: EventStore,
  stream: StreamId,
  pageSize: number,
  failure?: LoadStart["failure"],
): Promise<LoadStart> {
  const page = await eventStore.readPage(stream, { afterVersion: 0, limit: pageSize });
  return { ...page, row: undefined, anchored: false, afterVersion: 0, failure };
}

function failureOf(error: unknown): NonNullable<LoadStart["failure"]> {
  return { reason: error instanceof StoreTimeoutError ? "timeout" : "store-error", error };
}
