import { OptimisticConcurrencyError } from "../errors.ts";
import { wholeNumberOption } from "../events/bounds.ts";
import { pause } from "../events/pause.ts";

const ATTEMPTS_DEFAULT = 5;
const ATTEMPTS_MAX = 1_000;
/** Callers that met in one conflict would else meet again in the next; at most half a second. */
const PAUSE_MS = 4;
const PAUSE_DOUBLINGS_MAX = 7;

/**
 * Prepares and commits; starts over, after a short random pause, when the commit meets a conflict. Conflicts in `prepare` are its
 * caller's own.
 */
export async function retryOnConflict<Prepared>(
  attempts: number = ATTEMPTS_DEFAULT,
  prepare: () => Promise<Prepared>,
  commit: (prepared: Prepared) => Promise<void>,
): Promise<Prepared> {
  wholeNumberOption("attempts", attempts, { maximum: ATTEMPTS_MAX });
  for (let attempt = 1; ; attempt += 1) {
    const prepared = await prepare();
    try {
      await commit(prepared);
      return prepared;
    } catch (error) {
      if (!(error instanceof OptimisticConcurrencyError) || attempt >= attempts) throw error;
      await pause(Math.random() * PAUSE_MS * 2 ** Math.min(attempt, PAUSE_DOUBLINGS_MAX));
    }
  }
}
