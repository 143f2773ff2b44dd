import { existsSync, readdirSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { bankProject, fillSqlite } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

describe("help", () => {
  it("of every command shows an example and the exit codes", () => {
    const { stdout: overview } = eventfold(".", ["--help"]);
    const commands = [...overview.matchAll(/^ {2}([a-z]+) .* {2}/gm)].map(([, name = ""]) => name);
    expect(commands).toEqual(
      expect.arrayContaining(["health", "advise", "inspect", "tail", "verify", "warm", "prune", "erase", "migrate"]),
    );
    for (const command of commands.filter((name) => name !== "help")) {
      const { status, stdout, stderr } = eventfold(".", [command, "--help"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`Examples:\\n  eventfold ${command}`));
      expect(stdout).toContain("Exit codes:\n  0    all is well\n");
      expect(stdout).toContain("--json");
    }
  });
});

it.each(["--version", "version"])("tells its version: %s", (argument) => {
  expect(eventfold(".", [argument])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/),
  });
});

it.each(["18.20.8", "20.20.2", "22.12.0"])("says on Node.js %s which one it needs, and loads nothing there", (node) => {
  const pretended = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } })`;
  const env = { NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(pretended)}"` };
  const oldest = manifest.engines.node.replace(">=", "");
  expect(eventfold(".", ["health", "bank.db"], env)).toEqual({
    status: 2,
    stdout: "",
    stderr: `eventfold: This is Node.js ${node}. Eventfold needs ${oldest} or later.\n`,
  });
});

describe("a database that is not there", () => {
  it("is exit code 3, and is not made", () => {
    const { folder, path } = bankProject();
    const { status, stdout, stderr } = eventfold(folder, ["verify", "bank.db"]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toContain("There is no file bank.db.");
    expect(existsSync(path("bank.db"))).toBe(false);
  });

  it("gets no tables from a command that needs them", () => {
    const { folder, path, write } = bankProject();
    write("bank.db", "");
    const { status, stderr } = eventfold(folder, ["warm", "bank.db"]);
    expect(status).toBe(3);
    expect(stderr).toContain("bank.db has no tables of Eventfold.");
    expect(statSync(path("bank.db")).size).toBe(0);
  });

  it("is told from a file of something else", () => {
    const { folder } = bankProject();
    const { status, stderr } = eventfold(folder, ["verify", "account.ts"]);
    expect(status).toBe(3);
    expect(stderr).toContain("account.ts cannot be used: file is not a database");
  });
});

describe("wrong use", () => {
  it.each([
    ["a command", ["nope"], "unknown command 'nope'"],
    ["help", ["help", "inspct"], "unknown command 'inspct'\n(Did you mean inspect?)"],
    ["an option", ["health", "bank.db", "--nope"], "unknown option '--nope'"],
    ["a type of ids", ["migrate", "bank.db", "--aggregate-id-type", "uuid"], "--aggregate-id-type is of PostgreSQL"],
  ])("of %s is exit code 2, named by the program", (_, args, message) => {
    const { folder, path } = bankProject();
    const { status, stdout, stderr } = eventfold(folder, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.startsWith(`eventfold: ${message}`)).toBe(true);
    expect(existsSync(path("bank.db"))).toBe(false);
  });

  it.each(["inspect", "erase"])("of %s with type/id, as output has it, is told how to write it", (command) => {
    const { status, stderr } = eventfold(".", [command, "./bank.db", "Order/o 5"]);
    expect(status).toBe(2);
    expect(stderr).toContain("eventfold: missing required argument 'ID'\nType and id are two words: Order 'o 5'\n");
    expect(eventfold(".", [command, "./bank.db", "Order"]).stderr).not.toContain("two words");
  });

  it("is none of help", () => {
    for (const args of [["help"], ["help", "health"]]) {
      expect(eventfold(".", args)).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining("Usage:") });
    }
  });
});

describe("a type that is not there", () => {
  it.each<[number, ...string[]]>([
    [1, "inspect", "bank.db", "Acount", "a-000"],
    [1, "inspect", "bank.db", "Acount", "a-000", "--json"],
    [1, "erase", "bank.db", "Acount", "a-000", "--events", "--yes"],
    [1, "prune", "bank.db", "Acount", "--dormant", "1", "--yes"],
    [1, "health", "bank.db", "--type", "Acount"],
    [1, "advise", "bank.db", "--type", "Acount", "--json"],
    [1, "tail", "bank.db", "--type", "Acount", "--once"],
  ])("ends with %d and names those that are: %s", async (expected, ...args) => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    const { status, stderr } = eventfold(folder, args);
    expect({ status, stderr }).toEqual({
      status: expected,
      stderr: "No events of type Acount in bank.db. Types there: Account.\n",
    });
  });
});

describe("a password", () => {
  it.each([
    ["that the server is not asked for", "postgres://app:s3cret@localhost:1/bank"],
    ["that is not encoded", "postgres://app:s3cret#s3cret@localhost:1/bank"],
    ["that is encoded", "postgres://app:%73%33cret@localhost:1/bank"],
    ["among the parameters", "postgres://localhost:1/bank?user=app&password=s3cret"],
    ["of another database", "mysql://app:s3cret@localhost/bank"],
  ])("%s is not printed", (_, url) => {
    const { folder } = bankProject();
    for (const args of [
      ["verify", url],
      ["verify", url, "too", "many"],
      ["migrate", url],
    ]) {
      const { status, stdout, stderr } = eventfold(folder, args);
      expect([2, 3]).toContain(status);
      expect(stderr).not.toBe("");
      expect(stdout + stderr).not.toMatch(/s3cret|%73/);
    }
  });
});

