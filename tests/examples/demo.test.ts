import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openSqlite } from "eventfold/sqlite";
import { Client } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { runExample, startExample } from "./run-example.ts";

const root = join(import.meta.dirname, "../..");
const fixture = join(import.meta.dirname, "transactions.csv");
const header = "account_id,date,direction,operation,purpose,amount,recorded_balance";
const goodRow = "1001,2001-01-01,credit,cash deposit,,700.00,700.00";

const scratch = mkdtempSync(join(tmpdir(), "eventfold-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

describe("with made-up transactions", () => {
  it("measures loads at each length, and names the files that it made", async () => {
    const output = newFolder();
    const { stdout, stderr, exitCode } = await demo("--events", "300,100", "--output", output);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Booked     400 made-up transactions on 2 accounts");
    expect(stdout).toContain("Snapshots  6 stored");
    // 100 events end 40 after the snapshot at 60; 300 end at one.
    expect(tableOf(stdout)).toEqual([expectedRow("100", "40"), expectedRow("300", "0")]);
    const files = ["bank.db", "load-times.svg"];
    expect(readdirSync(output).toSorted()).toEqual(files);
    for (const file of files) expect(stdout).toContain(join(output, file));
  });

  it("leaves a database that can be opened, with the events that it counted", async () => {
    const output = newFolder();
    await demo("--events", "7,130", "--threshold", "50", "--output", output);
    const { eventStore, snapshotStore, close } = openSqlite(join(output, "bank.db"));
    const ids = await eventStore.streams("BankAccount");
    const versions = await Promise.all(
      ids.map((aggregateId) => eventStore.versionOf({ aggregateType: "BankAccount", aggregateId })),
    );
    const snapshots = await Promise.all(ids.map((id) => snapshotStore.getSnapshot(id, "BankAccount")));
    await close();
    expect(versions.toSorted((a, b) => a - b)).toEqual([7, 130]);
    expect(snapshots.map((snapshot) => snapshot?.version)).toEqual(expect.arrayContaining([undefined, 100]));
  });

  it("draws what it measured", async () => {
    const output = newFolder();
    const { stdout } = await demo("--events", "20,200", "--output", output);
    const svg = readFileSync(join(output, "load-times.svg"), "utf8");
    expect(svg).toMatch(/^<svg /);
    for (const row of tableOf(stdout)) {
      expect(svg).toContain(row.without);
      expect(svg).toContain(row.with);
    }
  });

  it("prints plain lines where there is no terminal", async () => {
    const { stdout, stderr } = await demo("--events", "20", "--output", newFolder());
    // oxlint-disable-next-line no-control-regex -- these are what is not to be there
    expect(stdout + stderr).not.toMatch(/[\u001b\r]/);
  });
});

describe("with recorded transactions", () => {
  it("checks the balance at every row, by load and save, and replays all at the end", async () => {
    const { stdout, stderr, exitCode } = await demo("--transactions", fixture, "--output", newFolder());
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("60 recorded transactions on 3 accounts (2001-01-01 to 2001-03-20)");
    expect(stdout).toContain("repository and storage opened anew 9 times");
    expect(stdout).toContain("equals the recorded one at 60 of 60 rows, within 1.00");
    expect(stdout).toContain("greatest deviation 0.05 (account 1002, line 39)");
    expect(stdout).toContain("Snapshots  5 stored; 33 of 60 loads used one");
    expect(stdout).toContain("3 of 3 accounts have the state");
    expect(tableOf(stdout).map(({ events }) => events)).toEqual(["16", "21", "23"]);
  });

  it("stops at a balance that the bank did not record, and leaves nothing behind", async () => {
    const file = csv(header, goodRow, "1001,2001-01-02,debit,,,100.00,601.01");
    const output = newFolder();
    const { stderr, exitCode } = await demo("--transactions", file, "--output", output);
    expect(stderr).toContain("Account 1001 has a balance of 600.00 after line 3, but 601.01 was recorded");
    expect(exitCode).toBe(1);
    expect(existsSync(output)).toBe(false);
  });

  it("accepts a deviation of exactly 1.00", async () => {
    const file = csv(header, goodRow, "1001,2001-01-02,debit,,,100.00,601.00");
    const { stdout, exitCode } = await demo("--transactions", file, "--output", newFolder());
    expect(stdout).toContain("greatest deviation 1.00 (account 1001, line 3)");
    expect(exitCode).toBe(0);
  });

  it.for([
    ["an empty file", [""], /is empty\. Expected the columns account_id,date/],
    ["a header alone", [header], /has a header, and no transactions/],
    [
      "a missing column",
      ["account_id,date,amount", "1,2001-01-01,5"],
      /line 1: there is no column direction, operation/,
    ],
    ["an amount in words", [header, goodRow, goodRow.replace("700.00", "plenty")], /line 3: amount is "plenty"/],
    ["an amount of nothing", [header, goodRow.replace("700.00", "0.00")], /line 2: amount is "0\.00"/],
    ["an amount below zero", [header, goodRow.replace("700.00", "-7")], /line 2: amount is "-7"/],
    ["too many decimals", [header, goodRow.replace("700.00", "7.001")], /line 2: amount is "7\.001"/],
    ["a balance in words", [header, goodRow.replace(/700\.00$/, "?")], /line 2: recorded_balance is "\?"/],
    ["an unknown direction", [header, goodRow.replace("credit", "sideways")], /line 2: direction is "sideways"/],
    ["a day that never was", [header, goodRow.replace("2001-01-01", "2001-02-30")], /line 2: date is "2001-02-30"/],
    ["an account without a name", [header, goodRow.replace("1001", "")], /line 2: The aggregate id is empty/],
    ["a row that is too short", [header, "1001,2001-01-01,credit"], /columns length is 7, got 3 on line 2/],
    ["a quote without an end", [header, goodRow.replace("cash", '"cash')], /Quote Not Closed.*line 2/],
  ] as const)("refuses %s, with the line, and makes nothing", async ([, lines, message]) => {
    const output = newFolder();
    const { stdout, stderr, exitCode } = await demo("--transactions", csv(...lines), "--output", output);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
    expect(existsSync(output)).toBe(false);
  });

  it("refuses a file that is not there, and a folder", async () => {
    for (const path of [join(scratch, "nowhere.csv"), scratch]) {
      const { stderr, exitCode } = await demo("--transactions", path);
      expect(stderr).toContain(`Cannot read ${path}`);
      expect(exitCode).toBe(2);
    }
  });

  // Not part of the repository: 47,510 transactions of the PKDD'99 (Berka) data set, where they lie in a folder beside it.
  const realFile = process.env.EVENTFOLD_TRANSACTIONS ?? globSync("../*/data/berka/transactions.csv", { cwd: root })[0];

  it.skipIf(realFile === undefined)("agrees with a real bank at every row", { timeout: 120_000 }, async () => {
    const { stdout, stderr, exitCode } = await demo(
      "--transactions",
      resolve(root, realFile ?? ""),
      "--output",
      newFolder(),
    );
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("equals the recorded one at 47,510 of 47,510 rows, within 1.00");
    expect(stdout).toContain("repository and storage opened anew 47 times");
    expect(stdout).toContain("1,200 of 1,200 accounts have the state");
  });
});

describe("on PostgreSQL", () => {
  it("does the same in a schema of its own, and drops it", async () => {
    const { url } = await schema;
    const { stdout, stderr, exitCode } = await demo("--events", "100,300", "--postgres", url, "--output", newFolder());
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Snapshots  6 stored");
    expect(tableOf(stdout)).toEqual([expectedRow("100", "40"), expectedRow("300", "0")]);
    expect(await schemaExists(url, schemaIn(stdout))).toBe(false);
  });

  it("checks recorded transactions, and keeps the schema when asked to", async () => {
    const { url } = await schema;
    const output = newFolder();
    const { stdout, exitCode } = await demo("--transactions", fixture, "--postgres", url, "--keep", "--output", output);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("equals the recorded one at 60 of 60 rows, within 1.00");
    const kept = schemaIn(stdout);
    expect(await schemaExists(url, kept)).toBe(true);
    await query(url, `DROP SCHEMA ${kept} CASCADE`);
    expect(readdirSync(output)).toEqual(["load-times.svg"]);
  });

  it("drops the schema also when it fails", async () => {
    const { url } = await schema;
    const file = csv(header, goodRow, "1001,2001-01-02,debit,,,100.00,0.00");
    const { stdout, exitCode } = await demo("--transactions", file, "--postgres", url, "--output", newFolder());
    expect(exitCode).toBe(1);
    expect(await schemaExists(url, schemaIn(stdout))).toBe(false);
  });

  it.each(["postgresql://127.0.0.1:1/none", "not a url"])("refuses %s, and makes nothing", async (url) => {
    const output = newFolder();
    const { stderr, exitCode } = await demo("--postgres", url, "--output", output);
    expect(stderr).toContain("Cannot use PostgreSQL with this --postgres URL");
    expect(exitCode).toBe(2);
    expect(existsSync(output)).toBe(false);
  });

  const schema = freshSchema();
});

describe("the command line", () => {
  it("explains itself", async () => {
    const { stdout, exitCode } = await demo("--help");
    for (const option of ["--transactions", "--events", "--threshold", "--postgres", "--keep", "--output"]) {
      expect(stdout).toContain(option);
    }
    expect(exitCode).toBe(0);
  });

  it.for([
    [["--frobnicate"], /Unknown option '--frobnicate'/],
    [["--events", "100,many"], /--events has "many"/],
    [["--events", "0"], /--events has "0"/],
    [["--events", ""], /--events has ""/],
    [["--threshold", "1.5"], /--threshold has "1\.5"/],
    [["--keep"], /--keep has no effect without --postgres/],
    [["--events", "10", "--transactions", fixture], /--events has no effect beside --transactions/],
  ] as const)("refuses %s", async ([args, message]) => {
    const { stdout, stderr, exitCode } = await demo(...args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it("does not touch a database that is there already", async () => {
    const output = newFolder();
    await demo("--events", "1", "--output", output);
    const before = readFileSync(join(output, "bank.db"));
    const { stderr, exitCode } = await demo("--events", "1", "--output", output);
    expect(stderr).toContain(`${output} holds bank.db and load-times.svg already`);
    expect(exitCode).toBe(2);
    expect(readFileSync(join(output, "bank.db"))).toEqual(before);
  });

  it("removes what it made when it is interrupted", async () => {
    const output = newFolder();
    const running = startExample("demo/main.ts", ["--events", "1000000", "--output", output]);
    await running.printed("A bank in SQLite");
    running.interrupt();
    const { stdout, stderr, exitCode } = await running.outcome;
    expect(stderr).toBe("Interrupted. What was made so far is removed.\n");
    expect(stdout).not.toContain("Booked");
    expect(exitCode).toBe(130);
    expect(existsSync(output)).toBe(false);
  });
});

function demo(...args: readonly string[]): ReturnType<typeof runExample> {
  return runExample("demo/main.ts", args);
}

/** The path of a folder that does not exist yet. */
function newFolder(): string {
  folders += 1;
  return join(scratch, `output-${folders}`);
}

function csv(...lines: readonly string[]): string {
  folders += 1;
  const path = join(scratch, `transactions-${folders}.csv`);
  writeFileSync(path, lines.join("\n"));
  return path;
}

interface TableRow {
  readonly events: string;
  readonly without: string;
  readonly with: string;
  readonly replayed: string;
  readonly improvement: string;
}

function tableOf(stdout: string): readonly TableRow[] {
  const rows = stdout.split("\n").filter((line) => /^│\s+[\d,]+ │/.test(line));
  return rows.map((line) => {
    const [, events = "", without = "", withSnapshots = "", replayed = "", improvement = ""] = line
      .split("│")
      .map((cell) => cell.trim());
    return { events, without, with: withSnapshots, replayed, improvement };
  });
}

/** Times differ in each run; on few events snapshots may well be slower. */
function expectedRow(events: string, replayed: string): unknown {
  const time = expect.stringMatching(/^[\d,.]+ ms$/) as unknown;
  const improvement = expect.stringMatching(/^[\d,.]+x (faster|slower)$/) as unknown;
  return { events, without: time, with: time, replayed, improvement };
}

function schemaIn(stdout: string): string {
  const [schema] = /eventfold_demo_[0-9a-f]{32}/.exec(stdout) ?? [];
  if (schema === undefined) throw new Error(`No schema is named in:\n${stdout}`);
  return schema;
}

async function schemaExists(url: string, schema: string): Promise<boolean> {
  return (await query(url, `SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)) > 0;
}

/** @returns the number of rows */
async function query(url: string, sql: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
