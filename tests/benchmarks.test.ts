import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { comparisons } from "../benchmarks/comparisons.ts";
import { chartOf } from "../benchmarks/report/chart.ts";
import { docsOf } from "../benchmarks/report/docs.ts";
import { fromJson } from "../benchmarks/report/json.ts";

const root = join(import.meta.dirname, "..");
const program = ["--disable-warning=ExperimentalWarning", "--import", "./tools/node/sources.mjs", "benchmarks/main.ts"];

/** Where there is but one history. */
const LEFT_OUT = ["flatness"];

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

async function bench(...args: string[]): Promise<Outcome> {
  const running = promisify(execFile)(process.execPath, [...program, ...args], { cwd: root, env: environment() });
  return await running.then(
    (outcome) => ({ ...outcome, code: 0 }),
    (error: unknown) => error as Outcome,
  );
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, DATABASE_URL: inject("postgresUrl") };
}

describe("a run", () => {
  let outcome: Outcome;
  // oxlint-disable-next-line typescript/no-explicit-any -- its shape is what is tested
  let written: any;
  let chart: string;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "eventfold-benchmarks-"));
    const files = ["--json", join(folder, "run.json"), "--chart", join(folder, "chart.svg")];
    outcome = await bench("--quick", "--longest", "1000", "--seconds", "0", ...files);
    const again = await bench("--from", join(folder, "run.json"));
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(again.code, again.stderr).toBe(0);
    written = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    chart = readFileSync(join(folder, "chart.svg"), "utf8");
    rmSync(folder, { recursive: true });
  }, 120_000);

  it("makes every comparison, in every store that it is for", () => {
    const found = [...written.results, ...written.checks];
    const expected = comparisons.filter(({ id }) => !LEFT_OUT.includes(id));
    expect(new Set(found.map(({ comparison }) => comparison))).toEqual(new Set(expected.map(({ id }) => id)));
    for (const { id } of [{ id: "replay" }, { id: "tail" }, { id: "save-size" }]) {
      const stores = written.results.filter(({ comparison }: { comparison: string }) => comparison === id);
      expect(new Set(stores.map(({ store }: { store: string }) => store))).toEqual(
        new Set(["memory", "SQLite", "PostgreSQL"]),
      );
    }
  });

  it("gives times, a ratio, and how the baseline compares with itself", () => {
    for (const { measured, operations } of written.results) {
      const { baselineMs, candidateMs, ratio, noise, rounds } = measured;
      expect(rounds).toBeGreaterThanOrEqual(6);
      expect(operations).toBeGreaterThanOrEqual(1);
      for (const ms of [baselineMs, candidateMs]) expect(ms).toBeGreaterThan(0);
      for (const { from, median, to } of [ratio, noise]) {
        expect(from).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(to);
      }
    }
  });

  it("names the machine, and the durability in force", () => {
    expect(Object.keys(written.environment)).toEqual(["machine", "memory", "SQLite", "PostgreSQL"]);
    expect(written.environment.SQLite).toContain("synchronous FULL");
    expect(written.environment.PostgreSQL.join()).toMatch(/synchronous_commit \w+,fsync \w+/);
    expect(outcome.stdout).toMatch(/synchronous FULL.*\n.*synchronous_commit \w+, fsync \w+/);
  });

  it("prints tables and targets that a terminal of 110 columns shows", () => {
    for (const { title } of comparisons.filter(({ id, axis }) => !LEFT_OUT.includes(id) && axis !== undefined)) {
      expect(outcome.stdout).toContain(title);
    }
    expect(outcome.stdout).toMatch(/^Targets\n\d+ of \d+ reached\.$/m);
    const rows = outcome.stdout.split("\n").filter((line) => line.includes(" ✓") || line.includes(" ✗"));
    expect(rows.filter((line) => line.length > 110)).toEqual([]);
  });

  it("sends a load and a save in one round trip", () => {
    const trips = written.checks.filter(({ comparison }: { comparison: string }) => comparison === "round-trips");
    expect(trips.length).toBeGreaterThan(4);
    expect(trips.filter(({ reached }: { reached: boolean }) => !reached)).toEqual([]);
  });

  it("draws a chart", () => {
    expect(chart).toMatch(/^<svg /);
    for (const text of ["PostgreSQL", "bare driver", "by size of the state"]) expect(chart).toContain(text);
    expect(chart).not.toContain("NaN");
  });
});

it.each([
  // There nothing waits for anybody else, so that a signal has to be let in.
  { where: "memory", comparison: "save-size", seconds: "1", until: "save-size", never: "SQLite:" },
  { where: "PostgreSQL", comparison: "concurrent-loads", seconds: "600", until: "PostgreSQL:", never: "ms" },
])("stops at Ctrl-C while it measures in $where, and leaves no schema", { timeout: 60_000 }, async (stopped) => {
  const { comparison, seconds, until, never } = stopped;
  const args = [...program, "--only", comparison, "--seconds", seconds];
  const running = spawn(process.execPath, args, { cwd: root, env: environment() });
  const exit = once(running, "exit");
  let said = "";
  const saysSo = new Promise<void>((resolve) => {
    running.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(until)) resolve();
    });
  });
  await Promise.race([saysSo, exit]);
  running.kill("SIGINT");
  expect(await exit).toEqual([130, null]);
  expect(said).not.toContain(never);

  const client = new Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  const selectSchemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'eventfold\\_bench\\_%'";
  expect((await client.query(selectSchemas)).rows).toEqual([]);
  await client.end();
});

it.each([
  [["--longest", "many"], '--longest is "many"; pass a number of 1000 or more.'],
  [["--longest", "10"], '--longest is "10"; pass a number of 1000 or more.'],
  [["--seconds=-1"], '--seconds is "-1"'],
  [["--only", "replay,flight"], '--only names "flight"; known are replay,'],
  [["--from", "/nowhere/run.json"], '--from is "/nowhere/run.json"'],
  [["--slow"], "--slow"],
])("refuses what it cannot measure: %s", async (args, complaint) => {
  const { stderr, code } = await bench(...args);
  expect(stderr).toContain(complaint);
  expect(code).toBe(2);
});

/** Versions of V8 differ in the last digits of logarithms, and so of the chart's coordinates. */
function rounded(text: string): string {
  return text.replace(/\d+\.\d{2,}/g, (digits) => Number(digits).toFixed(1));
}

// After a change of the report: npm run bench -- --from docs/performance.json --docs
it("has put the figures of one run into the documentation, unchanged", () => {
  const run = fromJson(readFileSync(join(root, "docs/performance.json"), "utf8"));
  for (const [file, text] of Object.entries(docsOf(run, chartOf(run)))) {
    const same = rounded(text) === rounded(readFileSync(join(root, file), "utf8"));
    expect(same, `${file} is of docs/performance.json`).toBe(true);
  }
});
