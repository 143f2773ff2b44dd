import { join } from "node:path";
import type { FoldReport } from "eventfold/check";
import { describe, expect, it } from "vitest";
import { bank, ProjectFolder } from "../check/project-folder.ts";
import { type Ended, installEventfold, eventfold as run } from "./installed.ts";

installEventfold();

function eventfold(project: ProjectFolder, ...args: readonly string[]): Ended {
  return run(project.root, args);
}

describe("eventfold check", () => {
  it("asks for a lock file, writes it, and is content", () => {
    const project = new ProjectFolder(bank);
    const lockFile = join(project.root, "eventfold.lock.json");
    const before = eventfold(project, "check");
    expect(before).toMatchObject({ status: 1, stderr: "" });
    expect(before.stdout).toContain(`✗ ${lockFile} does not exist.`);
    expect(eventfold(project, "check", "--update")).toEqual({
      status: 0,
      stdout: `✓ recorded 1 aggregate in ${lockFile}, which is new: commit it.\n`,
      stderr: "",
    });
    expect(eventfold(project, "check", "--update").stdout).toBe(`${lockFile} is up to date (1 aggregate).\n`);
    expect(eventfold(project, "check")).toEqual({
      status: 0,
      stdout: "1 aggregate checked, each fold as recorded.\n",
      stderr: "",
    });
  });

  it("fails when a helper that a reducer imports changed, says where, and passes once that is accepted", () => {
    const project = new ProjectFolder(bank);
    eventfold(project, "check", "--update");
    project.edit("src/money.ts", "Math.round", "Math.floor");
    const { status, stdout, stderr } = eventfold(project, "check");
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toBe(`✗ The fold of Account (src/account.ts: Account) changed, and its schemaVersion is 1 as before.
    src/money.ts: roundHalfEven, reached by Account.evolve through Account.plus: changed
  Snapshots that are stored hold what the old fold computed. If any history could give another state now, set \
schemaVersion to 2. If none could (the same computed in other words, or a case for an event type that no stored history \
holds), leave it as it is. Then run \`eventfold check --update\` and commit the lock file.

1 aggregate checked, 1 finding.
`);
    expect(eventfold(project, "check", "--update")).toMatchObject({ status: 0 });
    expect(eventfold(project, "check")).toMatchObject({ status: 0 });
  });

  it("prints its report as JSON", () => {
    const project = new ProjectFolder(bank);
    eventfold(project, "check", "--update");
    project.edit("src/money.ts", "Math.round", "Math.floor");
    const { status, stdout } = eventfold(project, "check", "--json");
    expect(status).toBe(1);
    const report = JSON.parse(stdout) as FoldReport;
    expect(report).toMatchObject({ ok: false, aggregates: [{ aggregateType: "Account" }], notices: [] });
    expect(report.findings[0]).toMatchObject({
      code: "fold-changed",
      aggregateType: "Account",
      changes: [{ change: "changed", declaration: "src/money.ts: roundHalfEven" }],
    });
  });

  it("takes files and another lock file", () => {
    const project = new ProjectFolder(bank);
    expect(eventfold(project, "check", "src/account.ts", "--lock", "folds.json", "--update")).toMatchObject({
      status: 0,
    });
    expect(project.read("folds.json")).toContain("roundHalfEven");
  });

  it("leaves the lock file alone while something has to be mended", () => {
    const project = new ProjectFolder(bank);
    eventfold(project, "check", "--update");
    project.write("src/copy.ts", bank["src/account.ts"]!);
    const { status, stdout } = eventfold(project, "check", "--update");
    expect(status).toBe(1);
    expect(stdout).toContain(
      "✗ Aggregate type Account is declared by src/account.ts: Account and src/copy.ts: Account.",
    );
    expect(stdout).toContain("was left as it was.");
  });
});

describe("wrong use", () => {
  it.each([
    [["check", "--frobnicate"], "--frobnicate"],
    [["check", "lib/**"], "lib/**"],
    [["frobnicate"], "unknown command 'frobnicate'"],
  ])("%j exits with 2 and says how it is meant", (args, problem) => {
    const { status, stdout, stderr } = eventfold(new ProjectFolder(bank), ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(problem);
    expect(stderr).toContain("Usage: eventfold");
  });

  it("without a command is the same, and help is no wrong use", () => {
    const project = new ProjectFolder(bank);
    expect(eventfold(project)).toMatchObject({ status: 2, stderr: expect.stringContaining("Usage: eventfold") });
    expect(eventfold(project, "--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("check") });
    expect(eventfold(project, "check", "--help")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Exit codes:\n {2}0 .*\n {2}1 {4}something was found\n {2}2 /),
    });
  });
});
