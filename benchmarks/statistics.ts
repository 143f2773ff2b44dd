/** A median, and where the true one lies with 95 % confidence. */
export interface Estimate {
  readonly median: number;
  readonly from: number;
  readonly to: number;
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (at(sorted, Math.ceil(middle) - 1) + at(sorted, Math.floor(middle))) / 2;
}

/**
 * The interval goes by ranks: whatever the distribution, each value lies below its median as often as above, so the number of
 * those below is binomial (here by its normal approximation).
 */
export function estimateMedian(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b);
  const reach = 0.98 * Math.sqrt(sorted.length);
  return {
    median: medianOf(sorted),
    from: at(sorted, Math.floor(sorted.length / 2 - reach)),
    to: at(sorted, Math.ceil(sorted.length / 2 + reach)),
  };
}

function at(sorted: readonly number[], rank: number): number {
  return sorted[Math.min(Math.max(rank, 0), sorted.length - 1)] ?? Number.NaN;
}
