import { DatabaseSync } from "node:sqlite";
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
      { aggregateType: "Cart" },
    ]);
    // Carts live for half an hour.
    expect(sqlite.types[2].eventsPerDay).toBeUndefined();
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

  it("says which types need no snapshots yet: while an event takes so little, or by what it takes", async () => {
    const { folder } = await busyBank();
    const { stdout } = eventfold(folder, ["advise", "bank.db"]);
    expect(stdout).toMatch(/^Account +430 +233 µs an event$/m);
    expect(stdout).not.toMatch(/^Cart .* µs/m);
    const told = eventfold(folder, ["advise", "bank.db", "--event-cost", "10.5"]).stdout;
    expect(told).toMatch(/^Account +no snapshots +30 +- +the longest replays in 4\.5 ms$/m);
    expect(told).toMatch(/^Sensor +threshold: 20 /m);
    expect(told).not.toContain("No snapshots yet");
  });

  it("explains a ? where one is shown only", async () => {
    const { folder, path } = await busyBank();
    expect(eventfold(folder, ["advise", "bank.db"]).stdout).not.toContain("?");
    const database = new DatabaseSync(path("bank.db"));
    database.exec("DELETE FROM snapshots WHERE aggregate_type = 'Sensor'");
    database.close();
    const { stdout } = eventfold(folder, ["advise", "bank.db"]);
    expect(stdout).toMatch(/^Sensor .* \? +\?$/m);
    expect(stdout).toContain("(?: there are none)");
  });

  it("names every number once where it stands in lines", async () => {
    const { folder } = await busyBank();
    const { text } = await new TerminalRun(folder, ["advise", "bank.db"], { columns: 40 }).end();
    expect(text).toContain("Replays advised: ");
    for (const record of text.split(/\n\s*\n/)) {
      const labels = [...record.matchAll(/^(\w[\w ]*): /gm)].map(([, label]) => label);
      expect(labels).toEqual([...new Set(labels)]);
    }
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
    ["--event-cost", "0"],
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
