import { CommitUnknownError, OptimisticConcurrencyError, PublishError, StreamErasedError } from "../errors.ts";
import { wholeNumberOption } from "../events/bounds.ts";
import { pause } from "../events/pause.ts";

const ATTEMPTS_DEFAULT = 5;
const ATTEMPTS_MAX = 1_000;
/** Callers that met in one conflict would else meet again in the next; at most half a second. */
const PAUSE_MS = 4;
const PAUSE_DOUBLINGS_MAX = 7;

/** What a commit whose predecessor's answer was lost says of both, besides a conflict: the answer to the question. */
const SETTLING = [PublishError, StreamErasedError];

/**
 * Prepares and commits; starts over, after a short random pause, when the commit meets a conflict. Conflicts in `prepare` are its
 * caller's own. When the answer of a commit is lost, the next attempt commits the same again, which must find out whether the
 * lost one stands: it succeeds if so, and meets a conflict only if not.
 *
 * @throws {CommitUnknownError} when the last attempt still could not tell, whatever it failed with.
 */
export async function retryOnConflict<Prepared>(
  attempts: number = ATTEMPTS_DEFAULT,
  prepare: () => Promise<Prepared>,
  commit: (prepared: Prepared) => Promise<void>,
): Promise<Prepared> {
  wholeNumberOption("attempts", attempts, { maximum: ATTEMPTS_MAX });
  let unsettled: { readonly prepared: Prepared; readonly lost: CommitUnknownError } | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const prepared = unsettled === undefined ? await prepare() : unsettled.prepared;
    try {
      await commit(prepared);
      return prepared;
    } catch (error) {
      const lost = unsettled?.lost ?? (error instanceof CommitUnknownError ? error : undefined);
      const isConflict = error instanceof OptimisticConcurrencyError;
      if (!isConflict && (lost === undefined || SETTLING.some((type) => error instanceof type))) throw error;
      unsettled = isConflict || lost === undefined ? undefined : { prepared, lost };
      if (attempt >= attempts) throw unsettled === undefined ? error : unknownStill(unsettled.lost, error, attempt);
      await pause(Math.random() * PAUSE_MS * 2 ** Math.min(attempt, PAUSE_DOUBLINGS_MAX));
    }
  }
}

/** @param error of the last attempt. */
function unknownStill({ stream }: CommitUnknownError, error: unknown, attempts: number): CommitUnknownError {
  // What it says to do is for callers who have the instance.
  const cause = error instanceof CommitUnknownError ? error.cause : error;
  return new CommitUnknownError({ stream, cause, attempts });
}
