import { StreamErasedError } from "../../errors.ts";
import type { OptionNames } from "../../events/bounds.ts";
import { refuseClosed } from "../../events/event-store.ts";
import { toInstant } from "../../events/instant.ts";
import { declareSystem } from "../../events/store-system.ts";
import { Snapshot } from "../../snapshots/snapshot.ts";
import {
  checkDeleteByType,
  checkErase,
  checkManySnapshots,
  checkSave,
  checkSnapshotQuery,
  DELETE_NAMES,
  type DeleteByTypeOptions,
  type DeleteSnapshotOptions,
  type EraseSnapshotsOptions,
  GET_NAMES,
  type GetSnapshotOptions,
  isOfKey,
  type RejectedRow,
  type SaveSnapshotOptions,
  type SaveSnapshotResult,
  type SchemaVersionOption,
  type SnapshotStore,
} from "../../snapshots/snapshot-store.ts";

/** Keeps snapshots in memory, for tests and first steps: complete, but gone with the process. */
export class InMemorySnapshotStore implements SnapshotStore {
  /** By type, then id: an aggregate has as many rows as it has kinds of writers, which is few. Snapshots cannot change. */
  readonly #rowsByType = new Map<string, Map<string, readonly Snapshot[]>>();
  /** By type, then id: up to which version no snapshot may come back. */
  readonly #erasedThroughByType = new Map<string, Map<string, number>>();
  #closed = false;

  constructor() {
    declareSystem(this, "memory");
  }

  /** Number of rows. */
  get snapshotCount(): number {
    return [...this.#rowsByType.values()].flatMap((rowsById) => [...rowsById.values()].flat()).length;
  }

  /** Forgets every snapshot. What was erased stays erased. */
  clear(): void {
    this.#rowsByType.clear();
  }

  async saveSnapshot(snapshot: Snapshot, options: SaveSnapshotOptions = {}): Promise<SaveSnapshotResult> {
    refuseClosed(this.#closed, "snapshot store");
    checkSave(snapshot, options);
    const { aggregateId, aggregateType, version } = snapshot;
    const erasedThrough = this.#erasedThroughByType.get(aggregateType)?.get(aggregateId) ?? 0;
    if (version <= erasedThrough) throw new StreamErasedError({ stream: { aggregateType, aggregateId } });
    const rows = this.#rowsOf(aggregateId, aggregateType);
    const present = rows.find((row) => isOfKey(row, snapshot));
    const rejected = present && options.replacing && hasContent(present, options.replacing);
    if (present !== undefined && present.version > version && !rejected) return "kept";
    this.#put(aggregateId, aggregateType, [...rows.filter((row) => row !== present), new Snapshot(snapshot)]);
    return "stored";
  }

  async getSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<Snapshot | undefined> {
    return best(this.#matching(aggregateId, aggregateType, options, GET_NAMES), options);
  }

  async getManySnapshots(
    aggregateIds: readonly string[],
    aggregateType: string,
    options: GetSnapshotOptions = {},
  ): Promise<readonly (Snapshot | undefined)[]> {
    refuseClosed(this.#closed, "snapshot store");
    checkManySnapshots(aggregateIds, aggregateType, options);
    return aggregateIds.map((aggregateId) =>
      best(this.#matching(aggregateId, aggregateType, options, GET_NAMES), options),
    );
  }

  async deleteSnapshot(
    aggregateId: string,
    aggregateType: string,
    options: DeleteSnapshotOptions = {},
  ): Promise<boolean> {
    const { exactly } = options;
    const deleted = this.#matching(aggregateId, aggregateType, options, DELETE_NAMES).filter(
      (row) => exactly === undefined || (isOfKey(row, exactly) && hasContent(row, exactly)),
    );
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
    const { schemaVersionBelow = Number.POSITIVE_INFINITY, createdBefore, otherThan } = options;
    const before = createdBefore && toInstant("time to delete before", createdBefore);
    const fits = (row: Snapshot): boolean =>
      row.schemaVersion < schemaVersionBelow &&
      (before === undefined || row.createdAt < before) &&
      (otherThan === undefined || !isOfKey(row, otherThan));
    const countBefore = this.snapshotCount;
    for (const [aggregateId, rows] of this.#rowsByType.get(aggregateType) ?? []) {
      this.#put(
        aggregateId,
        aggregateType,
        rows.filter((row) => !fits(row)),
      );
    }
    return countBefore - this.snapshotCount;
  }

  async eraseSnapshots(aggregateId: string, aggregateType: string, options: EraseSnapshotsOptions): Promise<number> {
    refuseClosed(this.#closed, "snapshot store");
    checkErase(aggregateId, aggregateType, options);
    const erasedThrough = this.#erasedThroughByType.get(aggregateType) ?? new Map<string, number>();
    this.#erasedThroughByType.set(aggregateType, erasedThrough);
    erasedThrough.set(aggregateId, Math.max(options.throughVersion, erasedThrough.get(aggregateId) ?? 0));
    const erased = this.#rowsOf(aggregateId, aggregateType).length;
    this.#put(aggregateId, aggregateType, []);
    return erased;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #matching(
    aggregateId: string,
    aggregateType: string,
    options: SchemaVersionOption = {},
    names?: OptionNames<SchemaVersionOption>,
  ): readonly Snapshot[] {
    refuseClosed(this.#closed, "snapshot store");
    checkSnapshotQuery(aggregateId, aggregateType, options, names);
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

function best(rows: readonly Snapshot[], { prefer }: GetSnapshotOptions): Snapshot | undefined {
  const preferred = prefer && rows.find((row) => isOfKey(row, prefer));
  const found = preferred ?? rows.toSorted((a, b) => b.version - a.version || b.schemaVersion - a.schemaVersion)[0];
  return found && new Snapshot(found);
}

function hasContent(row: RejectedRow, named: RejectedRow): boolean {
  return row.version === named.version && row.checksum === named.checksum;
}
