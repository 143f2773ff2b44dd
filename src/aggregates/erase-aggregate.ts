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

const OPTION_NAMES: OptionNames<EraseOptions> = { events: true };

/** @throws {ConfigurationError} for an option that is unknown. */
export function checkErase(options: EraseOptions): void {
  refuseUnknown("", options, OPTION_NAMES);
}

/** Deletes all snapshots of an aggregate for good, and with `events` its events. May be repeated when it was interrupted. */
export async function eraseAggregate(
  { eventStore, snapshotStore }: { readonly eventStore: EventStore; readonly snapshotStore: SnapshotStore | undefined },
  stream: StreamId,
  { events = false }: EraseOptions,
): Promise<EraseReport> {
  const { aggregateType, aggregateId } = stream;
  const throughVersion = events ? Number.MAX_SAFE_INTEGER : await eventStore.versionOf(stream);
  // First, because an event store that shares the database takes them along, and would leave none to count.
  const snapshots = await snapshotStore?.eraseSnapshots(aggregateId, aggregateType, { throughVersion });
  return { events: events ? await eventStore.eraseStream(stream) : 0, snapshots: snapshots ?? 0 };
}
