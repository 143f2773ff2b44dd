import { DatabaseSync } from "node:sqlite";
import { AggregateRepository, newEvent, Snapshot } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, type BankProject, bankProject, fillSqlite, MistakenAccount } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

interface Inspection {
  readonly version: number;
  readonly events: readonly { readonly version: number; readonly state?: unknown }[];
  readonly state?: unknown;
  readonly snapshots: readonly {
    readonly version: number;
    readonly schemaVersion: number;
    readonly stateBytes: number;
    readonly eventsSince: number;
    used?: boolean;
    reason?: string;
    differs?: string;
  }[];
  readonly problem?: { readonly version: number; readonly error: string };
}

let project: BankProject;

beforeEach(async () => {
  project = bankProject();
  await fillSqlite(project.path("bank.db"), 2, 30);
});

function inspect(...args: readonly string[]): Inspection {
  const { stdout } = eventfold(project.folder, ["inspect", "bank.db", "Account", ...args, "--json"]);
  return JSON.parse(stdout) as Inspection;
}

it("shows events, who and when, and the state after each", () => {
  const { status, stdout, stderr } = eventfold(project.folder, [
    "inspect",
    "bank.db",
    "Account",
    "a-000",
    "--limit",
    "3",
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Account\/a-000 is at version 30 and has 0 snapshots\.\n/);
  expect(stdout).toMatch(/ 28 {2}\d{4}-\S+Z {2}Deposited {2}ada {2}{"amount":28} {2}{"balance":406}\n/);
  expect(stdout).not.toContain('"amount":27');
  expect(stdout).toContain('State at version 30\n{\n  "balance": 465\n}');
});

it("cuts a large state on a terminal only", async () => {
  project.write(
    "account.ts",
    project.read("account.ts").replace("return { balance: state", "return { notes: 'x'.repeat(9_000), balance: state"),
  );
  const args = ["inspect", "bank.db", "Account", "a-000"];
  const { stdout } = eventfold(project.folder, args);
  expect(stdout).toContain(`State at version 30\n{\n  "notes": "${"x".repeat(9_000)}",\n  "balance": 465\n}\n`);
  const { text } = await new TerminalRun(project.folder, args).end();
  expect(text).toContain("… (--json prints all of it)\n");
  expect(text).not.toContain("x".repeat(4_001));
});

it("shows the state of an earlier version", () => {
  const { version, events, state } = inspect("a-000", "--at", "4", "--limit", "2");
  expect({ version, state }).toEqual({ version: 30, state: { balance: 10 } });
  expect(events.map((event) => [event.version, event.state])).toEqual([
    [3, { balance: 6 }],
    [4, { balance: 10 }],
  ]);
});

it("refuses a version that there is not", () => {
  const { status, stderr } = eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000", "--at", "31"]);
  expect(status).toBe(2);
  expect(stderr).toContain("Account/a-000 is at version 30: there is no version 31.");
});

it("says of each snapshot whether a load would use it, and why not", async () => {
  const storage = openSqlite(project.path("bank.db"));
  const { eventStore, snapshotStore } = storage;
  const accounts = new AggregateRepository(Account, { eventStore, snapshots: { store: snapshotStore } });
  await accounts.createSnapshot(await accounts.load("a-000"));
  const row = await snapshotStore.getSnapshot("a-000", "Account");
  const { version, createdAt, lastEventId, checksum, stateText } = row!;
  const of = { aggregateType: "Account", aggregateId: "a-000", schemaVersion: 1, fingerprint: "" };
  const same = { ...of, version, createdAt, lastEventId, checksum, stateText };
  await snapshotStore.saveSnapshot(new Snapshot({ ...same, schemaVersion: 2 }));
  await snapshotStore.saveSnapshot(new Snapshot({ ...same, fingerprint: "other" }));
  await snapshotStore.saveSnapshot(new Snapshot({ ...same, aggregateId: "a-001", stateText: '{"balance":7}' }));
  await storage.close();
  const verdicts = inspect("a-000").snapshots.map(({ schemaVersion, used, reason }) => [schemaVersion, used, reason]);
  expect(verdicts).toEqual([
    [1, true, undefined],
    [1, false, "fingerprint-mismatch"],
    [2, false, "schema-mismatch"],
  ]);
  expect(inspect("a-001").snapshots).toMatchObject([{ used: false, reason: "corrupt" }]);
});

it("says how many bytes a state has, and how many events came since", async () => {
  const storage = openSqlite(project.path("bank.db"));
  const fields = {
    aggregateType: "Account",
    aggregateId: "a-000",
    schemaVersion: 1,
    version: 28,
    state: { owner: "Zoë" },
  };
  await storage.snapshotStore.saveSnapshot(new Snapshot({ ...fields, createdAt: new Date() }));
  await storage.close();
  expect(inspect("a-000").snapshots).toMatchObject([{ stateBytes: 16, eventsSince: 2 }]);
});

it("never takes a state from a snapshot, and tells of one that is not what the events give", async () => {
  const storage = openSqlite(project.path("bank.db"));
  const { eventStore, snapshotStore } = storage;
  const forged = new AggregateRepository(MistakenAccount, { eventStore, snapshots: { store: snapshotStore } });
  await forged.createSnapshot(await forged.load("a-000"));
  await storage.close();
  const differing = { state: { balance: 465 }, snapshots: [{ used: true, differs: "state.balance" }] };
  expect(inspect("a-000")).toMatchObject(differing);
  expect(inspect("a-000", "--at", "4")).toMatchObject({ ...differing, state: { balance: 10 } });
  const { status, stdout } = eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000"]);
  expect(status).toBe(1);
  expect(stdout).toMatch(/ yes, but state\.balance is not what the events give\n/);
});

it("works without a configuration, and says what it cannot show", () => {
  const { status, stdout } = eventfold(project.folder, [
    "inspect",
    "bank.db",
    "Account",
    "a-000",
    "--config",
    "nothing.mjs",
  ]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  project.remove("eventfold.config.ts");
  const plain = eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000"]);
  expect(plain.status).toBe(0);
  expect(plain.stdout).toContain("No repository of Account is configured");
  expect(plain.stdout).toContain('{"amount":30}');
  expect(plain.stdout).not.toContain("balance");
});

it("ends with 1 for what is not there, and where the events do not fold", async () => {
  expect(eventfold(project.folder, ["inspect", "bank.db", "Account", "nobody"])).toMatchObject({
    status: 1,
    stdout: "Account/nobody has neither events nor snapshots here.\n",
  });
  project.write(
    "account.ts",
    project
      .read("account.ts")
      .replace(
        "return { balance: state",
        "if (event.version > 28) throw new Error('too rich'); return { balance: state",
      ),
  );
  const { status, stdout } = eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000"]);
  expect(status).toBe(1);
  expect(stdout).toContain("The events do not fold: version 29 fails with too rich");
  expect(inspect("a-000").events.at(-1)).toMatchObject({ version: 30 });
  expect(inspect("a-000")).not.toHaveProperty("state");
  project.write(
    "account.ts",
    project.read("account.ts").replace(/if \(event.version.*?;/, "if (event.version > 28) return;"),
  );
  expect(eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000"]).stdout).toMatch(
    /do not fold: version 29 fails with Stream Account\/a-000 has no state at version 29: evolve returned undefined/,
  );
});

describe("a damaged stream", () => {
  beforeEach(async () => {
    const storage = openSqlite(project.path("bank.db"));
    const { eventStore, snapshotStore } = storage;
    const accounts = new AggregateRepository(Account, { eventStore, snapshots: { store: snapshotStore } });
    await accounts.createSnapshot(await accounts.load("a-000"));
    await storage.close();
  });

  it.each([
    ["a version is missing", "DELETE FROM events WHERE aggregate_id = 'a-000' AND version = 12", 12],
    ["data is not JSON", "UPDATE events SET data = '{' WHERE aggregate_id = 'a-000' AND version = 12", 12],
    ["both", "UPDATE events SET data = '{' WHERE version = 29; DELETE FROM events WHERE version = 12", 12],
    ["its first version is missing", "DELETE FROM events WHERE aggregate_id = 'a-000' AND version = 1", 1],
    ["data at the snapshot is not JSON", "UPDATE events SET data = '{' WHERE version = 30", 30],
  ])("is shown up to the damage, with its snapshots: %s", (_, sql, damaged) => {
    const handle = new DatabaseSync(project.path("bank.db"));
    handle.exec(sql);
    handle.close();
    const { status, stdout, stderr } = eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toContain(`Stream Account/a-000 is damaged at version ${damaged}: `);
    const { version, events, problem, snapshots } = inspect("a-000", "--limit", "3");
    expect({ version, problem }).toMatchObject({ version: 30, problem: { version: damaged } });
    const shown = [damaged - 3, damaged - 2, damaged - 1].filter((each) => each > 0);
    expect(events.map((each) => each.version)).toEqual(shown);
    expect(events.at(-1)?.state).toEqual(damaged > 1 ? { balance: ((damaged - 1) * damaged) / 2 } : undefined);
    expect(snapshots).toMatchObject([{ version: 30, ...(damaged < 30 && { used: true }) }]);
    expect(snapshots[0]).not.toHaveProperty("differs");
  });

  it("is as it was at an earlier version", () => {
    const handle = new DatabaseSync(project.path("bank.db"));
    handle.exec("DELETE FROM events WHERE aggregate_id = 'a-000' AND version = 12");
    handle.close();
    const earlier = inspect("a-000", "--at", "11");
    expect(earlier).toMatchObject({ state: { balance: 66 } });
    expect(earlier).not.toHaveProperty("problem");
  });

  it("is shown without a configuration, too", () => {
    const handle = new DatabaseSync(project.path("bank.db"));
    handle.exec("DELETE FROM events WHERE aggregate_id = 'a-000' AND version = 28");
    handle.close();
    project.remove("eventfold.config.ts");
    const { events, problem } = inspect("a-000", "--limit", "4");
    expect(events.map(({ version }) => version)).toEqual([24, 25, 26, 27]);
    expect(problem).toMatchObject({ version: 28 });
  });
});

it("shows what events hold without letting it command the terminal", async () => {
  const storage = openSqlite(project.path("bank.db"));
  const stream = { aggregateType: "Account", aggregateId: "evil\u001b[2J" };
  const event = newEvent({ type: "Depo\u009bsited", data: { amount: 1, note: "\u202egnp" } });
  await storage.eventStore.append(stream, [event], { expectedVersion: 0 });
  await storage.close();
  const run = new TerminalRun(project.folder, ["inspect", "bank.db", "Account", stream.aggregateId], { columns: 200 });
  const { text } = await run.end();
  for (const command of ["\u001b[2J", "\u009b", "\u202e"]) expect(run.output).not.toContain(command);
  expect(text).toContain("Account/evil\\x1b[2J");
  expect(text).toContain("Depo\\x9bsited");
});
