import { renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { type BankProject, bankProject, fillPostgres, fillSqlite } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();
const { url } = await freshSchema();

async function warmBank(): Promise<BankProject> {
  const project = bankProject();
  await fillSqlite(project.path("bank.db"), 5, 12);
  eventfold(project.folder, ["warm", "bank.db"]);
  return project;
}

function rows(project: BankProject, sql: string): unknown[] {
  const handle = new DatabaseSync(project.path("bank.db"));
  try {
    return handle
      .prepare(sql)
      .all()
      .map((row) => Object.values(row as object)[0]);
  } finally {
    handle.close();
  }
}

const snapshotIds = "SELECT aggregate_id FROM snapshots ORDER BY 1";

describe("what deletes", () => {
  it.each([
    ["prune", "bank.db", "Account", "--schema-version-below", "2"],
    ["erase", "bank.db", "Account", "a-000", "--events"],
  ])("%s refuses without a terminal and without --yes, and says what would be gone", async (...args) => {
    const project = await warmBank();
    const { status, stdout, stderr } = eventfold(project.folder, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/(5 snapshots of Account|12 events and 1 snapshot of Account\/a-000) in bank\.db will be/);
    expect(rows(project, snapshotIds)).toHaveLength(5);
  });

  it("waits for the name to be typed on a terminal", async () => {
    const project = await warmBank();
    const run = new TerminalRun(project.folder, ["prune", "bank.db", "Account", "--schema-version-below", "2"]);
    await run.shows("5 snapshots of Account in bank.db will be deleted.");
    run.type("yes\r");
    await run.shows("Type Account, or press Ctrl-C");
    expect(rows(project, snapshotIds)).toHaveLength(5);
    run.type("\u0015Account\r");
    const { status, text } = await run.end();
    expect(status).toBe(0);
    expect(text).toContain("5 snapshots of Account deleted.");
    expect(rows(project, snapshotIds)).toEqual([]);
  });

  it.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-C after a few letters", "a-0\u0003"],
    ["the end of input (Ctrl-D)", "\u0004"],
    ["the end of input after a wrong answer", "no\r\u0004"],
  ])("leaves everything as it is at %s", async (_, typed) => {
    const project = await warmBank();
    const run = new TerminalRun(project.folder, ["erase", "bank.db", "Account", "a-000", "--events"]);
    await run.shows("Type a-000 to go on");
    run.type(typed);
    const { status, text } = await run.end();
    expect(status).toBe(130);
    expect(text).toMatch(/\neventfold: Nothing was deleted\.\n$/);
    expect(rows(project, "SELECT count(*) FROM events")).toEqual([60]);
  });

  it("is left as it is by SIGTERM while it is asked about", async () => {
    const project = await warmBank();
    const run = new TerminalRun(project.folder, ["prune", "bank.db", "Account", "--schema-version-below", "2"]);
    await run.shows("Type Account to go on");
    run.kill("SIGTERM");
    expect(await run.end()).toMatchObject({ status: 130, text: expect.stringContaining("Nothing was deleted.") });
    expect(rows(project, snapshotIds)).toHaveLength(5);
  });

  it("takes the word as it is shown, where a terminal would obey it", async () => {
    const project = await warmBank();
    const handle = new DatabaseSync(project.path("bank.db"));
    for (const table of ["events", "snapshots"])
      handle.prepare(`UPDATE ${table} SET aggregate_id = ? WHERE aggregate_id = 'a-000'`).run("a\u202e\u001b[2J");
    handle.close();
    const args = ["erase", "bank.db", "Account", "a\u202e\u001b[2J", "--events"];
    const run = new TerminalRun(project.folder, args, { columns: 200 });
    const shown = "a\\u{202e}\\x1b[2J";
    await run.shows(
      `of Account/${shown} in bank.db will be erased for good. This cannot be undone. Type ${shown} to go on.`,
    );
    run.type("a[2J\r");
    await run.shows(`Type ${shown}, or press Ctrl-C`);
    run.type(`${shown}\r`);
    const { status, text } = await run.end();
    expect(status).toBe(0);
    expect(text).toContain(`12 events and 1 snapshot of Account/${shown} erased.`);
    expect(run.output).not.toContain("\u202e");
  });

  it("asks about a database whose name a terminal would obey in one line", async () => {
    const { folder, path } = await warmBank();
    renameSync(path("bank.db"), path("\u001b[2Jbank.db"));
    const args = ["erase", "\u001b[2Jbank.db", "Account", "a-000"];
    const refused = eventfold(folder, args);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining("in \\x1b[2Jbank.db will be erased") });
    expect(refused.stderr).not.toContain("\u001b");
  });

  it("asks in whole lines where the terminal does not know its width", async () => {
    const { folder } = await warmBank();
    const run = new TerminalRun(folder, ["erase", "bank.db", "Account", "a-000"], { columns: 0 });
    await run.shows("Type a-000 to go on");
    run.type("a-000\r");
    const { status, text } = await run.end();
    expect(status).toBe(0);
    expect(text).toContain("1 snapshot of Account/a-000 in bank.db will be erased for good.");
  });
});

