/** How a number is spread over many things. All of them 0 where there are none. */
export interface Distribution {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts how often each value occurs, so that memory depends on how many different ones there are. */
export class Tally {
  readonly #weights = new Map<number, number>();
  #total = 0;

  /** @param weight how many things of a whole this one stands for. */
  add(value: number, weight: number): void {
    this.#weights.set(value, (this.#weights.get(value) ?? 0) + weight);
    this.#total += weight;
  }

  /** The least value that at least such a share of all do not exceed. */
  distribution(): Distribution {
    const values = [...this.#weights].sort(([a], [b]) => a - b);
    const atShare = (share: number): number => {
      let sum = 0;
      for (const [value, weight] of values) {
        sum += weight;
        // Sums of weights are not exact.
        if (sum >= share * this.#total * (1 - 1e-9)) return value;
      }
      return 0;
    };
    return { p50: atShare(0.5), p90: atShare(0.9), p99: atShare(0.99), max: values.at(-1)?.[0] ?? 0 };
  }
}

/** With three digits, so that a {@link Tally} of times stays small. */
export function threeDigits(value: number): number {
  return value < 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
