import { availableParallelism, cpus, loadavg } from "node:os";

/** What the measurements depend on beside the stores. */
export function machineFacts(): readonly string[] {
  const [cpu] = cpus();
  return [
    `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    `${cpu?.model.trim() ?? "unknown CPU"}, ${availableParallelism()} available`,
    `load average ${loadavg()[0]?.toFixed(1)} at the start`,
  ];
}
