/** Samples for one estimate: enough to tell how far they scatter. */
const BATCH = 64;
/** From so many units on, what does not depend on their number is taken for small beside what does. */
const UNITS_MANY = 100;
/** By how much the truth may drift from one estimate to the next. */
const DRIFT = 0.05;
/** No estimate is surer of itself than this share of its value, and a picosecond. */
const DEVIATION_MIN = 0.02;
const VARIANCE_MIN = 1e-18;
/** Longer than anything goes on that is worth measuring: 11 days. */
const MS_MAX = 1e9;
/** How far off what was expected may be, in its own value. */
const EXPECTED_DEVIATIONS = 2;
/** How far below what was expected samples can lead that say little. */
const EXPECTED_SHARE_MIN = 0.05;

/** A value and the variance of its error. */
interface Estimate {
  readonly value: number;
  readonly variance: number;
}

interface Sample {
  readonly units: number;
  readonly ms: number;
}

/**
 * What something costs for each unit, if it takes a fixed time, too: a load takes a round trip, and a time for each event.
 * Measured as it happens: how the time grows with the units, by medians over a batch of samples, which a pause of the process
 * does not move, each weighted by what the scatter of its batch leaves of it (a Kalman filter). Holds 64 samples.
 */
export class MeasuredCost {
  #samples: Sample[] = [];
  #estimate: Estimate | undefined;

  /** Samples that no clock can have meant are left out. */
  note(units: number, ms: number): void {
    if (!(units >= 0 && units <= Number.MAX_SAFE_INTEGER && ms >= 0 && ms <= MS_MAX)) return;
    // The very first load of a long history says enough for the time being.
    if (this.#estimate === undefined && units >= UNITS_MANY && ms > 0) {
      this.#estimate = { value: ms / units, variance: Math.max((ms / units / 3) ** 2, VARIANCE_MIN) };
    }
    this.#samples.push({ units, ms });
    if (this.#samples.length < BATCH) return;
    const newest = slopeOf(this.#samples);
    this.#samples = [];
    if (newest === undefined) return;
    const { value, variance } = this.#estimate ?? newest;
    this.#estimate =
      this.#estimate === undefined ? newest : merge({ value, variance: variance + (DRIFT * value) ** 2 }, newest);
  }

  /** Milliseconds for each unit, above 0; undefined as long as it might as well be noise. */
  get msPerUnit(): number | undefined {
    if (this.#estimate === undefined) return undefined;
    const { value, variance } = this.#estimate;
    return value > 2 * Math.sqrt(variance) ? value : undefined;
  }

  /** The same, where it is expected to be about `expected`, which counts as long as the samples say little. */
  msPerUnitExpecting(expected: number): number {
    if (this.#estimate === undefined) return expected;
    const { value } = merge({ value: expected, variance: (EXPECTED_DEVIATIONS * expected) ** 2 }, this.#estimate);
    return this.msPerUnit === undefined ? Math.max(value, EXPECTED_SHARE_MIN * expected) : value;
  }
}

/** What appending so many events costs. Remembers the last 32 times. */
export class AppendCost {
  readonly #samples: { readonly events: number; readonly ms: number }[] = [];
  #count = 0;

  note(events: number, ms: number): void {
    if (!(ms >= 0 && ms <= MS_MAX)) return;
    this.#samples[this.#count % 32] = { events, ms };
    this.#count += 1;
  }

  /** The median of the five appends of most nearly so many events; undefined until there was one. */
  msOf(events: number): number | undefined {
    const distance = (other: number): number => Math.abs(Math.log(other / events));
    const nearest = this.#samples.toSorted((a, b) => distance(a.events) - distance(b.events)).slice(0, 5);
    return nearest.length === 0 ? undefined : median(nearest.map(({ ms }) => ms));
  }
}

/** What something costs on the whole, such as writing a snapshot: the median of the last 15 times. */
export class MedianCost {
  readonly #ms: number[] = [];
  #count = 0;

  /** Undefined until measured. Above 0. */
  get ms(): number | undefined {
    const middle = this.#ms.length === 0 ? 0 : median(this.#ms);
    return middle > 0 ? middle : undefined;
  }

  note(ms: number): void {
    if (!(ms >= 0 && ms <= MS_MAX)) return;
    this.#ms[this.#count % 15] = ms;
    this.#count += 1;
  }
}

/** Compares each sample with one half a batch away. Undefined when they tell nothing, as with a clock too coarse. */
function slopeOf(samples: readonly Sample[]): Estimate | undefined {
  const half = samples.length / 2;
  const pairs = samples.slice(0, half).flatMap((first, index) => {
    const second = samples[index + half];
    return second === undefined ? [] : [{ units: second.units - first.units, ms: second.ms - first.ms }];
  });
  const apart = pairs.filter(({ units }) => units !== 0);
  if (apart.length === 0 || samples.every(({ ms }) => ms === 0)) return undefined;
  // Two samples close to each other differ by noise only.
  const value = weightedMedian(apart.map(({ units, ms }) => ({ value: ms / units, weight: Math.abs(units) })));
  const scatter = 1.4826 * median(pairs.map(({ units, ms }) => Math.abs(ms - value * units)));
  const squares = apart.reduce((sum, { units }) => sum + units ** 2, 0);
  const variance = ((Math.PI / 2) * scatter ** 2) / squares;
  return { value, variance: Math.max(variance, (DEVIATION_MIN * value) ** 2, VARIANCE_MIN) };
}

function weightedMedian(values: readonly { readonly value: number; readonly weight: number }[]): number {
  const sorted = values.toSorted((a, b) => a.value - b.value);
  let left = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  return sorted.find(({ weight }) => (left -= weight) <= 0)?.value ?? Number.NaN;
}

function merge(a: Estimate, b: Estimate): Estimate {
  const variance = 1 / (1 / a.variance + 1 / b.variance);
  return { value: variance * (a.value / a.variance + b.value / b.variance), variance };
}

/** The lower one of two in the middle: the first time, which warms up caches and compilers, is the slowest. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
