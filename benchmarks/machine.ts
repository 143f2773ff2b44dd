import { availableParallelism, cpus, loadavg } from "node:os";

/** What the measurements depend on beside the stores. */
export interface Machine {
  readonly facts: readonly string[];
  /** Says so when others keep the machine busy. */
  readonly caution: string | undefined;
}

/** As it is now, before anything is measured. */
export function describeMachine(): Machine {
  const [cpu] = cpus();
  const processors = availableParallelism();
  const load = loadavg()[0] ?? 0;
  return {
    facts: [
      `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
      `${cpu?.model.trim() ?? "unknown processor"}, ${processors} available`,
      `load average ${load.toFixed(1)} at the start`,
    ],
    caution: load < processors / 2 ? undefined : BUSY,
  };
}

const BUSY = `CAUTION: others kept this machine busy as the run began. What waits for another process (a
PostgreSQL server) then waits for its turn as well: ratios of short loads can come out too high.`;
