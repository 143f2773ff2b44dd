import { type HistoryFlaw, historyFlaw, type KeyFlaw, keyFlaw } from "../snapshots/snapshot-flaws.ts";
import { isOfKey, type SnapshotKey, type WantedOfType } from "../snapshots/snapshot-store.ts";
import { type Distribution, Tally, threeDigits } from "./distribution.ts";
import type { OrphanedSnapshots } from "./orphaned-snapshots.ts";
import type { SurveyedSnapshot, SurveyedStream } from "./snapshot-survey.ts";

/** What the snapshots of one aggregate type are worth to its loads. */
export interface TypeHealth {
  readonly aggregateType: string;
  /**
   * Whether every stream was looked at. If not, all counts are estimates from a sample of `examined` streams, and each `max` is the
   * greatest value in the sample.
   */
  readonly exact: boolean;
  /** Streams that were looked at. */
  readonly examined: number;
  readonly streams: number;
  readonly events: number;
  /** Events of a stream. */
  readonly lengths: Distribution;
  /** Streams by length, without the empty ranges, the shortest first. */
  readonly histogram: readonly LengthRange[];
  /** The ten longest streams that were looked at, the longest first. */
  readonly longest: readonly { readonly aggregateId: string; readonly events: number }[];
  /** Streams that have a snapshot, of any key. */
  readonly withSnapshot: number;
  /** `withSnapshot` as a share of `streams`: 0 to 1. */
  readonly coverage: number;
  /** Events that a load of each stream would replay, with the snapshots as they are. */
  readonly replayed: Distribution;
  /** How loads of all streams would begin: how many would use a snapshot, and how many would miss one, and why. */
  readonly loads: Readonly<Record<SnapshotVerdict, number>>;
  /** Snapshots by the definition that wrote them, the newest schema version first. */
  readonly keys: readonly KeyHealth[];
  /** Snapshots without any event behind them. No other figure counts them: no load comes by them. */
  readonly orphans: OrphanedSnapshots;
}

/** What the streams of a type tell. */
export type StreamsHealth = Omit<TypeHealth, "orphans">;

/** Streams of `fromLength` to `toLength` events, both inclusive. */
export interface LengthRange {
  readonly fromLength: number;
  readonly toLength: number;
  readonly streams: number;
  readonly events: number;
}

/** The snapshots of one schema version and fingerprint. */
export interface KeyHealth extends SnapshotKey {
  readonly snapshots: number;
  /** Time since they were written, in milliseconds, to three digits. */
  readonly ageMs: Distribution;
  /** Events that were appended to their streams since. */
  readonly eventsSince: Distribution;
  /** Snapshots that a load of their own definition would not use, and why. */
  readonly flaws: Readonly<Record<SnapshotFlaw, number>>;
}

/** What a load would make of a snapshot, as far as SQL can tell: not whether its checksum fits or its state can be restored. */
export type SnapshotVerdict = "usable" | "missing" | KeyFlaw | SnapshotFlaw;

/** Why a snapshot of the right definition is not used. */
export type SnapshotFlaw = "unproven" | HistoryFlaw;

const LONGEST_MAX = 10;

/** Gathers the health of one type from its streams. */
export class HealthTally {
  readonly #wanted: WantedOfType | undefined;
  readonly #asOfMs: number;
  readonly #lengths = new Tally();
  readonly #replayed = new Tally();
  readonly #ranges = new Map<number, { streams: number; events: number }>();
  readonly #loads = emptyVerdicts();
  readonly #keys = new Map<string, KeyTally>();
  #longest: { aggregateId: string; events: number }[] = [];
  /** Streams that were added. */
  examined = 0;
  /** What they stand for. */
  streams = 0;
  #events = 0;
  #withSnapshot = 0;

  /** @param wanted what loads ask for; undefined: whatever the newest snapshot of each stream is. */
  constructor(wanted: WantedOfType | undefined, asOfMs: number) {
    this.#wanted = wanted;
    this.#asOfMs = asOfMs;
  }

