import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Comparison, Verdict } from "../comparison.ts";
import { count } from "../wording.ts";

const HEAP = ["--max-old-space-size=64", "--max-semi-space-size=16"];
const program = fileURLToPath(new URL("../replay-alone.ts", import.meta.url));
const sources = new URL("../../tools/node/sources.mjs", import.meta.url).href;

export const smallHeap: Comparison = {
  id: "small-heap",
  title: "In a heap of 64 MB:",
  measureIn: async ({ storage, histories, axes, check }) => {
    const { location } = storage;
    const events = axes.lengths.at(-1);
    if (location === undefined || events === undefined) return;
    const id = await histories.make({ events, tail: 100 });
    await check(`replay of ${count(events)} events`, () => replayAlone(location, id, events));
  },
};

/** In a process of its own. */
async function replayAlone(location: string, accountId: string, events: number): Promise<Verdict> {
  const target = "all read";
  const flags = ["--disable-warning=ExperimentalWarning", ...HEAP, "--import", sources];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, location, accountId]);
    const { version, ms } = JSON.parse(stdout) as { version: number; ms: number };
    return { target, measured: `${(ms / 1_000).toFixed(2)} s`, reached: version === events };
  } catch (error) {
    const reason = /FATAL ERROR: .*|\w*Error: .*/.exec((error as { stderr?: string }).stderr ?? "")?.[0];
    return { target, measured: reason ?? String(error), reached: false };
  }
}
