import { DatabaseSync } from "node:sqlite";
import { AggregateRepository } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { type BankProject, bankProject, fillPostgres, fillSqlite, MistakenAccount } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

/** Of 6 snapshots two are ahead of streams that are gone, one is damaged, and one is wrong. */
const amiss = [
  "DELETE FROM events WHERE aggregate_id IN ('a-001', 'a-005')",
  "UPDATE snapshots SET state = '{\"balance\":79}' WHERE aggregate_id = 'a-002'",
];

function rows(path: string, ...statements: readonly string[]): unknown[] {
  const handle = new DatabaseSync(path);
  try {
    for (const sql of statements) handle.exec(sql);
    return handle
      .prepare("SELECT aggregate_id FROM snapshots ORDER BY 1")
      .all()
      .map((row) => row["aggregate_id"]);
  } finally {
    handle.close();
  }
}

async function damagedBank(): Promise<BankProject> {
  const project = bankProject();
  const path = project.path("bank.db");
  await fillSqlite(path, 6, 12);
  eventfold(project.folder, ["warm", "bank.db"]);
  const storage = openSqlite(path);
  const { eventStore, snapshotStore } = storage;
  const wrong = new AggregateRepository(MistakenAccount, { eventStore, snapshots: { store: snapshotStore } });
  await snapshotStore.deleteSnapshot("a-003", "Account");
  await wrong.createSnapshot(await wrong.load("a-003"));
  await storage.close();
  rows(path, ...amiss);
  return project;
}

const summary =
  "4 snapshots not what a replay gives: 1 would give wrong states; 3 are refused by loads already (ahead-of-stream 2, corrupt 1).";

describe("verify", () => {
  it("finds snapshots of streams that are gone, and tells what is wrong from what is harmless", async () => {
    const { folder } = await damagedBank();
    const { status, stdout } = eventfold(folder, ["verify", "bank.db"]);
    expect(status).toBe(1);
    expect(stdout).toContain(`\n${summary}\n`);
    expect(stdout).toMatch(/^Account +4 +2 +0 +4 +0 +0$/m);
    expect(stdout).toMatch(/^Account {2}a-005 +12 +1 {2}ahead-of-stream$/m);
    expect(JSON.parse(eventfold(folder, ["verify", "bank.db", "--json"]).stdout)).toMatchObject({
      types: [{ diverged: 4, divergedBy: { "ahead-of-stream": 2, corrupt: 1, state: 1 }, deleted: 0 }],
    });
    const rest = eventfold(folder, ["verify", "bank.db", "--after", "a-003", "--json"]);
    expect(JSON.parse(rest.stdout)).toMatchObject({ types: [{ diverged: 1, verified: 1 }] });
  });

  it("counts before it asks, and deletes nothing where there is nobody to ask", async () => {
    const { folder, path } = await damagedBank();
    const { status, stdout, stderr } = eventfold(folder, ["verify", "bank.db", "--delete-diverging"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`bank.db: ${summary} They will be deleted. There is no terminal to ask at: pass --yes`);
    expect(rows(path("bank.db"))).toHaveLength(6);
  });

  it("deletes them all once that is confirmed", async () => {
    const { folder, path } = await damagedBank();
    const run = new TerminalRun(folder, ["verify", "bank.db", "--delete-diverging"], { columns: 250 });
    await run.shows("Type delete to go on");
    expect(rows(path("bank.db"))).toHaveLength(6);
    run.type("delete\r");
    const { status, text } = await run.end();
    expect(status).toBe(1);
    expect(text).toContain(summary);
    expect(rows(path("bank.db"))).toEqual(["a-000", "a-004"]);
    expect(eventfold(folder, ["verify", "bank.db", "--delete-diverging"])).toMatchObject({ status: 0, stderr: "" });
  });

  it("looks only at streams in a sample, and where snapshots lie elsewhere", async () => {
    const { folder, write, read } = await damagedBank();
    const sample = eventfold(folder, ["verify", "bank.db", "--sample", "1", "--json"]);
    expect(JSON.parse(sample.stdout)).toMatchObject({ types: [{ divergedBy: { corrupt: 1, state: 1 } }] });
    const config = read("eventfold.config.ts")
      .replace("import { Account }", 'import { openSqlite } from "eventfold/sqlite";\nimport { Account }')
      .replace("store: snapshotStore", 'store: openSqlite("elsewhere.db").snapshotStore');
    write("eventfold.config.ts", config);
    const { status, stdout } = eventfold(folder, ["verify", "bank.db", "--delete-diverging", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ types: [{ diverged: 0, withoutSnapshot: 4 }] });
  });

  it("finds and deletes them in PostgreSQL as well", async () => {
    const { url } = await freshSchema();
    const { folder } = bankProject();
    await fillPostgres(url, 6, 12);
    eventfold(folder, ["warm", url]);
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const sql of amiss) await client.query(sql);
    const ids = async (): Promise<unknown[]> =>
      (await client.query("SELECT aggregate_id FROM snapshots ORDER BY 1")).rows.map((row) => row.aggregate_id);
    const { stdout } = eventfold(folder, ["verify", url]);
    expect(stdout).toContain(
      "0 would give wrong states; 3 are refused by loads already (ahead-of-stream 2, corrupt 1).",
    );
    expect(stdout).toMatch(/^Account {2}a-001 +12 +1 {2}ahead-of-stream$/m);
    expect(await ids()).toHaveLength(6);
    expect(eventfold(folder, ["verify", url, "--delete-diverging", "--yes"])).toMatchObject({ status: 1, stderr: "" });
    expect(await ids()).toEqual(["a-000", "a-003", "a-004"]);
    await client.end();
  });
});

it("health says which command lists what it found amiss", async () => {
  const { folder, path } = await damagedBank();
  rows(path("bank.db"), "DELETE FROM events WHERE version > 10");
  const { status, stdout } = eventfold(folder, ["health", "bank.db"]);
  expect(status).toBe(1);
  expect(stdout).toContain("eventfold verify bank.db lists the aggregates whose snapshots are amiss.\n");
  const configured = eventfold(folder, ["health", "bank.db", "--config", "eventfold.config.ts"]);
  expect(configured.stdout).toContain("eventfold verify bank.db --config eventfold.config.ts lists the aggregates");
});
