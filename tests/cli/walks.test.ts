import { DatabaseSync } from "node:sqlite";
import { AggregateRepository } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { describe, expect, it } from "vitest";
import { Account, type BankProject, bankProject, fillSqlite, MistakenAccount } from "./bank-project.ts";
import { eventfold, inShell, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

/** A configuration whose snapshot store waits at account a-005, at a method of its own, until Ctrl-C. */
const waiting = (method: "saveSnapshot" | "getSnapshot"): string => `
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
async function untilInterrupted() {
  console.log("waiting");
  const alive = setInterval(() => {}, 1_000);
  await new Promise((resolve) => process.once("SIGINT", resolve));
  clearInterval(alive);
}
const waiting = (store) => new Proxy(store, {
  get: (target, name) => name !== "${method}" ? target[name].bind?.(target) ?? target[name] : async (first, ...rest) => {
    if (first === "a-005" || first.aggregateId === "a-005") await untilInterrupted();
    return await target[name](first, ...rest);
  },
});
export const repositories = ({ eventStore, snapshotStore }) => [
  new AggregateRepository(Account, {
    eventStore,
    snapshots: { store: waiting(snapshotStore), threshold: 10, timeoutMs: 60_000, writeTimeoutMs: 60_000 },
  }),
];`;

async function bank(accounts = 12): Promise<BankProject> {
  const project = bankProject();
  await fillSqlite(project.path("bank.db"), accounts, 12);
  return project;
}

describe("warm", () => {
  it("writes what is missing, and nothing the second time", async () => {
    const { folder } = await bank();
    expect(eventfold(folder, ["warm", "bank.db"])).toEqual({
      status: 0,
      stdout:
        "Type     Aggregates  Snapshots written  Not due  Failed\n" +
        "Account          12                 12        0       0\n",
      stderr: "",
    });
    const { stdout } = eventfold(folder, ["warm", "bank.db", "Account", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      complete: true,
      types: [{ aggregates: 12, written: 0, snapshotKey: { schemaVersion: 1, fingerprint: "" } }],
      resume: [],
    });
  });

  it.each([
    ["threshold: 50", [], 50],
    ["policy: adaptive()", [], 100],
    ["threshold: 10", ["--events-min", "40"], 40],
  ] as const)("says how many are not due, and below what: %s %j", async (policy, more, eventsMin) => {
    const { folder, path, read, write } = await bank(9);
    const imported = read("eventfold.config.ts").replace("AggregateRepository }", "AggregateRepository, adaptive }");
    write("eventfold.config.ts", imported.replace("threshold: 10", policy));
    const storage = openSqlite(path("bank.db"));
    const accounts = new AggregateRepository(Account, { eventStore: storage.eventStore });
    const long = accounts.createNew("long");
    for (let amount = 0; amount < eventsMin; amount += 1) long.deposit(amount);
    await accounts.save(long);
    await storage.close();
    const { status, stdout, stderr } = eventfold(folder, ["warm", "bank.db", ...more]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/Account +10 +1 +9 +0\n/);
    expect(stdout).toContain(
      `\nAccount: 9 aggregates not due, with fewer than ${eventsMin} events since their last snapshot`,
    );
    const { types } = JSON.parse(eventfold(folder, ["warm", "bank.db", ...more, "--json"]).stdout);
    expect(types).toMatchObject([{ aggregates: 10, written: 0, notDue: 10, eventsMin }]);
  });

  it("stops at Ctrl-C, says how to go on, and does so", async () => {
    const { folder, write } = await bank();
    write("waiting.config.ts", waiting("saveSnapshot"));
    const args = ["warm", "bank.db", "--concurrency", "1", "--config", "waiting.config.ts"];
    const run = new TerminalRun(folder, args, { columns: 120 });
    await run.shows("waiting");
    run.type("\u0003");
    const { status, text } = await run.end();
    expect(status).toBe(130);
    const resume = "eventfold warm bank.db Account --after a-005 --concurrency 1 --config waiting.config.ts";
    expect(text).toContain(`Stopped. Go on with:\n  ${resume}\n`);
    const { stdout } = eventfold(folder, [...resume.split(" ").slice(1), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, types: [{ aggregates: 6, written: 6 }] });
  });

  it("shows how far it is, with rate and time left, on a terminal only", async () => {
    const { folder } = await bank();
    const { text } = await new TerminalRun(folder, ["warm", "bank.db"], { columns: 120 }).end();
    expect(text).toMatch(/Warming Account ■+ 12\/12 aggregates, [\d,.]+\/s, \d s left/);
    expect(text).not.toContain("…");
    expect(eventfold(folder, ["warm", "bank.db"]).stderr).toBe("");
  });

  it("ends with 1 and names what could not be worked on", async () => {
    const { folder, write, read } = await bank();
    write(
      "account.ts",
      read("account.ts").replace(
        "return { balance: state",
        "if (event.data.amount > 11) throw new Error('too rich'); return { balance: state",
      ),
    );
    const { status, stdout, stderr } = eventfold(folder, ["warm", "bank.db", "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      types: [{ failed: 12, failures: expect.arrayContaining([{ aggregateId: "a-000", error: "too rich" }]) }],
    });
    expect(stderr).toContain("12 aggregates of Account could not be worked on:\n  a-000: too rich\n");
  });

  it("refuses a type without a repository", async () => {
    const { folder } = await bank(1);
    const { status, stderr } = eventfold(folder, ["warm", "bank.db", "Acount"]);
    expect(status).toBe(2);
    expect(stderr).toContain("no repository of Acount. It has: Account.\n");
  });
});

describe("verify", () => {
  async function withWrongSnapshot(): Promise<BankProject> {
    const project = await bank();
    eventfold(project.folder, ["warm", "bank.db"]);
    const storage = openSqlite(project.path("bank.db"));
    const { eventStore, snapshotStore } = storage;
    const wrong = new AggregateRepository(MistakenAccount, { eventStore, snapshots: { store: snapshotStore } });
    await snapshotStore.deleteSnapshot("a-003", "Account");
    await wrong.createSnapshot(await wrong.load("a-003"));
    await storage.close();
    return project;
  }

  it("ends with 1 and shows where a snapshot differs", async () => {
    const { folder } = await withWrongSnapshot();
    const { status, stdout } = eventfold(folder, ["verify", "bank.db"]);
    expect(status).toBe(1);
    expect(stdout).toContain("1 snapshot not what a replay gives: 1 would give wrong states.");
    expect(stdout).toMatch(/Account {2}a-003 +12 +1 {2}state\.balance\n/);
  });

  it("deletes what differs once that is confirmed, and nothing else", async () => {
    const { folder } = await withWrongSnapshot();
    const refused = eventfold(folder, ["verify", "bank.db", "--delete-diverging"]);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toContain("pass --yes");
    const { status, stdout } = eventfold(folder, ["verify", "bank.db", "--delete-diverging", "--yes", "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ types: [{ diverged: 1, deleted: 1, verified: 11 }] });
    const after = eventfold(folder, ["verify", "bank.db", "--json"]);
    expect(JSON.parse(after.stdout)).toMatchObject({ types: [{ verified: 11, withoutSnapshot: 1 }] });
  });

  it("stops at Ctrl-C, says how to go on, and does so", async () => {
    const { folder, write } = await bank();
    eventfold(folder, ["warm", "bank.db"]);
    write("waiting.config.ts", waiting("getSnapshot"));
    const run = new TerminalRun(folder, ["verify", "bank.db", "--concurrency", "1", "--config", "waiting.config.ts"]);
    await run.shows("waiting");
    run.type("\u0003");
    const { status, text } = await run.end();
    expect(status).toBe(130);
    expect(text).toContain("  eventfold verify bank.db Account --after a-005 --concurrency 1");
    const rest = eventfold(folder, ["verify", "bank.db", "Account", "--after", "a-005", "--json"]);
    expect(JSON.parse(rest.stdout)).toMatchObject({ complete: true, types: [{ aggregates: 6, verified: 6 }] });
  });
});

describe.each(["warm", "verify"])("%s of a type that begins with a dash", (command) => {
  it("is stopped with a command line that goes on", async () => {
    const { folder, path, write, read } = bankProject();
    write("account.ts", read("account.ts").replace('"Account"', '"-Acc"'));
    await fillSqlite(path("-bank.db"), 12, 12);
    const handle = new DatabaseSync(path("-bank.db"));
    handle.exec("UPDATE events SET aggregate_type = '-Acc'");
    handle.close();
    write("waiting.config.ts", waiting(command === "warm" ? "saveSnapshot" : "getSnapshot"));
    const args = [command, "--concurrency", "1", "--config", "waiting.config.ts", "--", "-bank.db"];
    const run = new TerminalRun(folder, args, { columns: 160 });
    await run.shows("waiting");
    run.type("\u0003");
    const { text } = await run.end();
    const resume = `eventfold ${command} --after a-005 --concurrency 1 --config waiting.config.ts -- -bank.db -Acc`;
    expect(text).toContain(`Stopped. Go on with:\n  ${resume}\n`);
    const { stdout } = inShell(folder, resume.replace("--config waiting.config.ts", "--json"));
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, types: [{ aggregateType: "-Acc", aggregates: 6 }] });
  });
});

describe("a class that takes ids of its own kind only", () => {
  it.each([["warm"], ["verify"], ["health"], ["inspect", "Account", "a-000"]])(
    "is no trouble to %s",
    async (...words) => {
      const { folder, write, read } = await bank(1);
      write(
        "account.ts",
        read("account.ts").replace(
          "protected initialState",
          "constructor(id: string) { super(id); if (!id.startsWith('a-')) throw new Error(`no account: ${id}`); }\nprotected initialState",
        ),
      );
      const [command = "", ...stream] = words;
      expect(eventfold(folder, [command, "bank.db", ...stream])).toMatchObject({ status: 0, stderr: "" });
    },
  );
});

describe("a command that only reads", () => {
  it("cannot write, whatever the user's modules try", async () => {
    const { folder, write } = await bank(1);
    write(
      "writing.config.ts",
      `
      import { newEvent } from "eventfold";
      export const repositories = async ({ eventStore }) => {
        await eventStore.append({ aggregateType: "Account", aggregateId: "x" }, [newEvent({ type: "T", data: {} })], { expectedVersion: 0 });
        return [];
      };`,
    );
    const { status, stderr } = eventfold(folder, ["verify", "bank.db", "--config", "writing.config.ts"]);
    expect(status).toBe(2);
    expect(stderr).toContain("attempt to write a readonly database");
  });
});
