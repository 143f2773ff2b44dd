import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, it, onTestFinished } from "vitest";

const root = join(import.meta.dirname, "..");

async function bench(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const program = [
    "--disable-warning=ExperimentalWarning",
    "--import",
    "./tools/node/sources.mjs",
    "benchmarks/main.ts",
  ];
  const env = { ...process.env, DATABASE_URL: inject("postgresUrl") };
  const running = promisify(execFile)(process.execPath, [...program, ...args], { cwd: root, env });
  return await running.then(
    (outcome) => ({ ...outcome, code: 0 }),
    (error: unknown) => error as { stdout: string; stderr: string; code: number },
  );
}

it("measures every store, prints tables and targets, and writes the same as JSON", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-benchmarks-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "results.json");
  const { stdout, code } = await bench("--long", "1000", "--replay", "50", "--seconds", "0", "--json", file);
  expect(code).toBe(0);
  for (const title of ["Full replay of 50 events", "Saving 100 events", "Targets"]) expect(stdout).toContain(title);
  expect(stdout).toMatch(/synchronous FULL.*\n.*synchronous_commit \w+, fsync \w+/);

  const { environment, results } = JSON.parse(readFileSync(file, "utf8"));
  expect(Object.keys(environment)).toEqual(["machine", "memory", "SQLite", "PostgreSQL"]);
  expect(results).toHaveLength(23);
  for (const { measured, target, reached } of results) {
    expect(measured.rounds).toBeGreaterThanOrEqual(6);
    expect(measured.baselineMs).toBeGreaterThan(0);
    expect(measured.ratio.from).toBeLessThanOrEqual(measured.ratio.to);
    expect(typeof reached).toBe(target === undefined ? "undefined" : "boolean");
  }
});

it("refuses what it cannot measure", async () => {
  const { stderr, code } = await bench("--long", "many");
  expect(stderr).toContain('--long is "many"; pass a number of 1000 or more.');
  expect(code).toBe(2);
});
