import { DatabaseSync } from "node:sqlite";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { bankProject, fillSqlite } from "./bank-project.ts";
import { fillBusyBank } from "./busy-bank.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();
const { url } = await freshSchema();

const NO_CONFIG = { "eventfold.config.ts": "export default { repositories: () => [] };" };

describe("eventfold health", () => {
  it("says the same of SQLite and PostgreSQL", async () => {
    const { folder, path } = bankProject(NO_CONFIG);
    await fillBank(path("bank.db"));
    const storage = await connectPostgres(url);
    await storage.migrate();
    await fillBusyBank(storage);
    await storage.close();
    const [sqlite, postgres] = ["bank.db", url].map((database) => {
      const { status, stdout, stderr } = eventfold(folder, ["health", database, "--json"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const result = JSON.parse(stdout);
      // Times and the size on disk are of each database.
      for (const { keys } of result.types) for (const key of keys) delete key.ageMs;
      for (const group of result.statistics.groups) {
        delete group.oldestAt;
        delete group.newestAt;
      }
      delete result.statistics.tableBytes;
      delete result.database;
      return result;
    });
    expect(sqlite).toEqual(postgres);
    expect(sqlite.types).toMatchObject([
      { aggregateType: "Account", streams: 40, events: 9_400, loads: { usable: 34, missing: 6 } },
      { aggregateType: "Cart", streams: 60, loads: { missing: 60 } },
      { aggregateType: "Sensor", streams: 20, loads: { usable: 1, missing: 19 } },
    ]);
  });

  it("judges by the classes of the configuration", async () => {
    const { folder, path, write } = bankProject();
    await fillSqlite(path("bank.db"), 3, 12);
    expect(eventfold(folder, ["warm", "bank.db"]).status).toBe(0);
    const loads = () => {
      const { status, stdout } = eventfold(folder, ["health", "bank.db", "--json"]);
      const { judgedByClass, types } = JSON.parse(stdout);
      return { status, judgedByClass, loads: types[0].loads };
    };
    expect(loads()).toMatchObject({ status: 0, judgedByClass: ["Account"], loads: { usable: 3 } });
    write("eventfold.config.ts", NEXT_RELEASE);
    expect(loads()).toMatchObject({ status: 0, loads: { usable: 0, "schema-mismatch": 3 } });
    expect(eventfold(folder, ["health", "bank.db"]).stdout).toContain("of another schemaVersion");
  });

  it("ends with 1 when a snapshot is of another history", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 3, 12);
    eventfold(folder, ["warm", "bank.db"]);
    execute(path("bank.db"), "UPDATE snapshots SET last_event_id = 'another' WHERE aggregate_id = 'a-001'");
    const { status, stdout, stderr } = eventfold(folder, ["health", "bank.db"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toMatch(/Account +1 +33 % +replay all: of another history.* history-mismatch/);
  });

  it("ends with 1 when the events behind snapshots are gone", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 3, 12);
    eventfold(folder, ["warm", "bank.db"]);
    const erased = "DELETE FROM events WHERE aggregate_id";
    execute(path("bank.db"), `${erased} = 'a-001'`);
    const { status, stdout, stderr } = eventfold(folder, ["health", "bank.db"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toContain("Account: 1 snapshot has no events behind it.");
    expect(stdout).toContain("eventfold verify bank.db lists the aggregates whose snapshots are amiss.");
    const { types } = JSON.parse(eventfold(folder, ["health", "bank.db", "--json"]).stdout);
    expect(types).toMatchObject([{ streams: 2, loads: { usable: 2 }, orphans: { snapshots: 1, complete: true } }]);
    expect(eventfold(folder, ["verify", "bank.db"])).toMatchObject({ status: 1 });
  });

  it("says when it did not look behind every snapshot", async () => {
    const { folder, path } = bankProject(NO_CONFIG);
    await fillSqlite(path("bank.db"), 1, 1);
    execute(
      path("bank.db"),
      `INSERT INTO snapshots (aggregate_type, aggregate_id, schema_version, fingerprint, version, state, created_at)
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1001)
      SELECT 'Cart', 'c-' || n, 1, '', 5, '{}', '2026-01-31T12:00:00.000Z' FROM numbers`,
    );
    const { status, stdout } = eventfold(folder, ["health", "bank.db", "--streams-max", "1000"]);
    expect(status).toBe(1);
    expect(stdout).toContain("Cart: at least 1,000 snapshots have no events behind them.");
    expect(stdout).toContain("Cart: not all snapshots were looked at for the events behind them.");
    const all = eventfold(folder, ["health", "bank.db"]).stdout;
    expect(all).toContain("Cart: 1,001 snapshots have no events behind them.");
    expect(all).not.toContain("not all snapshots");
  });

  it("looks at one type, or at a sample", async () => {
    const { folder, path } = bankProject(NO_CONFIG);
    await fillBank(path("bank.db"));
    const one = JSON.parse(eventfold(folder, ["health", "bank.db", "--type", "Cart", "--json"]).stdout);
    expect(one.types).toMatchObject([{ aggregateType: "Cart", exact: true }]);
    const { stdout } = eventfold(folder, ["health", "bank.db", "--streams-max", "30"]);
    expect(stdout).toMatch(/Account is estimated from a sample of [\d,]+ streams\./);
    expect(stdout).not.toContain("Sensor is estimated");
  });

  it("fits a terminal of 80 columns, and has colors there only", async () => {
    const { folder, path } = bankProject(NO_CONFIG);
    await fillBank(path("bank.db"));
    const run = new TerminalRun(folder, ["health", "bank.db"]);
    const { status, text } = await run.end();
    expect(status).toBe(0);
    expect(run.output).toContain("\u001b[1mType");
    const tables = text.split("\n").filter((line) => /^((Type|Account|Cart|Sensor) |Type: )/.test(line));
    expect(tables.length).toBeGreaterThan(10);
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(eventfold(folder, ["health", "bank.db"]).stdout).not.toContain("\u001b");
  });

  it("has nothing to say of a database without events", async () => {
    const { folder, path } = bankProject(NO_CONFIG);
    await openSqlite(path("bank.db")).close();
    expect(eventfold(folder, ["health", "bank.db"])).toEqual({ status: 0, stdout: "No events here.\n", stderr: "" });
  });

  it.each([["0"], ["1000001"], ["many"]])("ends with 2 for --streams-max %s", async (streamsMax) => {
    const { folder, path } = bankProject(NO_CONFIG);
    await openSqlite(path("bank.db")).close();
    const { status, stdout } = eventfold(folder, ["health", "bank.db", "--streams-max", streamsMax]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  it("ends with 3 where there is no database", () => {
    const { folder } = bankProject(NO_CONFIG);
    expect(eventfold(folder, ["health", "bank.db"])).toMatchObject({ status: 3, stdout: "" });
  });
});

const NEXT_RELEASE = `
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
class NextAccount extends Account {
  static readonly schemaVersion = 2;
}
export default {
  repositories: ({ eventStore, snapshotStore: store }) => [
    new AggregateRepository(NextAccount, { eventStore, snapshots: { store, threshold: 10 } }),
  ],
};`;

async function fillBank(path: string): Promise<void> {
  const storage = openSqlite(path);
  await fillBusyBank(storage);
  await storage.close();
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
