import { existsSync, readFileSync } from "node:fs";

/** What a process has used of the machine. */
export interface Used {
  /** The most memory that it has had. */
  readonly peakBytes: number;
  /** Time of processors, without that of a server. Other processes lengthen a time by the clock, but hardly this one. */
  readonly cpuMs: number;
}

const STATUS = "/proc/self/status";

/** By this process, up to now. */
export function usedSoFar(): Used {
  // On Linux resourceUsage() begins with the peak that the parent had; this does not.
  const [, kibibytes] = /^VmHWM:\s*(\d+)/m.exec(existsSync(STATUS) ? readFileSync(STATUS, "utf8") : "") ?? [];
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    peakBytes: (kibibytes === undefined ? maxRSS : Number(kibibytes)) * 1_024,
    cpuMs: (userCPUTime + systemCPUTime) / 1_000,
  };
}
