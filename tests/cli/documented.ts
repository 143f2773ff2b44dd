import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { eventfold } from "./installed.ts";

/**
 * Runs every command line of a page in `docs/cli` in `folder`, and compares what it prints with the page: blocks marked `console`, of a line
 * that begins with `$ eventfold` and what follows from it. JSON is compared by its first lines where the page ends with "…".
 */
export function expectAsDocumented(page: string, folder: string): void {
  const text = readFileSync(join(import.meta.dirname, "../../docs/cli", page), "utf8");
  const blocks = [...text.matchAll(/^```console\n\$ eventfold (.*)\n([^]*?)^```$/gm)];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, args = "", output = ""] of blocks) {
    const { stdout, stderr } = eventfold(folder, args.split(" "));
    const printed = stdout + stderr;
    const shown = output.endsWith("…\n") ? printed.slice(0, output.length - 2) : printed;
    expect(shown, args).toBe(output.replace(/…\n$/, ""));
  }
}
