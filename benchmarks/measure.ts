import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Estimate, estimateMedian, medianOf } from "./statistics.ts";

/** A way to do the work. */
export interface Way {
  readonly name: string;
  /** Once; a promise is awaited. */
  readonly run: () => unknown;
}

export interface MeasureOptions {
  /** Measuring goes on for so long; there are six rounds at least. */
  readonly durationMs: number;
  readonly signal: AbortSignal;
}

/** How two ways compare. Times are of one run. */
export interface Measured {
  readonly baselineMs: number;
  readonly candidateMs: number;
  /** Candidate over baseline. */
  readonly ratio: Estimate;
  /** Baseline over baseline: how far from 1 chance alone leads in this very measurement. */
  readonly noise: Estimate;
  readonly rounds: number;
  /** How many runs were timed together. */
  readonly runsPerSample: { readonly baseline: number; readonly candidate: number };
}

/** Of the duration, for each of four warm-ups. */
const WARM_UP_SHARE = 0.05;
const SAMPLE_MS = 2;
const RUNS_PER_SAMPLE_MAX = 4_096;
const ROUNDS_MIN = 6;

// biome-ignore format: a list
const ORDERS = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]] as const;

// What one way leaves behind must not be collected in the other's time.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as (options: { type: "minor" }) => void;

/**
 * Measures two ways in turns, one sample of each in a round: whatever slows the machine down meanwhile slows down both. The
 * baseline has two turns in a round. Each comes first, second and last equally often, and ratios are taken within a round.
 */
export async function measure(baseline: Way, candidate: Way, options: MeasureOptions): Promise<Measured> {
  for (const way of [baseline, candidate, baseline, candidate]) await warmUp(way, options);
  const baselineRuns = await runsPerSample(baseline);
  const lanes = [
    new Lane(baseline, baselineRuns),
    new Lane(candidate, await runsPerSample(candidate)),
    new Lane(baseline, baselineRuns),
  ] as const;
  const startedAt = performance.now();
  let rounds = 0;
  while (rounds < ROUNDS_MIN || performance.now() - startedAt < options.durationMs) {
    options.signal.throwIfAborted();
    for (const turn of turnsOf(rounds)) await lanes[turn].takeSample();
    rounds += 1;
  }
  const [first, other, second] = lanes;
  const perRound = (ratio: (...ms: [number, number, number]) => number): Estimate =>
    estimateMedian(
      Array.from({ length: rounds }, (_, round) => ratio(at(first, round), at(other, round), at(second, round))),
    );
  return {
    baselineMs: medianOf([...first.samples, ...second.samples]),
    candidateMs: medianOf(other.samples),
    ratio: perRound((once, candidateMs, again) => (2 * candidateMs) / (once + again)),
    noise: perRound((once, _, again) => again / once),
    rounds,
    runsPerSample: { baseline: first.runs, candidate: other.runs },
  };
}

/** The six orders of three, so that six rounds in a row are balanced. */
function turnsOf(round: number): readonly (0 | 1 | 2)[] {
  return ORDERS[round % ORDERS.length] ?? ORDERS[0];
}

class Lane {
  /** Milliseconds of one run, by round. */
  readonly samples: number[] = [];
  readonly runs: number;
  readonly #way: Way;

  constructor(way: Way, runs: number) {
    this.#way = way;
    this.runs = runs;
  }

  async takeSample(): Promise<void> {
    collectGarbage({ type: "minor" });
    this.samples.push(await millisecondsOf(this.#way, this.runs));
  }
}

async function warmUp(way: Way, { durationMs, signal }: MeasureOptions): Promise<void> {
  let leftMs = durationMs * WARM_UP_SHARE;
  do {
    signal.throwIfAborted();
    leftMs -= await millisecondsOf(way, 1);
  } while (leftMs > 0);
}

/** As many as take long enough for a clock, also when nothing else slows them down: the quickest of a few tries counts. */
async function runsPerSample(way: Way): Promise<number> {
  let quickestMs = Number.POSITIVE_INFINITY;
  for (let runs = 1; ; runs *= 2) {
    for (let attempt = 0; attempt < 3; attempt += 1) quickestMs = Math.min(quickestMs, await millisecondsOf(way, runs));
    if (quickestMs * runs >= SAMPLE_MS || runs === RUNS_PER_SAMPLE_MAX) return runs;
  }
}

/** Time of one run, on average over so many. */
async function millisecondsOf(way: Way, runs: number): Promise<number> {
  const startedAt = performance.now();
  for (let run = 0; run < runs; run += 1) {
    const pending = way.run();
    // What answers at once is not made to wait.
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - startedAt) / runs;
}

function at({ samples }: Lane, round: number): number {
  return samples[round] ?? Number.NaN;
}
