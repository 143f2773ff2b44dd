import type { Measured, Way } from "./measure.ts";
import type { Storage } from "./storages/storage.ts";

/** Two ways to do one thing in one kind of store, and what is asked of them. */
interface Comparison {
  /** Heading of the table that it stands in, with those of the other stores. */
  readonly title: string;
  readonly baseline: Way;
  readonly candidate: Way;
  readonly target?: Target | undefined;
}

/** For the time of the candidate, as a multiple of the baseline's. */
export type Target = { readonly ratioMax: number } | { readonly ratioMin: number };

/** Lengths of the histories that are measured. */
export interface Lengths {
  readonly short: number;
  readonly long: number;
  readonly replay: number;
}

export interface Result {
  readonly title: string;
  readonly store: string;
  readonly baseline: string;
  readonly candidate: string;
  readonly measured: Measured;
  readonly target: Target | undefined;
  /** Undefined without a target. */
  readonly reached: boolean | undefined;
}

/** Makes what it needs in `storage`, and has it measured. */
export type Comparing = (
  storage: Storage,
  lengths: Lengths,
  compare: (comparison: Comparison) => Promise<void>,
) => Promise<void>;

export function isReached(target: Target, ratio: number): boolean {
  return "ratioMax" in target ? ratio <= target.ratioMax : ratio >= target.ratioMin;
}
