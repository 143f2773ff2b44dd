import type { EventStore } from "../events/event-store.ts";
import type { StoreCall } from "../events/event-store-decorator.ts";
import type { Snapshot } from "./snapshot.ts";
import type {
  DeleteByTypeOptions,
  DeleteSnapshotOptions,
  EraseSnapshotsOptions,
  GetSnapshotOptions,
  JointStore,
  LoadPage,
  SaveSnapshotOptions,
  SaveSnapshotResult,
  SchemaVersionOption,
  SnapshotStore,
} from "./snapshot-store.ts";

/** `append` and `eraseStream` are those of the joint store, for events and snapshots at once. */
export type SnapshotStoreCall = StoreCall<
  Exclude<keyof SnapshotStore | keyof JointStore, "jointWith" | "readForLoadSync">
>;

/** Passes every call, those of the joint store included, on to another snapshot store by way of `around`. */
export abstract class SnapshotStoreDecorator implements SnapshotStore {
  readonly wrapped: SnapshotStore;

  constructor(wrapped: SnapshotStore) {
    this.wrapped = wrapped;
  }

  /** Has a call carried out, and passes its outcome on. */
  protected abstract around<Answer>(call: SnapshotStoreCall, carryOut: () => Promise<Answer>): Promise<Answer>;

  /** As `around`, for what is answered at once. Without it nothing is: then loads ask in the other form. */
  protected aroundSync?<Answer>(call: SnapshotStoreCall, carryOut: () => Answer): Answer;

  /** What the wrapped store knows `eventStore` as: what a decorator of the same kind wraps, anything else itself. */
  protected abstract undecorated(eventStore: EventStore): EventStore;

  saveSnapshot(snapshot: Snapshot, options?: SaveSnapshotOptions): Promise<SaveSnapshotResult> {
    const { aggregateType, aggregateId, version: snapshotVersion } = snapshot;
    const call = { method: "saveSnapshot", aggregateType, aggregateId, snapshotVersion } as const;
    return this.around(call, () => this.wrapped.saveSnapshot(snapshot, options));
  }

  getSnapshot(aggregateId: string, aggregateType: string, options?: GetSnapshotOptions): Promise<Snapshot | undefined> {
    const call = { method: "getSnapshot", aggregateType, aggregateId } as const;
    return this.around(call, () => this.wrapped.getSnapshot(aggregateId, aggregateType, options));
  }

  getManySnapshots(
    aggregateIds: readonly string[],
    aggregateType: string,
    options?: GetSnapshotOptions,
  ): Promise<readonly (Snapshot | undefined)[]> {
    const call = { method: "getManySnapshots", aggregateType } as const;
    return this.around(call, () => this.wrapped.getManySnapshots(aggregateIds, aggregateType, options));
  }

  deleteSnapshot(aggregateId: string, aggregateType: string, options?: DeleteSnapshotOptions): Promise<boolean> {
    const call = { method: "deleteSnapshot", aggregateType, aggregateId } as const;
    return this.around(call, () => this.wrapped.deleteSnapshot(aggregateId, aggregateType, options));
  }

  snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    const call = { method: "snapshotExists", aggregateType, aggregateId } as const;
    return this.around(call, () => this.wrapped.snapshotExists(aggregateId, aggregateType, options));
  }

  deleteSnapshotsByType(aggregateType: string, options?: DeleteByTypeOptions): Promise<number> {
    const call = { method: "deleteSnapshotsByType", aggregateType } as const;
    return this.around(call, () => this.wrapped.deleteSnapshotsByType(aggregateType, options));
  }

  eraseSnapshots(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): Promise<number> {
    const call = { method: "eraseSnapshots", aggregateType, aggregateId } as const;
    return this.around(call, () => this.wrapped.eraseSnapshots(aggregateId, aggregateType, options));
  }

  /** As the wrapped stores, when `eventStore` is one of them, or decorated as this one is. */
  jointWith(eventStore: EventStore): JointStore | undefined {
    const joint = this.wrapped.jointWith?.(this.undecorated(eventStore));
    return (
      joint && {
        readForLoad: (stream, wanted, limit) =>
          this.around({ method: "readForLoad", ...stream }, () => joint.readForLoad(stream, wanted, limit)),
        append: (stream, events, options) =>
          this.around(
            { method: "append", ...stream, events: events.length, snapshotVersion: options.snapshot.version },
            () => joint.append(stream, events, options),
          ),
        eraseStream: (stream) => this.around({ method: "eraseStream", ...stream }, () => joint.eraseStream(stream)),
        ...(joint.readForLoadSync &&
          this.aroundSync && {
            readForLoadSync: (stream, wanted, limit) => {
              const read = (): LoadPage | undefined => joint.readForLoadSync?.(stream, wanted, limit);
              return this.aroundSync?.({ method: "readForLoad", ...stream }, read) as LoadPage;
            },
          }),
      }
    );
  }

  close(): Promise<void> {
    return this.around({ method: "close" }, () => this.wrapped.close());
  }
}
