/** Resolves after `durationMs`; with 0, once timers, signals and sockets have had their turn. */
export async function pause(durationMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
