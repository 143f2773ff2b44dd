/** Milliseconds that `work` takes, on average over `times` runs, after as many runs that only warm it up. */
export async function averageMs(times: number, work: () => Promise<unknown>): Promise<number> {
  for (let run = 0; run < times; run += 1) await work();
  const startedAt = performance.now();
  for (let run = 0; run < times; run += 1) await work();
  return (performance.now() - startedAt) / times;
}
