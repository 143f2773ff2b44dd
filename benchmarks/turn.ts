import { setImmediate } from "node:timers/promises";

/**
 * Lets the event loop turn: where nothing waits for a database, promises alone would never let a signal through.
 *
 * @throws when the run was interrupted.
 */
export async function turn(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
