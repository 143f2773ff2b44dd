import type { OptionNames } from "../events/bounds.ts";
import type { Instant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotKey, WantedOfType } from "../snapshots/snapshot-store.ts";
import type { SnapshotVerdict } from "./snapshot-health.ts";
import type { LargeSnapshot, SnapshotGroup } from "./snapshot-survey.ts";

export interface HealthOptions {
  /** Only this type. @default all, up to 1,000 types */
  readonly aggregateType?: string;
  /**
   * What loads of your classes ask for: `[wantedSnapshot(Account), …]`. In types that are not among them no key is foreign: each
   * stream is judged by its newest snapshot. @default none
   */
  readonly wanted?: readonly WantedOfType[];
  /**
   * Streams to look at, in all: where there are more, types of many streams are estimated from a sample. 1 to 1,000,000.
   *
   * @default 50,000
   */
  readonly streamsMax?: number;
  /** The moment from which ages count. @default now */
  readonly asOf?: Date | Instant;
}

export const HEALTH_OPTION_NAMES: OptionNames<HealthOptions> = {
  aggregateType: true,
  wanted: true,
  streamsMax: true,
  asOf: true,
};

export interface StatisticsOptions {
  /** Only this type. @default all */
  readonly aggregateType?: string;
  /** Snapshots to look at, 1 to 10,000,000. @default 1,000,000 */
  readonly snapshotsMax?: number;
}

export const STATISTICS_OPTION_NAMES: OptionNames<StatisticsOptions> = { aggregateType: true, snapshotsMax: true };

export interface SnapshotStatistics {
  /** False when there are more than `snapshotsMax` rows: then these are about as many of them. */
  readonly complete: boolean;
  readonly snapshots: number;
  /** Of the states as JSON text in UTF-8, before any compression by the database. */
  readonly stateBytes: number;
  /** What the table of all types takes on disk, with its indexes; undefined in SQLite, which does not tell. */
  readonly tableBytes: number | undefined;
  /** By type, schema version and fingerprint, in this order. */
  readonly groups: readonly SnapshotGroup[];
}

export interface StaleOptions {
  /** Only this type. @default all */
  readonly aggregateType?: string;
  /** As for {@link HealthOptions}: only snapshots that a load of the class would use count. @default none */
  readonly wanted?: readonly WantedOfType[];
  /** A stream with more events since its usable snapshot, or without one, is stale. @default 200, twice the default threshold */
  readonly eventsSince?: number;
  /** A snapshot that is older, with at least one event since, is stale too. @default no bound */
  readonly olderThanMs?: number;
  /** Most streams in one answer, 1 to 1,000. @default 100 */
  readonly limit?: number;
  /** Where the last page ended: its `next`. @default from the first */
  readonly after?: StreamId | undefined;
  /** The moment from which ages count. @default now */
  readonly asOf?: Date | Instant;
}

export const STALE_OPTION_NAMES: OptionNames<StaleOptions> = {
  aggregateType: true,
  wanted: true,
  eventsSince: true,
  olderThanMs: true,
  limit: true,
  after: true,
  asOf: true,
};

export interface StalePage {
  /** By type; within a type in the reverse order of ids, which is newest first for UUIDv7. */
  readonly streams: readonly StaleStream[];
  /** Go on with `after: next`; undefined at the end. A page may be short, or empty, and not be the last. */
  readonly next: StreamId | undefined;
  /** Streams that this page looked at, 10,000 at most. */
  readonly examined: number;
}

export interface StaleStream extends StreamId {
  /** Version of the newest event. */
  readonly version: number;
  /** What a load would make of `snapshot`. */
  readonly verdict: SnapshotVerdict;
  /** The snapshot that a load would read; undefined when there is none. */
  readonly snapshot: (SnapshotKey & { readonly version: number; readonly createdAt: Instant | undefined }) | undefined;
  /** Events that a load replays. */
  readonly eventsSince: number;
  /** Age of the snapshot in milliseconds; undefined when there is none. */
  readonly ageMs: number | undefined;
}

export interface LargestOptions {
  /** Only this type. @default all */
  readonly aggregateType?: string;
  /** 1 to 1,000. @default 10 */
  readonly limit?: number;
  /** Snapshots to look at, 1 to 10,000,000. @default 1,000,000 */
  readonly snapshotsMax?: number;
}

export const LARGEST_OPTION_NAMES: OptionNames<LargestOptions> = {
  aggregateType: true,
  limit: true,
  snapshotsMax: true,
};

export interface LargestSnapshots {
  /** False when there are more than `snapshotsMax` rows: larger ones may be among the others. */
  readonly complete: boolean;
  /** The largest state first. */
  readonly snapshots: readonly LargeSnapshot[];
}
