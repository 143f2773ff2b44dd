import { refuseClosed } from "../../events/event-store.ts";
import { checkSnapshot, Snapshot } from "../../snapshots/snapshot.ts";
import {
  checkDeleteByType,
  checkSnapshotQuery,
  type DeleteByTypeOptions,
  type GetSnapshotOptions,
  isOfKey,
  type SaveSnapshotOptions,
  type SaveSnapshotResult,
  type SchemaVersionOption,
  type SnapshotStore,
} from "../../snapshots/snapshot-store.ts";

/** Keeps snapshots in memory, for tests and first steps: complete, but gone with the process. */
export class InMemorySnapshotStore implements SnapshotStore {
  /** By type, then id: an aggregate has as many rows as it has kinds of writers, which is few. Snapshots cannot change. */
  readonly #rowsByType = new Map<string, Map<string, readonly Snapshot[]>>();
  #closed = false;

  /** Number of rows. */
  get snapshotCount(): number {
    return [...this.#rowsByType.values()].flatMap((rowsById) => [...rowsById.values()].flat()).length;
  }

  /** Forgets every snapshot. */
  clear(): void {
    this.#rowsByType.clear();
  }

  async saveSnapshot(snapshot: Snapshot, options: SaveSnapshotOptions = {}): Promise<SaveSnapshotResult> {
    refuseClosed(this.#closed, "snapshot store");
    checkSnapshot(snapshot);
    const rows = this.#rowsOf(snapshot.aggregateId, snapshot.aggregateType);
    const present = rows.find((row) => isOfKey(row, snapshot));
    const { replacing } = options;
    const rejected = present?.version === replacing?.version && present?.checksum === replacing?.checksum;
    if (present !== undefined && present.version > snapshot.version && !rejected) return "kept";
    this.#put(snapshot.aggregateId, snapshot.aggregateType, [
      ...rows.filter((row) => row !== present),
      new Snapshot(snapshot),
    ]);
    return "stored";
  }

  async getSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<Snapshot | undefined> {
    const rows = this.#matching(aggregateId, aggregateType, options);
    const { prefer } = options;
    const preferred = prefer && rows.find((row) => isOfKey(row, prefer));
    const found = preferred ?? rows.toSorted((a, b) => b.version - a.version || b.schemaVersion - a.schemaVersion)[0];
    return found && new Snapshot(found);
  }

  async deleteSnapshot(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    const deleted = this.#matching(aggregateId, aggregateType, options);
    const rows = this.#rowsOf(aggregateId, aggregateType);
    this.#put(
      aggregateId,
      aggregateType,
      rows.filter((row) => !deleted.includes(row)),
    );
    return deleted.length > 0;
  }

  async snapshotExists(aggregateId: string, aggregateType: string, options?: SchemaVersionOption): Promise<boolean> {
    return this.#matching(aggregateId, aggregateType, options).length > 0;
  }

  async deleteSnapshotsByType(aggregateType: string, options: DeleteByTypeOptions = {}): Promise<number> {
    refuseClosed(this.#closed, "snapshot store");
    checkDeleteByType(aggregateType, options);
    const below = options.schemaVersionBelow ?? Number.POSITIVE_INFINITY;
    const before = this.snapshotCount;
    for (const [aggregateId, rows] of this.#rowsByType.get(aggregateType) ?? []) {
      this.#put(
        aggregateId,
        aggregateType,
        rows.filter((row) => row.schemaVersion >= below),
      );
    }
    return before - this.snapshotCount;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #matching(aggregateId: string, aggregateType: string, options: SchemaVersionOption = {}): readonly Snapshot[] {
    refuseClosed(this.#closed, "snapshot store");
    checkSnapshotQuery(aggregateId, aggregateType, options);
    const { schemaVersion } = options;
    const rows = this.#rowsOf(aggregateId, aggregateType);
    return schemaVersion === undefined ? rows : rows.filter((row) => row.schemaVersion === schemaVersion);
  }

  #rowsOf(aggregateId: string, aggregateType: string): readonly Snapshot[] {
    return this.#rowsByType.get(aggregateType)?.get(aggregateId) ?? [];
  }

  #put(aggregateId: string, aggregateType: string, rows: readonly Snapshot[]): void {
    let rowsById = this.#rowsByType.get(aggregateType);
    if (rowsById === undefined) this.#rowsByType.set(aggregateType, (rowsById = new Map()));
    if (rows.length > 0) rowsById.set(aggregateId, rows);
    else rowsById.delete(aggregateId);
  }
}
