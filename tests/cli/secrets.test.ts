import { spawnSync } from "node:child_process";
import { describe, expect, inject, it } from "vitest";
import { quoted } from "../../src/cli/command-line.ts";
import { unprintable } from "../../src/cli/terminal.ts";
import { freshSchema } from "../setup/postgres.ts";
import { bankProject, fillPostgres } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

function withPassword(url: string, password: string, user = "postgres"): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

describe("a password that is an ordinary word", async () => {
  const { url } = await freshSchema();

  it.each(["postgres", "localhost", "postgresql", "host", "migrate", "b"])(
    "as %s leaves the command to type as it is",
    (password) => {
      const { stderr } = eventfold(bankProject().folder, ["tail", withPassword(url, password)]);
      const name = withPassword(url, "***").replaceAll("'", "'\\''");
      expect(stderr).toContain(`eventfold: ${withPassword(url, "***")} has no tables of Eventfold.`);
      expect(stderr).toContain(`eventfold migrate '${name}' (put the password back) makes them.`);
    },
  );

  it.each(["app", "exi", "role-of", "tabas"])("as %s leaves what a driver says as it is", (password) => {
    const { status, stderr } = eventfold(bankProject().folder, ["tail", withPassword(url, password, "app")]);
    expect(status).toBe(3);
    expect(stderr).toContain("app:***@");
    expect(stderr).toContain('cannot be used: role "app" does not exist');
  });

  it("is told from the other words of a command to go on with", async () => {
    const { url: filled } = await freshSchema();
    await fillPostgres(filled, 1, 1);
    const args = ["tail", withPassword(filled, "tail"), "--from", "1", "--type", "Account"];
    const run = new TerminalRun(bankProject().folder, args, { columns: 400 });
    await run.shows("Account/a-000@1");
    run.type("\u0003");
    const { text } = await run.end();
    expect(text).toContain(
      "Stopped. Go on with (put the password back):\n  eventfold tail 'postgresql://postgres:***@",
    );
    expect(text).toMatch(/' --from \d+ --type Account\n/);
  });

  it("is masked as a whole word where a driver or the user's modules repeat it", () => {
    const { folder, write } = bankProject();
    write(
      "leaking.ts",
      'export const repositories = () => { throw new Error("word: swordfish, swordfishes; $wordfish!"); };',
    );
    const args = ["--config", "leaking.ts"];
    const server = inject("postgresUrl");
    expect(eventfold(folder, ["migrate", server]).status).toBe(0);
    const whole = eventfold(folder, ["health", withPassword(server, "swordfish"), ...args]);
    expect(whole.stderr).toContain("word: ***, swordfishes; $wordfish!");
    const odd = eventfold(folder, ["health", withPassword(server, "$wordfish!"), ...args]);
    expect(odd.stderr).toContain("word: swordfish, swordfishes; ***");
  });
});

describe("a URL that can be read in two ways", () => {
  it.each([
    "postgres://app:pa@Hunter2secret/x@localhost/bank",
    "postgres://app:pa@Hunter2secret@localhost/bank",
    "postgres://app:1?Hunter2secret@localhost/bank",
    "postgres://app:1/Hunter2secret@localhost/bank",
  ])("as %s is refused before any part of it is looked up", (url) => {
    for (const command of ["health", "migrate"]) {
      const { status, stdout, stderr } = eventfold(bankProject().folder, [command, url]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain("%2F %3A %40 %23 %3F %25");
      expect(stderr).not.toMatch(/Hunter2|secret/);
    }
  });

  it("is none with an @ in a parameter, where there is no password", () => {
    const { status, stderr } = eventfold(bankProject().folder, [
      "health",
      "postgres://app@localhost:1/bank?application_name=a@b",
    ]);
    expect(status).toBe(3);
    expect(stderr).toContain("application_name=a@b cannot be used");
  });
});

describe("connection parameters as libpq has them", () => {
  it.each([
    "host=localhost user=app password=s3cret dbname=bank",
    "password = s3cret host=localhost",
    "host=localhost password='s3cret s3cret\\'s3cret' dbname=bank",
  ])("as %s are refused without their password", (parameters) => {
    const { status, stdout, stderr } = eventfold(bankProject().folder, ["health", parameters]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("postgres://user:password@host:5432/database");
    expect(stderr).not.toContain("s3cret");
  });

  it("are no file either", () => {
    const { stderr } = eventfold(bankProject().folder, ["health", "bank password=abc"]);
    expect(stderr).toContain("There is no file bank password=***.");
  });
});

describe("a command to type", () => {
  it("begins with npx where it was run by npx", () => {
    const { folder, write } = bankProject();
    write("bank.db", "");
    const npx = eventfold(folder, ["warm", "bank.db"], { npm_command: "exec" });
    expect(npx.stderr).toContain("npx eventfold migrate bank.db makes them.");
    const missing = eventfold(folder, ["warm", "the bank.db"], { npm_command: "exec" });
    expect(missing.stderr).toContain("There is no file the bank.db. (npx eventfold migrate 'the bank.db' makes");
    expect(eventfold(folder, ["warm", "bank.db"]).stderr).not.toContain("npx");
  });

  it.each(["T\u001b]0;it's\u0007\\\u202eba", "\u009b1", "\u007f\n", "it's", "$HOME `x` é\u2028", "-"])(
    "shows no control characters, and means %j to a shell",
    (id) => {
      const word = quoted(id);
      expect(unprintable(word)).toBe(false);
      const { stdout } = spawnSync("bash", ["-c", `printf %s ${word}`], { encoding: "utf8" });
      expect(stdout).toBe(id);
    },
  );
});
