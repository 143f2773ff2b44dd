import { ConfigurationError } from "../errors.ts";
import { checkName, checkWholeNumber, refuseUnknown } from "../events/bounds.ts";
import { type Instant, toInstant } from "../events/instant.ts";
import { checkStreamId, type StreamId } from "../events/stream-id.ts";
import { THRESHOLD_DEFAULT } from "../snapshots/snapshot-policy.ts";
import type { WantedOfType } from "../snapshots/snapshot-store.ts";
import { readHealth } from "./read-health.ts";
import { chosenOf, type TypeHealth, verdictOn } from "./snapshot-health.ts";
import {
  HEALTH_OPTION_NAMES,
  type HealthOptions,
  LARGEST_OPTION_NAMES,
  type LargestOptions,
  type LargestSnapshots,
  type SnapshotStatistics,
  STALE_OPTION_NAMES,
  STATISTICS_OPTION_NAMES,
  type StaleOptions,
  type StalePage,
  type StaleStream,
  type StatisticsOptions,
} from "./snapshot-monitor-options.ts";
import type { SnapshotSurvey, SurveyedStream } from "./snapshot-survey.ts";
import { walkStreams } from "./survey-walk.ts";

const TYPES_MAX = 1_000;
const STREAMS_DEFAULT = 50_000;
const STREAMS_MAX = 1_000_000;
const SNAPSHOTS_DEFAULT = 1_000_000;
const SNAPSHOTS_MAX = 10_000_000;
const EXAMINED_MAX = 10_000;
const PAGE_DEFAULT = 100;
const LARGEST_DEFAULT = 10;
const PAGE_MAX = 1_000;

/** What a monitor asks, for the command line. */
export let surveyOf: (monitor: SnapshotMonitor) => SnapshotSurvey;

/**
 * Looks at streams and snapshots as they lie in one database, beside a working system: `storage.snapshots` of `openSqlite` and
 * `connectPostgres`. Nothing is locked, loaded or changed. A stream and its snapshots are of one moment; two streams may be of two.
 *
 * Every method rejects with {@link InvalidNameError}, {@link InvalidNumberError} or {@link InvalidInstantError} for options out of
 * bounds and {@link ConfigurationError} for unknown ones, before the database is asked, and with {@link ClosedError} after `close`.
 */
export class SnapshotMonitor {
  readonly #survey: SnapshotSurvey;

  static {
    surveyOf = (monitor) => monitor.#survey;
  }

  constructor(survey: SnapshotSurvey) {
    this.#survey = survey;
  }

