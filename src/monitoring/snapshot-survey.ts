import type { Instant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotKey } from "../snapshots/snapshot-store.ts";

/**
 * What a database says about its streams and snapshots, for monitoring. Every call is one statement whose cost depends on `limit`
 * and on the number of snapshots, never on how many events the streams have.
 */
export interface SnapshotSurvey {
  /** Aggregate types that have events, in the order of their UTF-8 bytes. */
  aggregateTypes(afterType: string, limit: number): Promise<readonly string[]>;

  /** Aggregate types that have snapshots, in the same order. */
  snapshotTypes(limit: number): Promise<readonly string[]>;

  /** Looks for the events behind a page of snapshots: `limit` rows, and what rows the aggregate of the last one has besides. */
  orphans(aggregateType: string, afterId: string | undefined, limit: number): Promise<OrphanPage>;

  /** Streams of one type in the reverse order of their ids, which is newest first for UUIDv7. */
  streams(aggregateType: string, beforeId: string | undefined, limit: number): Promise<readonly SurveyedStream[]>;

  /** The position of the newest event; 0 when there is none. */
  lastPosition(): Promise<number>;

  /** The streams, of one type or of all, that the events at these positions belong to: one for each event that there is. */
  streamsAt(aggregateType: string | undefined, positions: readonly number[]): Promise<readonly SurveyedStream[]>;

  /** Rows and bytes by type and key, of `limit` rows at most. */
  groups(aggregateType: string | undefined, limit: number): Promise<readonly SnapshotGroup[]>;

  /** What the table takes on disk with its indexes; undefined where the database does not tell. */
  tableBytes(): Promise<number | undefined>;

  /** The largest states among `among` rows at most. */
  largest(aggregateType: string | undefined, limit: number, among: number): Promise<LargestRows>;
}

export interface OrphanPage {
  /** Rows that were looked at. */
  readonly examined: number;
  /** Those of them whose stream has no event. */
  readonly orphans: number;
  /** Where the next page goes on; undefined when there was no row. */
  readonly lastId: string | undefined;
}

/** One stream and all its snapshots, of one moment. */
export interface SurveyedStream extends StreamId {
  /** Version of its newest event. */
  readonly head: number;
  readonly snapshots: readonly SurveyedSnapshot[];
}

export interface SurveyedSnapshot extends SnapshotKey {
  readonly version: number;
  /** Since 1970. Not finite where the row is damaged. */
  readonly createdAtMs: number;
  /** Has a checksum, and names its last event. Whether the checksum fits, the database cannot tell. */
  readonly proven: boolean;
  /** The event that it names stands at its version. */
  readonly anchored: boolean;
}

/** The snapshots of one type and key. */
export interface SnapshotGroup extends SnapshotKey {
  readonly aggregateType: string;
  readonly snapshots: number;
  /** Of the states as JSON text in UTF-8, before any compression by the database. */
  readonly stateBytes: { readonly total: number; readonly mean: number; readonly max: number };
  readonly oldestAt: Instant;
  readonly newestAt: Instant;
}

export interface LargestRows {
  readonly snapshots: readonly LargeSnapshot[];
  readonly examined: number;
}

/** One snapshot without its state. */
export interface LargeSnapshot extends StreamId, SnapshotKey {
  readonly version: number;
  readonly createdAt: Instant;
  readonly stateBytes: number;
}

/** A row of a stream and one of its snapshots, as both databases give them; the last six are null where there is none. */
export type SurveyColumns = readonly [
  place: string | number,
  aggregateType: string,
  aggregateId: string,
  head: string | number,
  schemaVersion: string | number | null,
  fingerprint: string | null,
  version: string | number | null,
  createdAtMs: string | number | null,
  proven: string | number | null,
  anchored: string | number | null,
];

/** Rows of one place belong together, and follow each other. */
export function toSurveyedStreams(rows: readonly SurveyColumns[]): readonly SurveyedStream[] {
  const streams: (SurveyedStream & { readonly snapshots: SurveyedSnapshot[] })[] = [];
  let lastPlace: SurveyColumns[0] | undefined;
  for (const row of rows) {
    const [
      place,
      aggregateType,
      aggregateId,
      head,
      schemaVersion,
      fingerprint,
      version,
      createdAtMs,
      proven,
      anchored,
    ] = row;
    if (place !== lastPlace) streams.push({ aggregateType, aggregateId, head: Number(head), snapshots: [] });
    lastPlace = place;
    if (schemaVersion === null) continue;
    streams.at(-1)?.snapshots.push({
      schemaVersion: Number(schemaVersion),
      fingerprint: fingerprint ?? "",
      version: Number(version),
      createdAtMs: createdAtMs === null ? Number.NaN : Number(createdAtMs),
      proven: Number(proven) === 1,
      anchored: Number(anchored) === 1,
    });
  }
  return streams;
}
