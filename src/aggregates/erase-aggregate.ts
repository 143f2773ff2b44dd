import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
import type { EventStore } from "../events/event-store.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";

export interface EraseOptions {
  /** Whether the events go too. @default false */
  readonly events?: boolean;
}

/** How many rows were deleted. */
export interface EraseReport {
  readonly snapshots: number;
  readonly events: number;
}

interface Stores {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore | undefined;
}

const OPTION_NAMES: OptionNames<EraseOptions> = { events: true };

/** @throws {ConfigurationError} for an option that is unknown. */
export function checkErase(options: EraseOptions): void {
  refuseUnknown("", options, OPTION_NAMES);
}

/**
 * Deletes all snapshots of an aggregate for good, and with `events` its events. One step where the stores are known to share a
 * database. Else, when it fails between two, either the aggregate lives and its snapshots alone are erased, or its events are
 * gone; a repetition completes it.
 */
export async function eraseAggregate(
  stores: Stores,
  stream: StreamId,
  { events = false }: EraseOptions,
): Promise<EraseReport> {
  if (!events) return { events: 0, snapshots: await eraseSnapshots(stores, stream) };
  const joint = stores.snapshotStore?.jointWith?.(stores.eventStore);
  return await (joint?.eraseStream(stream) ?? eraseStepwise(stores, stream));
}

/** No snapshot up to the version of now comes back. */
async function eraseSnapshots({ eventStore, snapshotStore }: Stores, stream: StreamId): Promise<number> {
  if (snapshotStore === undefined) return 0;
  const { aggregateType, aggregateId } = stream;
  const throughVersion = await eventStore.versionOf(stream);
  return await snapshotStore.eraseSnapshots(aggregateId, aggregateType, { throughVersion });
}

async function eraseStepwise(stores: Stores, stream: StreamId): Promise<EraseReport> {
  const { eventStore, snapshotStore } = stores;
  const { aggregateType, aggregateId } = stream;
  // Up to now only: should the events stay after all, the aggregate can have snapshots again.
  const before = await eraseSnapshots(stores, stream);
  const events = await eventStore.eraseStream(stream);
  // Of every version, now that none can follow; with those of events that were saved since the first step.
  const throughVersion = Number.MAX_SAFE_INTEGER;
  const since = await snapshotStore?.eraseSnapshots(aggregateId, aggregateType, { throughVersion });
  return { events, snapshots: before + (since ?? 0) };
}
