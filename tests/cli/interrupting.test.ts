import { spawnSync } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { Client } from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { type BankProject, bankProject, fillPostgres, fillSqlite } from "./bank-project.ts";
import { holdConnections } from "./held-connections.ts";
import { type Ended, eventfold, installEventfold, startEventfold } from "./installed.ts";

installEventfold();
const { url, schema } = await freshSchema();

type Run = ReturnType<typeof startEventfold>;

const NOTHING_DELETED = { status: 130, stdout: "", stderr: "eventfold: Nothing was deleted.\n" };
/** Of three accounts of 12 events the first has its snapshot, that of the second is damaged, and the third has none. */
const uneven = [
  "UPDATE snapshots SET state = '{\"balance\":79}' WHERE aggregate_id = 'a-001'",
  "DELETE FROM snapshots WHERE aggregate_id = 'a-002'",
];
const counts = "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM snapshots) AS snapshots";
const ALL = { events: 36, snapshots: 2 };

async function ended(run: Run): Promise<Ended> {
  const exit = new Promise<number | null>((resolve) => run.once("exit", resolve));
  const [status, stdout, stderr] = await Promise.all([exit, text(run.stdout), text(run.stderr)]);
  return { status, stdout, stderr };
}

describe("Ctrl-C while PostgreSQL lets wait", () => {
  async function unevenBank(): Promise<{ readonly project: BankProject; readonly client: Client }> {
    const project = bankProject();
    const client = new Client({ connectionString: url });
    await client.connect();
    onTestFinished(() => client.end());
    await client.query(`DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    await fillPostgres(url, 3, 12);
    expect(eventfold(project.folder, ["warm", url]).status).toBe(0);
    for (const sql of uneven) await client.query(sql);
    return { project, client };
  }

  async function countsIn(client: Client): Promise<unknown> {
    const { rows } = await client.query(counts);
    return { events: Number(rows[0].events), snapshots: Number(rows[0].snapshots) };
  }

  /** Resolves as soon as somebody waits for a lock that `client` has. */
  async function waits(client: Client): Promise<void> {
    const waiting = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))";
    for (let attempt = 0; attempt < 100_000; attempt += 1) if ((await client.query(waiting)).rowCount !== 0) return;
    throw new Error("Nothing waits for the lock.");
  }

  it.each([
    ["erase --events", ["erase", "DB", "Account", "a-000", "--events", "--yes"], "Nothing was deleted."],
    ["erase", ["erase", "DB", "Account", "a-000", "--yes"], "Nothing was deleted."],
    ["erase of what has no snapshots", ["erase", "DB", "Account", "a-002"], "Nothing was deleted."],
    ["prune", ["prune", "DB", "Account", "--schema-version-below", "2", "--yes"], "Nothing was deleted."],
    ["verify", ["verify", "DB", "--delete-diverging", "--yes"], "Go on with"],
    ["warm", ["warm", "DB"], "Go on with"],
  ])("for a connection leaves everything as it is: %s", async (_, args, said) => {
    const { project, client } = await unevenBank();
    const held = await holdConnections(url);
    const run = startEventfold(
      project.folder,
      args.map((each) => (each === "DB" ? held.url : each)),
    );
    await held.connected;
    run.kill("SIGINT");
    held.letThrough();
    expect(await ended(run)).toMatchObject({ status: 130, stderr: expect.stringContaining(said) });
    expect(await countsIn(client)).toEqual(ALL);
    expect((await client.query("SELECT FROM erasures")).rowCount).toBe(0);
  });

  it("for a connection keeps migrate from making tables", async () => {
    const { project, client } = await unevenBank();
    await client.query(`DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    const held = await holdConnections(url);
    const run = startEventfold(project.folder, ["migrate", held.url]);
    await held.connected;
    run.kill("SIGINT");
    held.letThrough();
    expect(await ended(run)).toEqual({ status: 130, stdout: "", stderr: "eventfold: Nothing was changed.\n" });
    expect((await client.query("SELECT to_regclass('events') AS events")).rows).toEqual([{ events: null }]);
  });

  it.each([["--events", "--yes"], ["--yes"]])("for a lock erases nothing: erase %s %s", async (...options) => {
    const { project, client } = await unevenBank();
    await client.query("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
    const run = startEventfold(project.folder, ["erase", url, "Account", "a-000", ...options]);
    await waits(client);
    run.kill("SIGINT");
    await client.query("ROLLBACK");
    expect(await ended(run)).toEqual(NOTHING_DELETED);
    expect(await countsIn(client)).toEqual(ALL);
  });

  it("for a lock deletes no snapshot without events either: verify", async () => {
    const { project, client } = await unevenBank();
    await client.query("DELETE FROM events WHERE aggregate_id = 'a-001'");
    await client.query("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
    const run = startEventfold(project.folder, ["verify", url, "--delete-diverging", "--yes"]);
    await waits(client);
    run.kill("SIGINT");
    await client.query("ROLLBACK");
    expect(await ended(run)).toMatchObject({ status: 130, stderr: expect.stringMatching(/Stopped\. Go on with/) });
    expect(await countsIn(client)).toEqual({ events: 24, snapshots: 2 });
  });
});

describe("Ctrl-C while SQLite blocks", () => {
  /** Interrupts the process itself in front of the first statement that holds `sql`: there is no turn for it before the next one. */
  const interruptedAt = (sql: string): string => `
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    const { prepare } = DatabaseSync.prototype;
    let isDue = true;
    DatabaseSync.prototype.prepare = function (text) {
      if (isDue && text.includes(${JSON.stringify(sql)})) {
        isDue = false;
        process.kill(process.pid, "SIGINT");
      }
      return prepare.call(this, text);
    };`;

  async function interrupted(sql: string, args: readonly string[]) {
    const project = bankProject({ "interrupt.mjs": interruptedAt(sql) });
    await fillSqlite(project.path("bank.db"), 3, 12);
    eventfold(project.folder, ["warm", "bank.db"]);
    const handle = new DatabaseSync(project.path("bank.db"));
    onTestFinished(() => handle.close());
    for (const each of uneven) handle.exec(each);
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(project.path("interrupt.mjs")).href} --no-warnings` };
    return { result: eventfold(project.folder, args, env), left: { ...handle.prepare(counts).get() } };
  }

  it.each([
    ["FROM snapshots", "erase", "bank.db", "Account", "a-000", "--events", "--yes"],
    ["FROM snapshots", "erase", "bank.db", "Account", "a-000", "--yes"],
    ["FROM snapshots", "erase", "bank.db", "Account", "a-002"],
    ["FROM snapshots", "prune", "bank.db", "Account", "--schema-version-below", "2", "--yes"],
  ])("deletes nothing, where it reads (%s): %s %s %s %s %s %s", async (sql, ...args) => {
    expect(await interrupted(sql, args)).toMatchObject({
      result: { status: 130, stdout: "", stderr: expect.stringContaining("Nothing was deleted.") },
      left: ALL,
    });
  });

  it("is noticed before the next deletion also in a turn that began with an answer", () => {
    const script = `
      import { stat } from "node:fs";
      import { endIfStopped, openSession } from ${JSON.stringify(new URL("../../src/cli/session.ts", import.meta.url))};
      const session = openSession();
      stat(".", async () => {
        process.kill(process.pid, "SIGINT");
        await endIfStopped(session, "stopped").catch(({ message }) => console.log(message));
      });`;
    const sources = new URL("../../tools/node/sources.mjs", import.meta.url).href;
    const args = ["--import", sources, "--input-type=module", "--eval", script];
    expect(spawnSync(process.execPath, args, { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "stopped\n" });
  });
});
