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
  // Work that is done when it comes here, as that of a synchronous driver, is not worth a timer, which would take longer.
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  work.then(settle, settle);
  await Promise.resolve();
  if (settled) return await work;
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
