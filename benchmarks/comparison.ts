import type { Axes } from "./axes.ts";
import type { Histories } from "./histories.ts";
import type { Measured, Pair } from "./measure.ts";
import type { Storage } from "./storages/storage.ts";

/** Two ways to do one thing, in every store and along one axis: one table of the report. */
export interface Comparison {
  /** In the JSON file. */
  readonly id: string;
  readonly title: string;
  /** What the points differ by; heading of their column. Like the next two undefined where nothing is timed. */
  readonly axis?: string;
  /** What the time of the other is a multiple of. */
  readonly baseline?: string;
  readonly candidate?: string;
  /** What is counted per second; without it, milliseconds of one operation are shown. */
  readonly counted?: string;
  /** What a reader could not guess. */
  readonly note?: string;
  /** Makes what it needs, and has it measured. */
  readonly measureIn: (bench: Bench) => Promise<void>;
}

/** What a comparison works with. */
export interface Bench {
  readonly storage: Storage;
  readonly histories: Histories;
  readonly axes: Axes;
  readonly compare: (point: Point) => Promise<void>;
  /** For what is not a matter of time. */
  readonly check: (title: string, work: () => Promise<Verdict>) => Promise<void>;
}

/** One row of a table. */
interface Point extends Pair {
  readonly point: string;
  /** Place on the axis, for the chart. */
  readonly x?: number;
  /** Operations in one run. @default 1 */
  readonly operations?: number;
  readonly target?: Target | undefined;
}

/** Each field is a demand of its own on the candidate. */
export interface Target {
  /** Of its time, as a multiple of the baseline's. */
  readonly ratioMax?: number;
  /** Of one operation. */
  readonly msMax?: number;
  /** Operations. */
  readonly perSecondMin?: number;
}

export interface Verdict {
  readonly target: string;
  readonly measured: string;
  readonly reached: boolean;
  /** Whether chance could have made the difference. @default false */
  readonly unsure?: boolean;
}

/** As it stands in the JSON file. */
export interface Result {
  /** Id of the comparison. */
  readonly comparison: string;
  readonly store: string;
  readonly point: string;
  readonly x?: number | undefined;
  readonly operations: number;
  readonly measured: Measured;
  readonly target?: Target | undefined;
}

export interface Check extends Verdict {
  readonly comparison: string;
  readonly store: string;
  readonly title: string;
}

/** All that one run of the program found out. */
export interface Run {
  readonly startedAt: string;
  readonly tookSeconds: number;
  /** Of the machine, and of each store by its name. */
  readonly environment: Readonly<Record<string, readonly string[]>>;
  readonly caution?: string | undefined;
  readonly secondsEach: number;
  readonly results: readonly Result[];
  readonly checks: readonly Check[];
}
