import { once } from "node:events";
import { text as textOf } from "node:stream/consumers";
import { AggregateRepository } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { describe, expect, it } from "vitest";
import { Account, type BankProject, bankProject, fillSqlite } from "./bank-project.ts";
import { eventfold, inShell, installEventfold, startEventfold, TerminalRun } from "./installed.ts";

installEventfold();

async function bank(accounts: number): Promise<BankProject> {
  const project = bankProject();
  await fillSqlite(project.path("bank.db"), accounts, 12);
  return project;
}

describe("tail", () => {
  it("prints events as they come, and ends at Ctrl-C with how to go on", async () => {
    const { folder, path } = await bank(2);
    const run = new TerminalRun(folder, ["tail", "bank.db", "--from", "24"], { columns: 60 });
    await run.shows("Account/a-001@12");
    const storage = openSqlite(path("bank.db"));
    const accounts = new AggregateRepository(Account, { eventStore: storage.eventStore });
    await accounts.update("a-000", (account) => account.deposit(13));
    await run.shows("Account/a-000@13");
    run.type("\u0003");
    const { status, text } = await run.end();
    expect(status).toBe(0);
    expect(text).toContain("Stopped. Go on with:\n  eventfold tail bank.db --from 26\n");
    const lines = text.split("\n").filter((line) => line.includes("Account/"));
    expect(lines).toHaveLength(2);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    await accounts.update("a-000", (account) => account.deposit(14));
    await storage.close();
    const rest = eventfold(folder, ["tail", "bank.db", "--from", "26", "--once", "--json"]);
    expect(
      rest.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ position: 26, aggregateId: "a-000", version: 14, data: { amount: 14 } }]);
  });

  it("prints all that there is, of one type, for a script", async () => {
    const { folder } = await bank(2);
    const all = eventfold(folder, ["tail", "bank.db", "--once"]);
    expect(all).toMatchObject({ status: 0, stderr: "" });
    expect(all.stdout.trimEnd().split("\n")).toHaveLength(24);
    expect(all.stdout).toMatch(/^1 {2}\S+Z {2}Account\/a-000@1 {2}Deposited by ada {2}{"amount":1}\n/);
  });

  it("says where the end is to whoever begins behind it", async () => {
    const { folder } = await bank(2);
    const after = (from: string) => eventfold(folder, ["tail", "bank.db", "--from", from, "--once"]);
    expect(after("99999")).toEqual({
      status: 0,
      stdout: "",
      stderr: "Nothing at position 99999 of bank.db: the last event is at position 24.\n",
    });
    expect(after("25")).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("says nothing of going on to a reader who has left: nobody knows what was read", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 10, 500);
    const line = '{ eventfold tail bank.db --once --from 5; echo "exit code $?" >&2; } | head -1';
    const { stdout, stderr } = inShell(folder, line);
    expect(stdout).toMatch(/^5 {2}\S+ {2}Account\/a-000@5 .*\n$/);
    expect(stderr).toBe("exit code 0\n");
  });

  it("goes on to the same end when --once was interrupted, and ends with 130", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 10, 500);
    const run = startEventfold(folder, ["tail", "bank.db", "--once", "--json"]);
    const ended = once(run, "close");
    await once(run.stdout, "readable");
    // Far more is to be printed than the pipe takes while nobody reads: this comes before the end.
    run.kill("SIGINT");
    const [printed, told, [status]] = await Promise.all([textOf(run.stdout), textOf(run.stderr), ended]);
    const next = printed.trimEnd().split("\n").length + 1;
    expect(status).toBe(130);
    expect(next).toBeLessThan(5_000);
    expect(told).toBe(`Stopped. Go on with:\n  eventfold tail bank.db --from ${next} --once --json\n`);
  });
});
