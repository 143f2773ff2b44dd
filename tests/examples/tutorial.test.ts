import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { runExample } from "./run-example.ts";

const folder = join(import.meta.dirname, "../../examples/tutorial");
const expected = globSync("expected/*.txt", { cwd: folder }).map((path) => basename(path, ".txt"));

it("has the output of every program of both documents", () => {
  const programs = globSync("{guide,tutorial,exercise}*.ts", { cwd: folder });
  expect(expected.toSorted()).toEqual(programs.map((path) => basename(path, ".ts")).toSorted());
});

describe.each(["memory", "sqlite"])("on %s", (storage) => {
  it.each(expected)("%s prints what is committed, but for the times", async (program) => {
    const { stdout, stderr, exitCode } = await runExample(`tutorial/${program}.ts`, [storage]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(maskTimes(stdout)).toBe(readFileSync(join(folder, `expected/${program}.txt`), "utf8"));
  });
});

it("refuses a storage that does not exist", async () => {
  const { stdout, stderr, exitCode } = await runExample("tutorial/guide.ts", ["papyrus"]);
  expect(stderr).toBe('There is no storage "papyrus". Pass memory or sqlite.\n');
  expect(stdout).toBe("");
  expect(exitCode).toBe(2);
});

/** Times, and the ratios of times, are different in each run. */
function maskTimes(output: string): string {
  return output.replace(/-?\d+\.\d+(?=ms\b|x faster)/g, "#");
}