describe("prune", () => {
  it("deletes the snapshots of aggregates that rest, and of no other", async () => {
    const project = await warmBank();
    rows(
      project,
      "UPDATE events SET occurred_at = '2020-01-01T00:00:00.000Z' WHERE aggregate_id IN ('a-001', 'a-003') OR version < 12",
    );
    const args = ["prune", "bank.db", "Account", "--dormant", "30"];
    expect(eventfold(project.folder, [...args, "--dry-run"]).stdout).toBe("2 snapshots of Account would be deleted.\n");
    expect(rows(project, snapshotIds)).toHaveLength(5);
    const { status, stdout } = eventfold(project.folder, [...args, "--yes", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ aggregateType: "Account", found: 2, deleted: 2 });
    expect(rows(project, snapshotIds)).toEqual(["a-000", "a-002", "a-004"]);
  });

  it("deletes below a schema version, and asks nobody when there is nothing", async () => {
    const project = await warmBank();
    rows(project, "UPDATE snapshots SET schema_version = 3 WHERE aggregate_id > 'a-001'");
    const args = ["prune", "bank.db", "Account", "--schema-version-below", "3"];
    expect(eventfold(project.folder, [...args, "--yes"]).stdout).toBe("2 snapshots of Account deleted.\n");
    expect(eventfold(project.folder, args)).toEqual({
      status: 0,
      stdout: "0 snapshots of Account deleted.\n",
      stderr: "",
    });
  });

  it("asks for exactly one way to choose", async () => {
    const { folder } = await warmBank();
    for (const which of [
      [],
      ["--dormant", "1", "--schema-version-below", "2"],
      ["--dormant", "x"],
      ["--dormant", "0"],
    ]) {
      expect(eventfold(folder, ["prune", "bank.db", "Account", ...which])).toMatchObject({ status: 2, stdout: "" });
    }
  });
});

describe("erase", () => {
  it("erases snapshots, and events where that is asked for", async () => {
    const project = await warmBank();
    const snapshots = eventfold(project.folder, ["erase", "bank.db", "Account", "a-000", "--yes"]);
    expect(snapshots.stdout).toBe(
      "1 snapshot of Account/a-000 erased. Its 12 events stay: with --events they are erased, too.\n",
    );
    const all = eventfold(project.folder, ["erase", "bank.db", "Account", "a-001", "--events", "--yes", "--json"]);
    expect(JSON.parse(all.stdout)).toEqual({
      aggregateType: "Account",
      aggregateId: "a-001",
      events: 12,
      snapshots: 1,
    });
    expect(rows(project, snapshotIds)).toEqual(["a-002", "a-003", "a-004"]);
    expect(rows(project, "SELECT DISTINCT aggregate_id FROM events ORDER BY 1")).toEqual([
      "a-000",
      "a-002",
      "a-003",
      "a-004",
    ]);
  });

  it("asks nothing where there are no snapshots, and says what stays", async () => {
    const project = bankProject();
    await fillSqlite(project.path("bank.db"), 1, 16);
    const run = new TerminalRun(project.folder, ["erase", "bank.db", "Account", "a-000"], { columns: 200 });
    const { status, text } = await run.end();
    expect({ status, text }).toEqual({
      status: 0,
      text: "Account/a-000 has no snapshots to erase. Its 16 events stay: with --events they are erased, too.\n",
    });
    // Those that are being written meanwhile cannot come back nevertheless.
    expect(rows(project, "SELECT aggregate_id FROM erasures")).toEqual(["a-000"]);
    expect(rows(project, "SELECT count(*) FROM events")).toEqual([16]);
  });

  it("takes no id away that was mistyped", async () => {
    const project = await warmBank();
    const { status, stdout } = eventfold(project.folder, [
      "erase",
      "bank.db",
      "Account",
      "a-0000",
      "--events",
      "--yes",
    ]);
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: "Account/a-0000 has neither events nor snapshots here. Nothing was changed.\n",
    });
    expect(rows(project, "SELECT count(*) FROM erasures")).toEqual([0]);
  });

  it.each(["SQLite", "PostgreSQL"])("tells what was erased before from what never was, in %s", async (kind) => {
    const { folder, path } = bankProject();
    const database = kind === "SQLite" ? path("bank.db") : url;
    await (kind === "SQLite" ? fillSqlite : fillPostgres)(database, 1, 3);
    const run = (...args: readonly string[]) => eventfold(folder, [args[0] ?? "", database, ...args.slice(1)]);
    expect(run("erase", "Account", "a-000", "--events", "--yes").status).toBe(0);
    const again = run("erase", "Account", "a-000", "--events", "--yes");
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(again.stdout).toMatch(/^Account\/a-000 was erased already, at \d{4}-\S+Z\. Nothing was changed\.\n$/);
    const shown = run("inspect", "Account", "a-000");
    expect(shown).toMatchObject({ status: 1, stderr: "" });
    expect(shown.stdout).toMatch(/^Account\/a-000 was erased at \d{4}-\S+Z: its events are gone for good\.\n$/);
    expect(JSON.parse(run("inspect", "Account", "a-000", "--json").stdout)).toMatchObject({
      erasedAt: expect.stringMatching(/Z$/),
    });
    expect(run("erase", "Account", "a-001", "--events", "--yes").stderr).toMatch(
      /^No events of type Account in .*\. There are none of any type\.\n$/,
    );
  });
});
