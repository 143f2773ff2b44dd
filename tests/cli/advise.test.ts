import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { describe, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { bankProject } from "./bank-project.ts";
import { fillBusyBank } from "./busy-bank.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();
const { url } = await freshSchema();

describe("eventfold advise", () => {
  it("says the same of SQLite and PostgreSQL", async () => {
    const { folder } = await busyBank();
    const storage = await connectPostgres(url);
    await storage.migrate();
    await fillBusyBank(storage);
    await storage.close();
    const [sqlite, postgres] = ["bank.db", url].map((database) => {
      const { status, stdout, stderr } = eventfold(folder, ["advise", database, "--json"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const { database: name, ...result } = JSON.parse(stdout);
      expect(name).toBe(database);
      return result;
    });
    expect(sqlite).toEqual(postgres);
    expect(sqlite.types).toMatchObject([
      { aggregateType: "Sensor", threshold: 20, eventsPerDay: expect.closeTo(288) },
      { aggregateType: "Account", threshold: 50, eventsPerDay: expect.closeTo(30) },
      { aggregateType: "Cart", eventsPerDay: expect.closeTo(11) },
    ]);
    expect(sqlite.types[2].threshold).toBeUndefined();
    expect(sqlite.outgrown).toMatchObject([{ aggregateType: "Sensor", aggregateId: "sensor-020", events: 12_000 }]);
  });

  it("counts with what it is told to assume, and says so", async () => {
    const { folder } = await busyBank();
    const args = ["advise", "bank.db", "--type", "Account", "--loads-per-event", "0.5", "--write-cost", "2000"];
    const { assumptions, types } = JSON.parse(eventfold(folder, [...args, "--json"]).stdout);
    expect(assumptions).toEqual({ loadsPerEvent: 0.5, writeCostEvents: 2_000 });
    expect(types).toMatchObject([{ aggregateType: "Account", threshold: 100 }]);
    expect(eventfold(folder, args).stdout).toContain("there are 0.5 loads for each (--loads-per-event)");
  });

  it("fits a terminal of 80 columns", async () => {
    const { folder } = await busyBank();
    const { status, text } = await new TerminalRun(folder, ["advise", "bank.db"]).end();
    expect(status).toBe(0);
    const tables = text.split("\n").filter((line) => /^(Type|Account|Cart|Sensor|Close or split) /.test(line));
    expect(tables.length).toBeGreaterThan(8);
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("has nothing to say of a database without events", async () => {
    const { folder, path } = bankProject();
    await openSqlite(path("bank.db")).close();
    expect(eventfold(folder, ["advise", "bank.db"])).toEqual({ status: 0, stdout: "No events here.\n", stderr: "" });
  });

  it.each([
    ["--loads-per-event", "0"],
    ["--loads-per-event", "often"],
    ["--write-cost", "-1"],
  ])("ends with 2 for %s %s", async (option, value) => {
    const { folder } = await busyBank();
    const { status, stdout, stderr } = eventfold(folder, ["advise", "bank.db", option, value]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(option);
  });
});

async function busyBank() {
  const project = bankProject();
  const storage = openSqlite(project.path("bank.db"));
  await fillBusyBank(storage);
  await storage.close();
  return project;
}
