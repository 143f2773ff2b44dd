import type { EventStore } from "../../events/event-store.ts";
import type { Snapshot } from "../../snapshots/snapshot.ts";
import type {
  DeleteByTypeOptions,
  DeleteSnapshotOptions,
  EraseSnapshotsOptions,
  GetSnapshotOptions,
  JointStore,
  SaveSnapshotOptions,
  SaveSnapshotResult,
  SchemaVersionOption,
  SnapshotStore,
} from "../../snapshots/snapshot-store.ts";
import type { Faults } from "./faults.ts";
import { FaultyEventStore } from "./faulty-event-store.ts";

/** Any snapshot store, with faults, which strike its joint reads and appends too. Without a fault planned it is that store. */
export class FaultySnapshotStore implements SnapshotStore {
  readonly wrapped: SnapshotStore;
  readonly #faults: Faults;

  constructor(wrapped: SnapshotStore, faults: Faults) {
    this.wrapped = wrapped;
    this.#faults = faults;
  }

  saveSnapshot(snapshot: Snapshot, options?: SaveSnapshotOptions): Promise<SaveSnapshotResult> {
    return this.#faults.strike("saveSnapshot", () => this.wrapped.saveSnapshot(snapshot, options));
  }

  getSnapshot(aggregateId: string, aggregateType: string, options?: GetSnapshotOptions): Promise<Snapshot | undefined> {
    return this.#faults.strike("getSnapshot", () => this.wrapped.getSnapshot(aggregateId, aggregateType, options));
  }

  getManySnapshots(
    aggregateIds: readonly string[],
    aggregateType: string,
    options?: GetSnapshotOptions,
  ): Promise<readonly (Snapshot | undefined)[]> {
    return this.#faults.strike("getManySnapshots", () =>
      this.wrapped.getManySnapshots(aggregateIds, aggregateType, options),
    );
  }

  deleteSnapshot(aggregateId: string, aggregateType: string, options?: DeleteSnapshotOptions): Promise<boolean> {
    return this.#faults.strike("deleteSnapshot", () =>
      this.wrapped.deleteSnapshot(aggregateId, aggregateType, options),
    );
  }

  snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    return this.#faults.strike("snapshotExists", () =>
      this.wrapped.snapshotExists(aggregateId, aggregateType, options),
    );
  }

  deleteSnapshotsByType(aggregateType: string, options?: DeleteByTypeOptions): Promise<number> {
    return this.#faults.strike("deleteSnapshotsByType", () =>
      this.wrapped.deleteSnapshotsByType(aggregateType, options),
    );
  }

  eraseSnapshots(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): Promise<number> {
    return this.#faults.strike("eraseSnapshots", () =>
      this.wrapped.eraseSnapshots(aggregateId, aggregateType, options),
    );
  }

  /** As the wrapped stores, when `eventStore` is one of them, or decorated as this one is. */
  jointWith(eventStore: EventStore): JointStore | undefined {
    const partner = eventStore instanceof FaultyEventStore ? eventStore.wrapped : eventStore;
    const joint = this.wrapped.jointWith?.(partner);
    return (
      joint && {
        readForLoad: (stream, wanted, limit) =>
          this.#faults.strike("readForLoad", () => joint.readForLoad(stream, wanted, limit)),
        append: (stream, events, options) => this.#faults.strike("append", () => joint.append(stream, events, options)),
      }
    );
  }

  close(): Promise<void> {
    return this.#faults.strike("close", () => this.wrapped.close());
  }
}