describe("what is printed", () => {
  it("is pure JSON on standard output, whatever the user's modules print", async () => {
    const { folder, path, write } = bankProject();
    write("eventfold.config.mjs", 'console.log("loading");\nexport { default } from "./eventfold.config.ts";');
    await fillSqlite(path("bank.db"), 3, 12);
    const { status, stdout, stderr } = eventfold(folder, [
      "warm",
      "bank.db",
      "--json",
      "--config",
      "eventfold.config.mjs",
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, types: [{ aggregateType: "Account", written: 3 }] });
    expect(stderr).toBe("loading\n");
  });

  it("has colors on a terminal, none with NO_COLOR, and none elsewhere", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    const colored = new TerminalRun(folder, ["verify", "bank.db"]);
    await colored.end();
    expect(colored.output).toContain("\u001b[1mType");
    const plain = new TerminalRun(folder, ["verify", "bank.db"], { env: { NO_COLOR: "1", FORCE_COLOR: "1" } });
    await plain.end();
    expect(plain.output).not.toContain("\u001b[1m");
    expect(eventfold(folder, ["verify", "bank.db"]).stdout).not.toContain("\u001b");
  });

  it("leaves a database that was only read as it was", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 2, 12);
    const before = readdirSync(folder);
    expect(eventfold(folder, ["verify", "bank.db"])).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe("the configuration", () => {
  it("says what it should look like when there is none", async () => {
    const { folder, path, write } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    expect(eventfold(folder, ["warm", "bank.db", "--config", "none.ts"]).stderr).toContain("There is no file none.ts.");
    const empty = eventfold(folder, ["warm", path("bank.db"), "--config", path("empty.ts")]);
    expect(empty.status).toBe(2);
    write("empty.ts", "export default {};");
    const { status, stderr } = eventfold(folder, ["warm", "bank.db", "--config", "empty.ts"]);
    expect(status).toBe(2);
    expect(stderr).toContain("empty.ts must export by default { repositories: ");
  });

  it("holds nothing that is not known, unless it is a module without a default export", async () => {
    const { folder, path, write } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    write("more.ts", "export default { repositories: () => [], tresholds: {} };");
    const { status, stderr } = eventfold(folder, ["health", "bank.db", "--config", "more.ts"]);
    expect(status).toBe(2);
    expect(stderr).toContain("more.ts: Option tresholds is not known. Known: repositories.\n");
    write("named.ts", "export const repositories = () => [];\nexport const mine = 1;");
    expect(eventfold(folder, ["health", "bank.db", "--config", "named.ts"]).status).toBe(0);
  });

  it("is TypeScript as people write it: other endings, none, and paths", async () => {
    const { folder, path } = bankProject({
      "tsconfig.json": '{ "compilerOptions": { "paths": { "@bank/*": ["./*"] } } }',
      "eventfold.config.ts": `
        import { AggregateRepository } from "eventfold";
        import { defineConfig, type ConfigStorage } from "eventfold/config";
        import { Account } from "@bank/account";
        import { threshold } from "./settings.js";
        import { nothing } from "./nothing";
        nothing satisfies undefined;
        export default defineConfig({
          repositories: ({ eventStore, snapshotStore: store }: ConfigStorage) => [
            new AggregateRepository(Account, { eventStore, snapshots: { store, threshold } }),
          ],
        });`,
      "settings.ts": "export const threshold: number = 5;",
      "nothing.ts": "export const nothing: undefined = undefined;",
    });
    await fillSqlite(path("bank.db"), 2, 6);
    const { status, stdout, stderr } = eventfold(folder, ["warm", "bank.db", "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ types: [{ written: 2 }] });
  });

  it("loads also where hooks run beside the thread, as on Node.js 22.13", async () => {
    const { folder, path, read, write } = bankProject({
      "without-hooks.mjs": 'import module from "node:module"; module.registerHooks = undefined;',
    });
    write("other.ts", read("eventfold.config.ts"));
    write("eventfold.config.ts", 'export { default } from "./other.js";');
    await fillSqlite(path("bank.db"), 2, 12);
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(path("without-hooks.mjs")).href} --no-deprecation` };
    const { status, stdout, stderr } = eventfold(folder, ["warm", "bank.db", "--json"], env);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ types: [{ written: 2 }] });
  });

  it("names the place where it throws", async () => {
    const { folder, path, read, write } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    const config = read("eventfold.config.ts");
    write("eventfold.config.ts", config.replace("=> [", "=> [\n  (undefined as any).nope,"));
    expect(eventfold(folder, ["warm", "bank.db"])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^eventfold: repositories\(\) of .* failed: .*'nope'\) \(eventfold\.config\.ts:7:\d+\)\n/,
      ),
    });
    write("account.ts", `${read("account.ts")}\nthrow new Error("nope");`);
    expect(eventfold(folder, ["warm", "bank.db"]).stderr).toMatch(/does not load: nope \(account\.ts:11:\d+\)\n/);
  });

  it("names the file whose TypeScript is more than types", async () => {
    const { folder, path, write } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    write("account.ts", "export enum Account { A }");
    const { status, stderr } = eventfold(folder, ["warm", "bank.db"]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/eventfold\.config\.ts does not load: .*account\.ts: .*enum.* Only types can be taken away/);
  });
});
