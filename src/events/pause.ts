/**
 * Resolves after `durationMs`; with 0, once timers, signals and sockets have had their turn: on drivers that block everything is a
 * microtask, and they would get none.
 */
export async function pause(durationMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
