import { collectGarbage } from "./collect-garbage.ts";
import { type Estimate, estimateMedian, medianOf } from "./statistics.ts";
import { turn } from "./turn.ts";

/** Two ways to do the same. What they return is awaited if it is a promise. */
export interface Pair {
  readonly baseline: () => unknown;
  readonly candidate: () => unknown;
  /** Before each sample of either, outside of its time. */
  readonly beforeSample?: (() => void) | undefined;
}

export interface MeasureOptions {
  /** Measuring goes on for so long; there are eight rounds at least. */
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

type Way = "baseline" | "candidate";

/** Of the duration, for each of four warm-ups. */
const WARM_UP_SHARE = 0.05;
const SAMPLE_MS = 2;
const RUNS_PER_SAMPLE_MAX = 4_096;
const ROUNDS_MIN = 8;

/** Two turns of each in a round. Within four rounds, each comes at each place equally often. */
const ORDERS: readonly (readonly Way[])[] = [
  ["baseline", "candidate", "candidate", "baseline"],
  ["candidate", "baseline", "candidate", "baseline"],
  ["candidate", "baseline", "baseline", "candidate"],
  ["baseline", "candidate", "baseline", "candidate"],
];

/**
 * Measures two ways in turns, two samples of each in a round: whatever slows the machine down meanwhile slows down both, and
 * neither rests for longer than the other: a server process that rested finds its caches cold. Ratios are taken within a round.
 */
export async function measure(pair: Pair, options: MeasureOptions): Promise<Measured> {
  const { baseline, candidate, beforeSample = () => {} } = pair;
  for (const run of [baseline, candidate, baseline, candidate]) await warmUp(run, beforeSample, options);
  const runs = {
    baseline: await runsPerSample(baseline, beforeSample),
    candidate: await runsPerSample(candidate, beforeSample),
  };
  const rounds: Record<Way, number[]>[] = [];
  const startedAt = performance.now();
  while (rounds.length < ROUNDS_MIN || performance.now() - startedAt < options.durationMs) {
    const round: Record<Way, number[]> = { baseline: [], candidate: [] };
    for (const way of ORDERS[rounds.length % ORDERS.length] ?? []) {
      await turn(options.signal);
      beforeSample();
      // What one way leaves behind must not be collected in the other's time.
      collectGarbage({ type: "minor" });
      round[way].push(await millisecondsOf(pair[way], runs[way]));
    }
    rounds.push(round);
  }
  const samplesOf = (way: Way): readonly number[] => rounds.flatMap((round) => round[way]);
  return {
    baselineMs: medianOf(samplesOf("baseline")),
    candidateMs: medianOf(samplesOf("candidate")),
    ratio: estimateMedian(rounds.map((round) => sumOf(round.candidate) / sumOf(round.baseline))),
    noise: estimateMedian(rounds.map(({ baseline: [first = 0, second = 0] }) => second / first)),
    rounds: rounds.length,
    runsPerSample: runs,
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

async function warmUp(
  run: () => unknown,
  beforeSample: () => void,
  { durationMs, signal }: MeasureOptions,
): Promise<void> {
  let leftMs = durationMs * WARM_UP_SHARE;
  await turn(signal);
  do {
    beforeSample();
    leftMs -= await millisecondsOf(run, 1);
  } while (leftMs > 0);
}

/** As many as take long enough for a clock, also when nothing else slows them down: the quickest of a few tries counts. */
async function runsPerSample(run: () => unknown, beforeSample: () => void): Promise<number> {
  let quickestMs = Number.POSITIVE_INFINITY;
  for (let runs = 1; ; runs *= 2) {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      beforeSample();
      quickestMs = Math.min(quickestMs, await millisecondsOf(run, runs));
      // So long that no slowdown explains it.
      if (quickestMs > 10 * SAMPLE_MS) return runs;
    }
    // Not twice as many as it takes: what comes first after a pause is slow, and must be as large a share of either's samples.
    if (quickestMs * runs >= SAMPLE_MS) return Math.ceil(SAMPLE_MS / quickestMs);
    if (runs === RUNS_PER_SAMPLE_MAX) return runs;
  }
}

/** Time of one run, on average over so many. */
async function millisecondsOf(run: () => unknown, runs: number): Promise<number> {
  const startedAt = performance.now();
  for (let done = 0; done < runs; done += 1) {
    const pending = run();
    // What answers at once is not made to wait.
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - startedAt) / runs;
}
