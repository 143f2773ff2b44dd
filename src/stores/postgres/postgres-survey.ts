import { refuseClosed } from "../../events/event-store.ts";
import {
  type LargestRows,
  type OrphanPage,
  type SnapshotGroup,
  type SnapshotSurvey,
  type SurveyColumns,
  type SurveyedStream,
  toSurveyedStreams,
} from "../../monitoring/snapshot-survey.ts";
import { Database, type PostgresOptions, type PostgresPool, type Row } from "./database.ts";
import { LOWEST_ID } from "./postgres-event-store.ts";
import { toInstant } from "./rows.ts";
import {
  selectGroups,
  selectLargest,
  selectLastPosition,
  selectOrphans,
  selectSnapshotTypes,
  selectTableBytes,
  selectTypes,
  surveyStreams,
  surveyStreamsAt,
} from "./survey-statements.ts";

/** No id comes after it: 255 units of text, the longest there are. */
const HIGHEST_ID = { text: `${"\u{10ffff}".repeat(127)}\uffff`, uuid: "ffffffff-ffff-ffff-ffff-ffffffffffff" };

/** Of PostgreSQL: none that a row may hold comes after it. */
const HIGHEST_SCHEMA_VERSION = "9223372036854775807";

/** Each call is one statement. */
export class PostgresSurvey implements SnapshotSurvey {
  readonly #database: Database;
  #closed = false;

  /** @param pool stays open when this is closed. */
  constructor(pool: PostgresPool, options?: PostgresOptions) {
    this.#database = new Database(pool, options);
  }

  async aggregateTypes(afterType: string, limit: number): Promise<readonly string[]> {
    return (await this.#rows<[name: string]>(selectTypes, [afterType, limit])).map(([name]) => name);
  }

  async snapshotTypes(limit: number): Promise<readonly string[]> {
    return (await this.#rows<[name: string]>(selectSnapshotTypes, ["", limit])).map(([name]) => name);
  }

  async orphans(aggregateType: string, afterId: string | undefined, limit: number): Promise<OrphanPage> {
    const fromFirst = [LOWEST_ID[this.#database.aggregateIdType], 0];
    const after = afterId === undefined ? fromFirst : [afterId, HIGHEST_SCHEMA_VERSION];
    const [row] = await this.#rows<OrphanColumns>(selectOrphans, [aggregateType, ...after, limit]);
    return { examined: Number(row?.[0]), orphans: Number(row?.[1]), lastId: row?.[2] ?? undefined };
  }

  async streams(
    aggregateType: string,
    beforeId: string | undefined,
    limit: number,
  ): Promise<readonly SurveyedStream[]> {
    if (beforeId !== undefined) this.#database.checkAggregateId(beforeId);
    const fromLast = [HIGHEST_ID[this.#database.aggregateIdType], Number.MAX_SAFE_INTEGER];
    const before = beforeId === undefined ? fromLast : [beforeId, 0];
    const rows = await this.#rows<StreamColumns>(surveyStreams, [aggregateType, ...before, limit]);
    return toSurveyedStreams(rows);
  }

  async lastPosition(): Promise<number> {
    return Number((await this.#rows(selectLastPosition))[0]?.[0] ?? 0);
  }

  async streamsAt(aggregateType: string | undefined, positions: readonly number[]): Promise<readonly SurveyedStream[]> {
    return toSurveyedStreams(await this.#rows<StreamColumns>(surveyStreamsAt, [aggregateType, positions]));
  }

  async groups(aggregateType: string | undefined, limit: number): Promise<readonly SnapshotGroup[]> {
    const rows = await this.#rows<GroupColumns>(selectGroups, [aggregateType, limit]);
    return rows.map(([type, schemaVersion, fingerprint, count, total, max, oldestAt, newestAt]) => {
      const snapshots = Number(count);
      return {
        aggregateType: type,
        schemaVersion: Number(schemaVersion),
        fingerprint,
        snapshots,
        stateBytes: { total: Number(total), mean: Number(total) / snapshots, max: Number(max) },
        oldestAt: toInstant(oldestAt),
        newestAt: toInstant(newestAt),
      };
    });
  }

  async tableBytes(): Promise<number> {
    return Number((await this.#rows(selectTableBytes))[0]?.[0]);
  }

  async largest(aggregateType: string | undefined, limit: number, among: number): Promise<LargestRows> {
    const rows = await this.#rows<LargestColumns>(selectLargest, [aggregateType, among, limit]);
    const snapshots = rows.map(([type, aggregateId, schemaVersion, fingerprint, version, createdAt, bytes]) => ({
      aggregateType: type,
      aggregateId,
      schemaVersion: Number(schemaVersion),
      fingerprint,
      version: Number(version),
      createdAt: toInstant(createdAt),
      stateBytes: Number(bytes),
    }));
    return { snapshots, examined: Number(rows[0]?.[7] ?? 0) };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #rows<Columns extends Row>(statement: string, values?: unknown[]): Promise<readonly Columns[]> {
    refuseClosed(this.#closed, "snapshot monitor");
    return await this.#database.read<Columns>(statement, values);
  }
}

type StreamColumns = Row & SurveyColumns;

type OrphanColumns = readonly [examined: string, orphans: string, lastId: string | null];

type GroupColumns = readonly [
  aggregateType: string,
  schemaVersion: string,
  fingerprint: string,
  snapshots: string,
  bytesTotal: string,
  bytesMax: string,
  oldestAt: string,
  newestAt: string,
];

type LargestColumns = readonly [
  aggregateType: string,
  aggregateId: string,
  schemaVersion: string,
  fingerprint: string,
  version: string,
  createdAt: string,
  bytes: string,
  examined: string,
];
