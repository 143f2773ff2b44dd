import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AggregateRepository } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { Client } from "pg";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { startPostgres } from "../setup/postgres-server.ts";
import { Account, bankProject, fillPostgres } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

/** `url` with a password, which the server of the tests does not ask for. */
function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.href;
}

async function execute(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("on a database of its own", async () => {
  const { url } = await freshSchema();

  it("asks for the tables, and makes them when it is told to", async () => {
    const { folder } = bankProject();
    for (const args of [
      ["verify", url],
      ["warm", url],
      ["tail", url, "--once"],
      ["prune", url, "Account", "--dormant", "1"],
    ]) {
      const { status, stdout, stderr } = eventfold(folder, args);
      expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
      expect(stderr).toContain("has no tables of Eventfold");
    }
    expect(await execute(url, "SELECT to_regclass('events') AS events")).toEqual([{ events: null }]);
    expect(eventfold(folder, ["migrate", url])).toMatchObject({ status: 0, stderr: "" });
    expect(eventfold(folder, ["migrate", url, "--json"])).toMatchObject({ status: 0 });
    expect(eventfold(folder, ["tail", url, "--once"])).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("warms, verifies, inspects, prunes and erases", async () => {
    const { folder } = bankProject();
    await fillPostgres(url, 5, 12);
    const json = (...args: readonly string[]): unknown => JSON.parse(eventfold(folder, [...args, "--json"]).stdout);
    expect(json("warm", url)).toMatchObject({ complete: true, types: [{ written: 5, failed: 0 }] });
    expect(json("verify", url, "--no-prepare")).toMatchObject({ types: [{ verified: 5, diverged: 0 }] });
    expect(json("inspect", url, "Account", "a-002", "--limit", "1")).toMatchObject({
      state: { balance: 78 },
      events: [{ version: 12, metadata: { actor: "ada" } }],
      snapshots: [{ version: 12, used: true }],
    });
    await execute(url, "UPDATE events SET occurred_at = '2020-01-01Z' WHERE aggregate_id = 'a-003' OR version < 12");
    expect(json("prune", url, "Account", "--dormant", "30", "--yes")).toMatchObject({ found: 1, deleted: 1 });
    expect(json("prune", url, "Account", "--schema-version-below", "2", "--dry-run")).toMatchObject({ found: 4 });
    expect(json("erase", url, "Account", "a-004", "--events", "--yes")).toMatchObject({ events: 12, snapshots: 1 });
    expect(json("prune", url, "Account", "--schema-version-below", "2", "--yes")).toMatchObject({ deleted: 3 });
  });

  it("cannot be written by a command that only reads", () => {
    const { folder, write } = bankProject();
    write(
      "writing.config.ts",
      `export const repositories = async ({ eventStore }) => {
        await eventStore.eraseStream({ aggregateType: "Account", aggregateId: "a-000" });
        return [];
      };`,
    );
    const { status, stderr } = eventfold(folder, ["verify", url, "--config", "writing.config.ts"]);
    expect(status).toBe(2);
    expect(stderr).toContain("read-only transaction");
  });

  it("keeps its password out of every line, the one to go on with included", async () => {
    const { folder } = bankProject();
    const secret = withPassword(url, "s3cret");
    const run = new TerminalRun(folder, ["tail", secret, "--from", "1"], { columns: 400 });
    await run.shows("Account/a-000@12");
    run.type("\u0003");
    const { status, text } = await run.end();
    expect(status).toBe(0);
    expect(text).toContain("eventfold tail 'postgresql://postgres:***@localhost/");
    expect(run.output).not.toContain("s3cret");
  });
});

describe.runIf(process.env["DATABASE_URL"] === undefined)("a role that may only read", () => {
  it("needs the grants of the page on the command line, and its password", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/cli/README.md"), "utf8");
    const grants = /^```sql\n(.*?)^```$/ms.exec(page)?.[1] ?? "";
    const server = await startPostgres({ settings: { fsync: "off" } });
    onTestFinished(() => server.stop());
    const { folder } = bankProject();
    await fillPostgres(server.url, 2, 12);
    expect(eventfold(folder, ["warm", server.url]).status).toBe(0);
    await execute(server.url, "CREATE ROLE reader LOGIN PASSWORD 'enough'");
    const url = server.url.replace("postgres@", "reader@");
    const env = { PGPASSWORD: "enough" };
    const denied = eventfold(folder, ["health", url], env);
    expect(denied.stderr).toMatch(/permission denied/);
    await execute(server.url, grants);
    await askForPasswords(server.url);
    const refused = eventfold(folder, ["health", url]);
    expect(refused).toMatchObject({ status: 3, stdout: "" });
    expect(refused.stderr).toContain("cannot be used: the server wants a password: in the URL, or in PGPASSWORD");
    for (const args of [
      ["health", url],
      ["advise", url],
      ["verify", url],
      ["inspect", url, "Account", "a-000"],
      ["tail", url, "--once"],
      ["prune", url, "Account", "--schema-version-below", "2", "--dry-run"],
    ])
      expect({ args, ...eventfold(folder, args, env) }).toMatchObject({ args, status: 0, stderr: "" });
    expect(eventfold(folder, ["inspect", url, "Account", "nobody"], env)).toMatchObject({ status: 1, stderr: "" });
    const written = eventfold(folder, ["erase", url, "Account", "a-000", "--events", "--yes"], env);
    expect(written).toMatchObject({ status: 3, stderr: expect.stringContaining("permission denied") });
  });

  /** Of every role but the superuser. Resolves when new connections are asked. */
  async function askForPasswords(url: string): Promise<void> {
    const rules = "ARRAY['local all postgres trust', 'local all all scram-sha-256']";
    await execute(
      url,
      `DO $$ BEGIN
        EXECUTE format('COPY (SELECT unnest(${rules.replaceAll("'", "''")})) TO %L', current_setting('hba_file'));
      END $$`,
    );
    const [before] = await execute(url, "SELECT pg_conf_load_time()::text");
    await execute(url, "SELECT pg_reload_conf()");
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      const [now] = await execute(url, "SELECT pg_conf_load_time()::text");
      if (JSON.stringify(now) !== JSON.stringify(before)) return;
    }
    throw new Error("The server did not read its configuration again.");
  }
});

describe("with ids of type uuid", async () => {
  const { url } = await freshSchema();

  it("finds that out by itself", async () => {
    const { folder } = bankProject();
    expect(eventfold(folder, ["migrate", url, "--aggregate-id-type", "uuid"])).toMatchObject({ status: 0 });
    expect(eventfold(folder, ["migrate", url])).toMatchObject({ status: 0 });
    const storage = await connectPostgres(url, { aggregateIdType: "uuid" });
    const accounts = new AggregateRepository(Account, { eventStore: storage.eventStore });
    const account = accounts.createNew();
    for (let amount = 1; amount <= 12; amount += 1) account.deposit(amount);
    await accounts.save(account);
    await storage.close();
    expect(eventfold(folder, ["warm", url])).toMatchObject({ status: 0, stdout: expect.stringContaining("Account") });
    const args = ["prune", url, "Account", "--schema-version-below", "2", "--yes"];
    expect(eventfold(folder, args)).toMatchObject({ status: 0, stdout: "1 snapshot of Account deleted.\n" });
    expect(eventfold(folder, ["inspect", url, "Account", "no-uuid"])).toMatchObject({ status: 2, stdout: "" });
    expect(eventfold(folder, ["verify", url, "--after", "no-uuid"])).toMatchObject({ status: 2, stdout: "" });
    expect(eventfold(folder, ["verify", url])).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("a server that goes away", () => {
  it("ends a command with 3 and says how to go on", async () => {
    const server = inject("postgresUrl");
    const name = `dropped_${randomUUID().replaceAll("-", "")}`;
    await execute(server, `CREATE DATABASE ${name}`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    const { folder } = bankProject();
    await fillPostgres(url.href, 1, 1);
    const run = new TerminalRun(folder, ["tail", withPassword(url.href, "s3cret"), "--from", "1"], { columns: 400 });
    await run.shows("Account/a-000@1");
    await execute(server, `DROP DATABASE ${name} WITH (FORCE)`);
    const { status, text } = await run.end();
    expect(status).toBe(3);
    expect(text).toMatch(/Broke off\. Go on with \(put the password back\):\n {2}eventfold tail .* --from \d+\n/);
    expect(text).toMatch(/eventfold: .*(terminat|does not exist)/);
    expect(run.output).not.toContain("s3cret");
  });

  it("is told from aggregates that cannot be worked on", async () => {
    const server = inject("postgresUrl");
    const name = `dropped_${randomUUID().replaceAll("-", "")}`;
    await execute(server, `CREATE DATABASE ${name}`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    const { folder, path, write } = bankProject();
    await fillPostgres(url.href, 5, 12);
    write(
      "waiting.config.ts",
      `import { watch } from "node:fs";
      import { AggregateRepository } from "eventfold";
      import { Account } from "./account.ts";
      const waiting = (store) => new Proxy(store, {
        get: (target, name) => name !== "saveSnapshot" ? target[name].bind?.(target) ?? target[name] : async (snapshot, ...rest) => {
          if (snapshot.aggregateId === "a-002") {
            await new Promise((resolve) => {
              watch(${JSON.stringify(path(""))}, resolve);
              console.log("waiting");
            });
          }
          return await target.saveSnapshot(snapshot, ...rest);
        },
      });
      export const repositories = ({ eventStore, snapshotStore }) => [new AggregateRepository(Account, {
        eventStore, snapshots: { store: waiting(snapshotStore), threshold: 10, writeTimeoutMs: 60_000 },
      })];`,
    );
    const args = ["warm", url.href, "--concurrency", "1", "--config", "waiting.config.ts"];
    const run = new TerminalRun(folder, args, { columns: 400 });
    await run.shows("waiting");
    await execute(server, `DROP DATABASE ${name} WITH (FORCE)`);
    write("dropped", "");
    const { status, text } = await run.end();
    expect(status).toBe(3);
    expect(text).toContain("3 aggregates of Account could not be worked on:\n  a-002: ");
    expect(text).toMatch(/eventfold: .*does not exist/);
  });

  it.runIf(process.env["DATABASE_URL"] === undefined)("also when it is the whole server", async () => {
    const server = await startPostgres({ settings: { fsync: "off" } });
    const { folder } = bankProject();
    try {
      await fillPostgres(server.url, 1, 1);
      const run = new TerminalRun(folder, ["tail", server.url, "--from", "1"], { columns: 400 });
      await run.shows("Account/a-000@1");
      await server.stop();
      expect(await run.end()).toMatchObject({ status: 3 });
    } finally {
      await server.stop();
    }
    const { status, stderr } = eventfold(folder, ["tail", server.url]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/cannot be used: connect E/);
  });
});