  /** @param weight how many streams this one stands for. */
  add({ aggregateId, head, snapshots }: SurveyedStream, weight: number): void {
    this.examined += 1;
    this.streams += weight;
    this.#events += head * weight;
    this.#lengths.add(head, weight);
    const first = rangeStart(head);
    const range = this.#ranges.get(first) ?? { streams: 0, events: 0 };
    this.#ranges.set(first, { streams: range.streams + weight, events: range.events + head * weight });
    this.#addLongest(aggregateId, head);
    if (snapshots.length > 0) this.#withSnapshot += weight;
    const chosen = chosenOf(snapshots, this.#wanted);
    const verdict = verdictOn(chosen, head, this.#wanted);
    this.#loads[verdict] += weight;
    this.#replayed.add(verdict === "usable" && chosen !== undefined ? head - chosen.version : head, weight);
    for (const snapshot of snapshots) {
      const { schemaVersion, fingerprint } = snapshot;
      const name = JSON.stringify([schemaVersion, fingerprint]);
      let key = this.#keys.get(name);
      if (key === undefined) this.#keys.set(name, (key = new KeyTally({ schemaVersion, fingerprint })));
      key.add(snapshot, { head, ageMs: this.#asOfMs - snapshot.createdAtMs, weight });
    }
  }

  /** @param scale how many of the whole each weight of 1 stands for, where a sample was taken. */
  result(aggregateType: string, exact: boolean, scale = 1): StreamsHealth {
    const counted = (weight: number): number => Math.round(weight * scale);
    return {
      aggregateType,
      exact,
      examined: this.examined,
      streams: counted(this.streams),
      events: counted(this.#events),
      lengths: this.#lengths.distribution(),
      histogram: [...this.#ranges]
        .sort(([a], [b]) => a - b)
        .map(([fromLength, { streams, events }]) => {
          return { fromLength, toLength: rangeEnd(fromLength), streams: counted(streams), events: counted(events) };
        }),
      longest: this.#longest,
      withSnapshot: counted(this.#withSnapshot),
      coverage: this.streams === 0 ? 0 : this.#withSnapshot / this.streams,
      replayed: this.#replayed.distribution(),
      loads: mapValues(this.#loads, counted),
      keys: [...this.#keys.values()].map((key) => key.result(counted)).sort(newestFirst),
    };
  }

  #addLongest(aggregateId: string, events: number): void {
    const last = this.#longest[LONGEST_MAX - 1];
    if ((last !== undefined && last.events >= events) || this.#longest.some((each) => each.aggregateId === aggregateId))
      return;
    this.#longest = [...this.#longest, { aggregateId, events }]
      .sort((a, b) => b.events - a.events)
      .slice(0, LONGEST_MAX);
  }
}

class KeyTally {
  readonly #key: SnapshotKey;
  readonly #ages = new Tally();
  readonly #eventsSince = new Tally();
  readonly #flaws: Record<SnapshotFlaw, number> = { unproven: 0, "ahead-of-stream": 0, "history-mismatch": 0 };
  #snapshots = 0;

  constructor(key: SnapshotKey) {
    this.#key = key;
  }

  add(snapshot: SurveyedSnapshot, { head, ageMs, weight }: { head: number; ageMs: number; weight: number }): void {
    this.#snapshots += weight;
    if (Number.isFinite(ageMs)) this.#ages.add(threeDigits(Math.max(0, ageMs)), weight);
    this.#eventsSince.add(Math.max(0, head - snapshot.version), weight);
    const flaw = rowFlaw(snapshot, head);
    if (flaw !== undefined) this.#flaws[flaw] += weight;
  }

  result(counted: (weight: number) => number): KeyHealth {
    return {
      ...this.#key,
      snapshots: counted(this.#snapshots),
      ageMs: this.#ages.distribution(),
      eventsSince: this.#eventsSince.distribution(),
      flaws: mapValues(this.#flaws, counted),
    };
  }
}

/** The snapshot that a load reads: of the wanted key, else the newest. */
export function chosenOf(
  snapshots: readonly SurveyedSnapshot[],
  wanted: SnapshotKey | undefined,
): SurveyedSnapshot | undefined {
  const rank = (row: SurveyedSnapshot): number => (wanted !== undefined && isOfKey(row, wanted) ? 1 : 0);
  const [best] = snapshots.toSorted(
    (a, b) => rank(b) - rank(a) || b.version - a.version || b.schemaVersion - a.schemaVersion,
  );
  return best;
}

/** In the order in which a load looks. */
export function verdictOn(
  row: SurveyedSnapshot | undefined,
  head: number,
  wanted: WantedOfType | undefined,
): SnapshotVerdict {
  if (row === undefined) return "missing";
  return (wanted && keyFlaw(row, wanted)) ?? rowFlaw(row, head) ?? "usable";
}

/** What a load of its own definition would have against `row`. */
function rowFlaw(row: SurveyedSnapshot, head: number): SnapshotFlaw | undefined {
  return row.proven ? historyFlaw(row.version, head, row.anchored) : "unproven";
}

function emptyVerdicts(): Record<SnapshotVerdict, number> {
  return {
    usable: 0,
    missing: 0,
    "schema-mismatch": 0,
    "fingerprint-mismatch": 0,
    unproven: 0,
    "ahead-of-stream": 0,
    "history-mismatch": 0,
  };
}

// 1, 2 to 4, 5 to 9, 10 to 19, 20 to 49, 50 to 99 and so on: the bounds that tables of thresholds use.
function rangeStart(length: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, length)) + 1e-12);
  const digit = Math.floor(length / magnitude);
  return (digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * magnitude;
}

function rangeEnd(start: number): number {
  return `${start}`.startsWith("2") ? start * 2.5 - 1 : start * 2 - 1;
}

function mapValues<Name extends string>(
  record: Readonly<Record<Name, number>>,
  change: (value: number) => number,
): Record<Name, number> {
  const entries = Object.entries<number>(record).map(([name, value]) => [name, change(value)]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

function newestFirst(a: KeyHealth, b: KeyHealth): number {
  return b.schemaVersion - a.schemaVersion || (a.fingerprint < b.fingerprint ? -1 : 1);
}
