import { ConfigurationError, OptimisticConcurrencyError } from "../errors.ts";

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
  if (!Number.isSafeInteger(attempts) || attempts < 1 || attempts > ATTEMPTS_MAX) {
    const problem = `is ${String(attempts)}; pass a whole number from 1 to ${ATTEMPTS_MAX}.`;
    throw new ConfigurationError({ option: "attempts", problem });
  }
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

async function pause(durationMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
