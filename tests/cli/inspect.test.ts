import { DatabaseSync } from "node:sqlite";
import { AggregateRepository, newEvent, Snapshot } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { beforeEach, expect, it } from "vitest";
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

it("never takes a state from a snapshot", async () => {
  const storage = openSqlite(project.path("bank.db"));
  const { eventStore, snapshotStore } = storage;
  const forged = new AggregateRepository(MistakenAccount, { eventStore, snapshots: { store: snapshotStore } });
  await forged.createSnapshot(await forged.load("a-000"));
  await storage.close();
  expect(inspect("a-000")).toMatchObject({ state: { balance: 465 }, snapshots: [{ used: true }] });
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
});

it("names the damaged version of a stream", () => {
  const handle = new DatabaseSync(project.path("bank.db"));
  handle.exec("DELETE FROM events WHERE aggregate_id = 'a-000' AND version = 12");
  handle.close();
  const { status, stderr } = eventfold(project.folder, ["inspect", "bank.db", "Account", "a-000"]);
  expect(status).toBe(1);
  expect(stderr).toContain("Stream Account/a-000 is damaged at version 12");
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
