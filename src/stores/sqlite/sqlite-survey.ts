import {
  type LargestRows,
  type OrphanPage,
  type SnapshotGroup,
  type SnapshotSurvey,
  type SurveyColumns,
  type SurveyedStream,
  toSurveyedStreams,
} from "../../monitoring/snapshot-survey.ts";
import type { SqliteDatabase } from "./database.ts";
import {
  selectGroups,
  selectLargest,
  selectLastPosition,
  selectOrphans,
  selectSnapshotTypes,
  selectTypes,
  surveyStreams,
  surveyStreamsAt,
} from "./survey-statements.ts";

/** Comes after every name: 256 units, where names have 255 at most. */
const BEYOND_NAMES = "\u{10ffff}".repeat(128);

/** Each call is one statement. */
export class SqliteSurvey implements SnapshotSurvey {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async aggregateTypes(afterType: string, limit: number): Promise<readonly string[]> {
    return this.#database.rows(selectTypes, afterType, limit).map(([name]) => name as string);
  }

  async snapshotTypes(limit: number): Promise<readonly string[]> {
    return this.#database.rows(selectSnapshotTypes, "", limit).map(([name]) => name as string);
  }

  async orphans(aggregateType: string, afterId: string = "", limit: number): Promise<OrphanPage> {
    const rows = this.#database.rows(selectOrphans, aggregateType, afterId, limit, aggregateType, afterId);
    const [examined, orphans, lastId] = rows[0] as unknown as readonly [number, number, string | null];
    return { examined, orphans, lastId: lastId ?? undefined };
  }

  async streams(
    aggregateType: string,
    beforeId: string = BEYOND_NAMES,
    limit: number,
  ): Promise<readonly SurveyedStream[]> {
    const values = [aggregateType, beforeId, aggregateType, aggregateType, limit];
    const rows = this.#database.rows(surveyStreams, ...values) as unknown as readonly SurveyColumns[];
    return toSurveyedStreams(rows);
  }

  async lastPosition(): Promise<number> {
    return Number(this.#database.rows(selectLastPosition)[0]?.[0] ?? 0);
  }

  async streamsAt(aggregateType: string | undefined, positions: readonly number[]): Promise<readonly SurveyedStream[]> {
    const rows = this.#database.rows(
      surveyStreamsAt,
      JSON.stringify(positions),
      aggregateType ?? "",
      aggregateType ?? BEYOND_NAMES,
    );
    return toSurveyedStreams(rows as unknown as readonly SurveyColumns[]);
  }

  async groups(aggregateType: string | undefined, limit: number): Promise<readonly SnapshotGroup[]> {
    const rows = this.#database.rows(selectGroups, aggregateType ?? "", aggregateType ?? BEYOND_NAMES, limit);
    return rows.map((row) => {
      const [type, schemaVersion, fingerprint, snapshots, total, max, oldestAt, newestAt] = row as GroupColumns;
      const stateBytes = { total, mean: total / snapshots, max };
      return { aggregateType: type, schemaVersion, fingerprint, snapshots, stateBytes, oldestAt, newestAt };
    });
  }

  async tableBytes(): Promise<undefined> {
    return undefined;
  }

  async largest(aggregateType: string | undefined, limit: number, among: number): Promise<LargestRows> {
    const rows = this.#database.rows(selectLargest, aggregateType ?? "", aggregateType ?? BEYOND_NAMES, among, limit);
    const snapshots = (rows as unknown as readonly LargestColumns[]).map(
      ([type, aggregateId, schemaVersion, fingerprint, version, createdAt, stateBytes]) => {
        return { aggregateType: type, aggregateId, schemaVersion, fingerprint, version, createdAt, stateBytes };
      },
    );
    return { snapshots, examined: Number(rows[0]?.[7] ?? 0) };
  }
}

type GroupColumns = readonly [
  aggregateType: string,
  schemaVersion: number,
  fingerprint: string,
  snapshots: number,
  bytesTotal: number,
  bytesMax: number,
  oldestAt: string,
  newestAt: string,
];

type LargestColumns = readonly [
  aggregateType: string,
  aggregateId: string,
  schemaVersion: number,
  fingerprint: string,
  version: number,
  createdAt: string,
  bytes: number,
  examined: number,
];