  /**
   * What the snapshots of each type are worth to loads: coverage, age, tails, what would miss and why, and which are without
   * events. Costs some microseconds a stream, however many events it has, and where there are many streams no more than a sample
   * of them does. Types come by name, and behind them those of which only snapshots are left. Empty where there are no events.
   *
   * @throws {ConfigurationError} when `wanted` names a type twice.
   */
  async health(options: HealthOptions = {}): Promise<readonly TypeHealth[]> {
    refuseUnknown("", options, HEALTH_OPTION_NAMES);
    const { aggregateType, streamsMax = STREAMS_DEFAULT } = options;
    if (aggregateType !== undefined) checkName("aggregate type", aggregateType);
    const wanted = wantedByType(options.wanted);
    checkWholeNumber("number of streams to look at", streamsMax, 1, STREAMS_MAX);
    const asOfMs = momentOf(options.asOf);
    // A database for snapshots alone: their events lie elsewhere.
    if ((await this.#survey.lastPosition()) === 0) return [];
    const streamTypes = await this.#types(aggregateType);
    const snapshotTypes = aggregateType === undefined ? await this.#survey.snapshotTypes(TYPES_MAX) : [aggregateType];
    const types = [...new Set([...streamTypes, ...snapshotTypes])].slice(0, TYPES_MAX);
    return await readHealth(this.#survey, { types, snapshotTypes, wanted, streamsMax, asOfMs });
  }

  /** Rows and bytes by type, schema version and fingerprint. Reads the table of snapshots, never that of events. */
  async statistics(options: StatisticsOptions = {}): Promise<SnapshotStatistics> {
    refuseUnknown("", options, STATISTICS_OPTION_NAMES);
    const { aggregateType, snapshotsMax = SNAPSHOTS_DEFAULT } = options;
    if (aggregateType !== undefined) checkName("aggregate type", aggregateType);
    checkWholeNumber("number of snapshots to look at", snapshotsMax, 1, SNAPSHOTS_MAX);
    const groups = await this.#survey.groups(aggregateType, snapshotsMax + 1);
    const snapshots = sum(groups.map((group) => group.snapshots));
    return {
      complete: snapshots <= snapshotsMax,
      snapshots,
      stateBytes: sum(groups.map((group) => group.stateBytes.total)),
      tableBytes: await this.#survey.tableBytes(),
      groups,
    };
  }

  /**
   * A page of the streams whose loads replay many events, because their snapshot is old, of no use, or missing.
   *
   * @throws {ConfigurationError} when `wanted` names a type twice, and for `after` in another type.
   */
  async stale(options: StaleOptions = {}): Promise<StalePage> {
    refuseUnknown("", options, STALE_OPTION_NAMES);
    const { aggregateType, eventsSince = 2 * THRESHOLD_DEFAULT, olderThanMs, limit = PAGE_DEFAULT } = options;
    const { after } = options;
    if (aggregateType !== undefined) checkName("aggregate type", aggregateType);
    const wanted = wantedByType(options.wanted);
    checkWholeNumber("number of events since the snapshot", eventsSince, 0);
    if (olderThanMs !== undefined) checkWholeNumber("age in milliseconds", olderThanMs, 0);
    checkWholeNumber("limit", limit, 1, PAGE_MAX);
    if (after !== undefined) checkAfter(after, aggregateType);
    const asOfMs = momentOf(options.asOf);
    const isStale = (stream: StaleStream): boolean =>
      stream.eventsSince > eventsSince ||
      (olderThanMs !== undefined && stream.eventsSince > 0 && stream.ageMs !== undefined && stream.ageMs > olderThanMs);

    const found: StaleStream[] = [];
    let examined = 0;
    let last: StreamId | undefined;
    const types = await this.#types(aggregateType, after?.aggregateType);
    for (const type of types) {
      const before = type === after?.aggregateType ? after.aggregateId : undefined;
      for await (const stream of walkStreams(this.#survey, type, before)) {
        const judged = toStale(stream, wanted.get(type), asOfMs);
        if (isStale(judged)) found.push(judged);
        examined += 1;
        last = { aggregateType: type, aggregateId: stream.aggregateId };
        if (found.length >= limit || examined >= EXAMINED_MAX) return { streams: found, next: last, examined };
      }
    }
    // There may be more types than one call looks at; the last stream of the last one is where the next call goes on.
    return { streams: found, next: types.length < TYPES_MAX ? undefined : last, examined };
  }

  /** The snapshots with the largest states. Reads the table of snapshots, never that of events. */
  async largest(options: LargestOptions = {}): Promise<LargestSnapshots> {
    refuseUnknown("", options, LARGEST_OPTION_NAMES);
    const { aggregateType, limit = LARGEST_DEFAULT, snapshotsMax = SNAPSHOTS_DEFAULT } = options;
    if (aggregateType !== undefined) checkName("aggregate type", aggregateType);
    checkWholeNumber("limit", limit, 1, PAGE_MAX);
    checkWholeNumber("number of snapshots to look at", snapshotsMax, 1, SNAPSHOTS_MAX);
    const { snapshots, examined } = await this.#survey.largest(aggregateType, limit, snapshotsMax + 1);
    return { complete: examined <= snapshotsMax, snapshots };
  }

  async #types(aggregateType: string | undefined, from?: string): Promise<readonly string[]> {
    if (aggregateType !== undefined) return [aggregateType];
    if (from === undefined) return await this.#survey.aggregateTypes("", TYPES_MAX);
    return [from, ...(await this.#survey.aggregateTypes(from, TYPES_MAX - 1))];
  }
}

function toStale(stream: SurveyedStream, wanted: WantedOfType | undefined, asOfMs: number): StaleStream {
  const { aggregateType, aggregateId, head, snapshots } = stream;
  const row = chosenOf(snapshots, wanted);
  const verdict = verdictOn(row, head, wanted);
  const known = row !== undefined && Number.isFinite(row.createdAtMs);
  return {
    aggregateType,
    aggregateId,
    version: head,
    verdict,
    snapshot: row && {
      schemaVersion: row.schemaVersion,
      fingerprint: row.fingerprint,
      version: row.version,
      createdAt: known ? new Date(row.createdAtMs).toISOString() : undefined,
    },
    eventsSince: row !== undefined && verdict === "usable" ? head - row.version : head,
    ageMs: known ? Math.max(0, asOfMs - row.createdAtMs) : undefined,
  };
}

function momentOf(asOf: Date | Instant = new Date()): number {
  return Date.parse(toInstant("time that ages count from", asOf));
}

function wantedByType(list: readonly WantedOfType[] = []): ReadonlyMap<string, WantedOfType> {
  const byType = new Map<string, WantedOfType>();
  for (const wanted of list) {
    const { aggregateType, formerKeys = [] } = wanted;
    checkName("aggregate type", aggregateType);
    for (const { schemaVersion, fingerprint } of [wanted, ...formerKeys]) {
      checkWholeNumber("schema version", schemaVersion, 1);
      if (fingerprint !== "") checkName("fingerprint", fingerprint);
    }
    checkWholeNumber("schema version to upgrade from", wanted.upgradableFrom, 1, wanted.schemaVersion);
    if (byType.has(aggregateType)) {
      const problem = `names the type ${aggregateType} twice. Pass what one class of each type wants.`;
      throw new ConfigurationError({ option: "wanted", problem });
    }
    byType.set(aggregateType, wanted);
  }
  return byType;
}

function checkAfter(after: StreamId, aggregateType: string | undefined): void {
  checkStreamId(after);
  if (aggregateType === undefined || after.aggregateType === aggregateType) return;
  const problem = "names a stream of another type. Pass the next of a page that was asked for with the same options.";
  throw new ConfigurationError({ option: "after", problem });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
