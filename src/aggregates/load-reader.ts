import { StoreTimeoutError } from "../errors.ts";
import type { EventStore, StreamPage } from "../events/event-store.ts";
import type { StreamId } from "../events/stream-id.ts";
import { bounded } from "../snapshots/bounded.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
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
  /** How many events were asked for. */
  readonly limit: number;
  readonly failure: { readonly reason: "store-error" | "timeout"; readonly error: unknown } | undefined;
}

/** Reads what a load begins with; the repository does not know from how many places. */
export interface LoadReader {
  /** Rejects only when the events cannot be read. At once where the stores answer at once. */
  read(stream: StreamId, wanted: WantedSnapshot, pageSize: number): LoadStart | Promise<LoadStart>;

  /** As `read` for each of `streams`, all of one type, in three reads at most: snapshots, events, and those of bad snapshots. */
  readMany(streams: readonly StreamId[], wanted: WantedSnapshot, pageSize: number): Promise<readonly LoadStart[]>;
}

/** One read where the stores share a database, two where they do not, one where there are no snapshots. */
export function loadReader(eventStore: EventStore, snapshots: SnapshotSource | undefined): LoadReader {
  const readMany: LoadReader["readMany"] = (streams, wanted, pageSize) =>
    readStarts(eventStore, snapshots, streams, { wanted, pageSize });
  if (snapshots === undefined) {
    return { readMany, read: (stream, _wanted, pageSize) => readEvents(eventStore, stream, pageSize) };
  }
  const joint = snapshots.store.jointWith?.(eventStore);
  if (joint === undefined) {
    return {
      readMany,
      read: (stream, wanted, pageSize) => readTwice(eventStore, snapshots, { stream, wanted, pageSize }),
    };
  }
  return {
    readMany,
    read: (stream, wanted, pageSize) => {
      const request = { stream, wanted, pageSize };
      return readAtOnce(joint, eventStore, request) ?? readOnce(joint, eventStore, snapshots, request);
    },
  };
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

/** Undefined where the stores do not answer at once. Keeps no time limit: synchronous drivers have their own, the busy timeout. */
function readAtOnce(
  joint: JointStore,
  eventStore: EventStore,
  { stream, wanted, pageSize }: LoadRequest,
): LoadStart | Promise<LoadStart> | undefined {
  try {
    const page = joint.readForLoadSync?.(stream, wanted, pageSize);
    return page && { ...page, limit: pageSize, failure: undefined };
  } catch (error) {
    return readEvents(eventStore, stream, pageSize, failureOf(error));
  }
}

async function readOnce(
  joint: JointStore,
  eventStore: EventStore,
  { timeoutMs }: SnapshotSource,
  { stream, wanted, pageSize }: LoadRequest,
): Promise<LoadStart> {
  try {
    const page = await bounded("Reading a snapshot", timeoutMs, joint.readForLoad(stream, wanted, pageSize));
    return { ...page, limit: pageSize, failure: undefined };
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
  if (!mayBeProven(row, wanted)) return { ...(await readEvents(eventStore, stream, pageSize)), row };
  // Begins with the event that the snapshot ends with, to see that it still stands there.
  const page = await eventStore.readPage(stream, { afterVersion: row.version - 1, limit: pageSize + 1 });
  if (!isAnchor(page.events[0], row)) return { ...(await readEvents(eventStore, stream, pageSize)), row };
  const events = page.events.slice(1);
  return {
    head: page.head,
    row,
    anchored: true,
    afterVersion: row.version,
    events,
    limit: pageSize,
    failure: undefined,
  };
}

async function readStarts(
  eventStore: EventStore,
  snapshots: SnapshotSource | undefined,
  streams: readonly StreamId[],
  { wanted, pageSize }: Omit<LoadRequest, "stream">,
): Promise<readonly LoadStart[]> {
  const { rows, failure } = await readRows(snapshots, streams, wanted);
  // Those of snapshots begin with the event that the snapshot ends with, to see that it still stands there.
  const limit = pageSize + 1;
  const anchors = streams.map((_, index) => (mayBeProven(rows[index], wanted) ? rows[index] : undefined));
  const pages = await readManyPages(eventStore, streams, limit, (index) => (anchors[index]?.version ?? 1) - 1);
  const strays = streams.filter((_, index) => {
    const anchor = anchors[index];
    return anchor !== undefined && !isAnchor(pages[index]?.events[0], anchor);
  });
  const strayPages = await readManyPages(eventStore, strays, limit, () => 0);
  const pageOfStray = new Map(strays.map((stream, index) => [stream, strayPages[index]]));
  return pages.map((page, index) => {
    const [row, anchor, stray] = [rows[index], anchors[index], pageOfStray.get(streams[index] as StreamId)];
    if (anchor === undefined || stray !== undefined) {
      return { ...(stray ?? page), row, anchored: false, afterVersion: 0, limit, failure };
    }
    const { head, events } = page;
    return {
      head,
      row,
      anchored: true,
      afterVersion: anchor.version,
      events: events.slice(1),
      limit: pageSize,
      failure,
    };
  });
}

async function readRows(
  snapshots: SnapshotSource | undefined,
  streams: readonly StreamId[],
  wanted: WantedSnapshot,
): Promise<{ readonly rows: readonly LoadPage["row"][]; readonly failure: LoadStart["failure"] }> {
  const [first] = streams;
  if (snapshots === undefined || first === undefined) return { rows: [], failure: undefined };
  const { store, timeoutMs } = snapshots;
  const ids = streams.map(({ aggregateId }) => aggregateId);
  try {
    const reading = store.getManySnapshots(ids, first.aggregateType, { prefer: wanted });
    return { rows: await bounded("Reading snapshots", timeoutMs, reading), failure: undefined };
  } catch (error) {
    return { rows: [], failure: failureOf(error) };
  }
}

async function readManyPages(
  eventStore: EventStore,
  streams: readonly StreamId[],
  limit: number,
  afterVersionOf: (index: number) => number,
): Promise<readonly StreamPage[]> {
  const [first] = streams;
  if (first === undefined) return [];
  const starts = streams.map(({ aggregateId }, index) => ({ aggregateId, afterVersion: afterVersionOf(index) }));
  return await eventStore.readManyPages(first.aggregateType, starts, limit);
}

async function readEvents(
  eventStore: EventStore,
  stream: StreamId,
  pageSize: number,
  failure?: LoadStart["failure"],
): Promise<LoadStart> {
  const page = await eventStore.readPage(stream, { afterVersion: 0, limit: pageSize });
  return { ...page, row: undefined, anchored: false, afterVersion: 0, limit: pageSize, failure };
}

/** Whether a page that begins with the last event of `row` may prove it. */
function mayBeProven(row: LoadPage["row"], wanted: WantedSnapshot): row is SnapshotRow {
  // The version of a damaged row may be anything; no store reads after what is no version.
  return row !== undefined && isUsable(row, wanted) && Number.isSafeInteger(row.version) && row.version >= 1;
}

function failureOf(error: unknown): NonNullable<LoadStart["failure"]> {
  return { reason: error instanceof StoreTimeoutError ? "timeout" : "store-error", error };
}
