import { StoreTimeoutError } from "../errors.ts";

/**
 * Waits for `work` no longer than `timeoutMs`. Work that takes longer is left to itself: its outcome is ignored.
 *
 * @param keepsProcess whether the process stays alive for the time limit; false for work that nobody waits for.
 * @throws {StoreTimeoutError} when time runs out.
 */
export async function bounded<Result>(
  operation: string,
  timeoutMs: number,
  work: Promise<Result>,
  keepsProcess = true,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreTimeoutError({ operation, timeoutMs })), timeoutMs);
    if (!keepsProcess) timer.unref?.();
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
