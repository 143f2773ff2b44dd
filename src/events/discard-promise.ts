/**
 * For what a function returned that is called for its effect, or must be synchronous. If it is a promise, nobody will look at its
 * outcome: a rejection must not end the process.
 *
 * @returns whether it was a promise.
 */
export function discardPromise(value: unknown): boolean {
  const { then } = (value ?? {}) as { then?: unknown };
  if (typeof then !== "function") return false;
  Promise.resolve(value).catch(() => undefined);
  return true;
}
