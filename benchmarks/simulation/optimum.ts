import type { Step } from "./streams.ts";

/**
 * The least that snapshots at the best of moments, each after a load or a save, leave to pay for one aggregate, in replayed
 * events. Knows the future, as no policy does: dynamic programming over the moment of the last snapshot.
 *
 * @param writeEvents how many replayed events a snapshot costs
 */
export function optimum(history: readonly Step[], writeEvents: number): number {
  /** By the number of steps done: the least for these, with a snapshot after the last of them. */
  const least = new Float64Array(history.length + 1).fill(Number.POSITIVE_INFINITY);
  least[0] = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let start = 0; start <= history.length; start += 1) {
    let cost = least[start] ?? 0;
    let tail = 0;
    for (let step = start; step < history.length; step += 1) {
      const happened = history[step] ?? 0;
      if (happened === "load") cost += tail;
      else tail += happened;
      least[step + 1] = Math.min(least[step + 1] ?? 0, cost + writeEvents);
    }
    best = Math.min(best, cost);
  }
  return best;
}
