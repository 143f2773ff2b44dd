/** Enough to smooth what garbage collection and busy disks do, few enough to follow a system that changes. */
const SAMPLES_MAX = 32;
/** Fewer pairs than this say nothing about a slope. */
const PAIRS_MIN = 4;
/** How much of a slope the newest samples decide. */
const NEWEST_SHARE = 0.25;
/** From so many units on, what does not depend on their number is taken for small beside what does. */
const UNITS_MANY = 100;

/**
 * What something costs that takes a fixed time and a time for each unit, such as a load: a round trip, and each event. Measured
 * as it happens; goes by medians (the Theil–Sen estimator), which a pause of the process does not move. Holds 32 samples.
 */
export class MeasuredCost {
  readonly #units: number[] = [];
  readonly #ms: number[] = [];
  #count = 0;
  #msPerUnit: number | undefined;

  /** Milliseconds for each unit; undefined until the samples tell. Above 0. */
  get msPerUnit(): number | undefined {
    return this.#msPerUnit;
  }

  /** Samples that no clock can have meant are left out. */
  note(units: number, ms: number): void {
    if (!(units >= 0) || !(ms >= 0) || !Number.isFinite(units + ms)) return;
    const place = this.#count % SAMPLES_MAX;
    this.#units[place] = units;
    this.#ms[place] = ms;
    this.#count += 1;
    // Each sample counts for several estimates; computing one at every load would cost what it is to save.
    if (this.#msPerUnit === undefined || this.#count % (SAMPLES_MAX / 4) === 0) this.#estimate();
  }

  /** What so many units cost; undefined until the samples tell. */
  msOf(units: number): number | undefined {
    if (this.#count === 0) return undefined;
    const slope = this.#msPerUnit ?? 0;
    return median(this.#ms.map((ms, index) => ms - slope * (this.#units[index] ?? 0))) + slope * units;
  }

  #estimate(): void {
    const slope = this.#slope();
    if (slope === undefined || !(slope > 0)) return;
    const before = this.#msPerUnit;
    this.#msPerUnit = before === undefined ? slope : before + NEWEST_SHARE * (slope - before);
  }

  #slope(): number | undefined {
    const units = this.#units;
    const spread = Math.max(...units) - Math.min(...units);
    const slopes: number[] = [];
    const half = Math.ceil(units.length / 2);
    for (const [index, unit] of units.entries()) {
      const other = (index + half) % units.length;
      const distance = (units[other] ?? 0) - unit;
      // Two samples close to each other differ by noise only.
      if (spread > 0 && Math.abs(distance) >= spread / 4)
        slopes.push(((this.#ms[other] ?? 0) - (this.#ms[index] ?? 0)) / distance);
    }
    const whole = median(units.flatMap((unit, index) => (unit >= UNITS_MANY ? [(this.#ms[index] ?? 0) / unit] : [])));
    if (slopes.length < PAIRS_MIN) return Number.isNaN(whole) ? undefined : whole;
    return median(slopes);
  }
}

/** What something costs on the whole, such as writing a snapshot: the median of the last 15 times. */
export class MedianCost {
  readonly #ms: number[] = [];
  #count = 0;

  /** Undefined until measured. Above 0. */
  get ms(): number | undefined {
    // The lower one of two: the first time, which warms up caches and compilers, is the slowest.
    const middle = this.#ms.toSorted((a, b) => a - b)[Math.ceil(this.#ms.length / 2) - 1];
    return middle === undefined || middle === 0 ? undefined : middle;
  }

  note(ms: number): void {
    if (!(ms >= 0) || !Number.isFinite(ms)) return;
    this.#ms[this.#count % 15] = ms;
    this.#count += 1;
  }
}

/** NaN of nothing. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
