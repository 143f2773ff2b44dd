import type { Instant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "./snapshot.ts";

/** What people on call do with the rows of snapshots, beside what loads and saves do. Every call costs what it is asked for. */
export interface SnapshotAdministration {
  /** Every row of one aggregate, as it lies there, by schema version and fingerprint. */
  rowsOf(stream: StreamId): Promise<readonly SnapshotRow[]>;

  /** The tombstone of one aggregate; undefined when nothing of it was ever erased. */
  erasureOf(stream: StreamId): Promise<Erasure | undefined>;

  /** Where a page of `rows` rows ends, in the order of the ids; undefined after the last row. A row's aggregate is never split. */
  endOfPage(aggregateType: string, afterId: string | undefined, rows: number): Promise<string | undefined>;

  /** How many of the rows in `range` fit. */
  count(range: AggregateRange, which: PrunableRows): Promise<number>;

  /** Those of the rows in `range` that fit, in the order of the ids. */
  list(range: AggregateRange, which: PrunableRows): Promise<readonly ListedRow[]>;

  /** Deletes the rows in `range` that fit. Resolves to their number. */
  delete(range: AggregateRange, which: PrunableRows): Promise<number>;
}

/** What was erased for good, the last time. */
export interface Erasure {
  /** Whether the events were erased, too, then or before. */
  readonly events: boolean;
  readonly erasedAt: Instant;
}

/** Aggregates of one type with neighboring ids. */
export interface AggregateRange {
  readonly aggregateType: string;
  /** Exclusive; undefined: from the first. */
  readonly afterId: string | undefined;
  /** Inclusive. */
  readonly throughId: string;
}

/** Rows that fit everything that is given. */
export interface PrunableRows {
  /** Exclusive. */
  readonly schemaVersionBelow?: number;
  /** Only of aggregates whose newest event is older, and of those without events. */
  readonly dormantSince?: Instant;
  /** Only of aggregates without events: they were restored without them, or events were deleted by hand. @default false */
  readonly withoutEvents?: boolean;
}

/** Which row it is. */
export type ListedRow = Pick<SnapshotRow, "aggregateId" | "version" | "schemaVersion" | "fingerprint">;
