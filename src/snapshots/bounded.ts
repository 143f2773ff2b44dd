import { StoreTimeoutError } from "../errors.ts";

/**
 * Waits for `work` no longer than `timeoutMs`. Work that takes longer is left to itself: its outcome is ignored.
 *
 * @throws {StoreTimeoutError} when time runs out.
 */
export async function bounded<Result>(operation: string, timeoutMs: number, work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StoreTimeoutError({ operation, timeoutMs })), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
