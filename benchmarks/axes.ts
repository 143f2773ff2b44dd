/** The points at which comparisons are made, ascending; each comparison goes along one axis. */
export interface Axes {
  /** Events in a history. */
  readonly lengths: readonly number[];
  /** JSON of a state, in bytes. */
  readonly stateBytes: readonly number[];
  /** Events newer than the snapshot. */
  readonly tails: readonly number[];
  /** Events in one save. */
  readonly saveSizes: readonly number[];
  /** Accounts loaded at once. */
  readonly batches: readonly number[];
  /** Who saves or loads at the same time. */
  readonly callers: readonly number[];
}

/** The history that others are compared with, and on which all axes but that of lengths stand. */
export const SHORT = 1_000;

export const fullAxes: Axes = {
  lengths: [10, 100, SHORT, 10_000, 100_000, 1_000_000],
  stateBytes: [200, 5_000, 500_000],
  tails: [0, 1, 10, 100, 1_000],
  saveSizes: [1, 10, 100, 1_000],
  batches: [10, 100, 500],
  callers: [1, 8, 32],
};

export const quickAxes: Axes = {
  lengths: [SHORT, 10_000, 100_000],
  stateBytes: [200, 5_000],
  tails: [0, 100],
  saveSizes: [1, 100],
  batches: [100],
  callers: [1, 32],
};
