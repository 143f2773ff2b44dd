import { ConfigurationError } from "eventfold";
import { checkFolds, updateFoldLock } from "eventfold/check";
import { describe, expect, it } from "vitest";
import { bank, type Files, ProjectFolder } from "./project-folder.ts";

const LOCK = "eventfold.lock.json";

async function recorded(files: Files = bank): Promise<ProjectFolder> {
  const project = new ProjectFolder(files);
  const { findings } = await updateFoldLock({ root: project.root });
  expect(findings).toEqual([]);
  return project;
}

async function findingsOf(project: ProjectFolder, files?: readonly string[]) {
  const { findings } = await checkFolds({ root: project.root, ...(files && { files }) });
  return findings;
}

async function codesOf(project: ProjectFolder, files?: readonly string[]) {
  return (await findingsOf(project, files)).map(({ code }) => code);
}

describe("a recorded fold", () => {
  it("is fine as it was recorded", async () => {
    const project = await recorded();
    const report = await checkFolds({ root: project.root });
    expect(report).toMatchObject({ ok: true, findings: [], notices: [] });
    expect(report.aggregates).toMatchObject([
      { aggregateType: "Account", schemaVersion: 1, declaredIn: "src/account.ts: Account", declarationsReached: 5 },
    ]);
  });

  it("fails when a helper that a reducer imports changed, and names it", async () => {
    const project = await recorded();
    project.edit("src/money.ts", "Math.round", "Math.floor");
    const [finding, ...others] = await findingsOf(project);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "fold-changed", aggregateType: "Account" });
    expect(finding!.advice).toContain("set schemaVersion to 2");
    expect(finding!.changes).toEqual([
      {
        change: "changed",
        declaration: "src/money.ts: roundHalfEven",
        reachedThrough: ["Account.evolve", "Account.plus"],
      },
    ]);
  });

  it("fails when a case is added, since histories may hold events of that type that were ignored", async () => {
    const project = await recorded();
    project.edit("src/account.ts", 'case "Deposited":', 'case "Renamed": return state;\ncase "Deposited":');
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "fold-changed" });
    expect(finding!.advice).toContain("a case for an event type that no stored history holds");
  });

  it("fails when a declaration joins or leaves what is reached", async () => {
    const project = await recorded();
    project.edit("src/account.ts", "return roundHalfEven(", "return Number(");
    const [finding] = await findingsOf(project);
    expect(finding!.changes.map(({ change, declaration }) => `${change} ${declaration}`)).toEqual([
      "changed src/account.ts: Account.plus",
      "removed src/money.ts: SCALE",
      "removed src/money.ts: roundHalfEven",
    ]);
  });

  it("fails when two imports trade places, though no text that is reached changed", async () => {
    const project = await recorded({
      ...bank,
      "src/account.ts": bank["src/account.ts"]!.replace(
        "roundHalfEven(balance + amount)",
        "roundHalfEven(format(balance))",
      ),
    });
    project.edit("src/account.ts", "{ format, roundHalfEven }", "{ format as roundHalfEven, roundHalfEven as format }");
    const [finding] = await findingsOf(project);
    expect(finding!.changes).toMatchObject([{ change: "rebound", declaration: "src/account.ts: Account" }]);
  });

  it("is fine when its code moved to another file unchanged", async () => {
    const project = await recorded();
    project.write("src/amounts/rounding.ts", project.read("src/money.ts"));
    project.remove("src/money.ts");
    project.edit("src/account.ts", "./money.ts", "./amounts/rounding.ts");
    expect(await findingsOf(project)).toEqual([]);
  });
});

describe("the schema version", () => {
  it("is to be recorded when it was raised together with the fold, so that the next change is not missed", async () => {
    const project = await recorded();
    project.edit("src/money.ts", "Math.round", "Math.floor");
    project.edit("src/account.ts", "schemaVersion = 1", "schemaVersion = 2");
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "schema-version-changed" });
    expect(finding!.message).toContain("raised from 1 to 2");
    await updateFoldLock({ root: project.root });
    expect(await findingsOf(project)).toEqual([]);
    project.edit("src/money.ts", "Math.floor", "Math.ceil");
    expect(await codesOf(project)).toEqual(["fold-changed"]);
  });

  it("may go back to an earlier one together with the fold of then", async () => {
    const project = await recorded();
    project.edit("src/money.ts", "Math.round", "Math.floor");
    project.edit("src/account.ts", "schemaVersion = 1", "schemaVersion = 2");
    await updateFoldLock({ root: project.root });
    project.edit("src/money.ts", "Math.floor", "Math.round");
    project.edit("src/account.ts", "schemaVersion = 2", "schemaVersion = 1");
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "schema-version-changed" });
    expect(finding!.message).toContain("lowered from 2 to 1");
  });

  it("may not go back to an earlier one with another fold, whose snapshots may still be stored", async () => {
    const project = await recorded();
    project.edit("src/money.ts", "Math.round", "Math.floor");
    project.edit("src/account.ts", "schemaVersion = 1", "schemaVersion = 2");
    await updateFoldLock({ root: project.root });
    project.edit("src/account.ts", "schemaVersion = 2", "schemaVersion = 1");
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "schema-version-reused" });
    expect(finding!.advice).toContain("Set schemaVersion to 3");
  });

  it("is found in a constant, and is 1 where none is declared", async () => {
    const project = await recorded();
    project.edit("src/account.ts", "static readonly schemaVersion = 1;", "");
    expect(await findingsOf(project)).toEqual([]);
    project.write("src/versions.ts", "export const versions = { account: 1 } as const;");
    project.edit("src/account.ts", "import { format", 'import { versions } from "./versions.ts";\nimport { format');
    project.edit("src/account.ts", '"Account";', '"Account";\nstatic schemaVersion = versions.account;');
    expect(await findingsOf(project)).toEqual([]);
    project.edit("src/versions.ts", "account: 1", "account: 2");
    expect(await codesOf(project)).toEqual(["schema-version-changed"]);
  });

  it("has to be written out", async () => {
    const project = await recorded();
    project.edit("src/account.ts", "schemaVersion = 1", "schemaVersion = Number(process.env.V)");
    expect(await codesOf(project)).toEqual(["schema-version-not-literal", "aggregate-missing"]);
  });
});

describe("the lock file", () => {
  it("is missing at first", async () => {
    const [finding] = await findingsOf(new ProjectFolder(bank));
    expect(finding).toMatchObject({ code: "lock-file-missing" });
    expect(finding!.advice).toContain("(Account), run `eventfold check --update`");
  });

  // These hashes change with the rules of hashing or with the parser: then raise LOCK_VERSION, so that people are told.
  it("is the same for the same sources, one line for each declaration", async () => {
    const project = await recorded();
    expect(project.read(LOCK)).toMatchInlineSnapshot(`
      "{
        "lockVersion": 1,
        "aggregates": {
          "Account": {
            "schemaVersion": 1,
            "folds": {
              "1": "f8177635f96b43380cca65269a1d065be0e65fa8497200d8f347daa3d9632a8d"
            },
            "reached": {
              "src/account.ts: Account.evolve": "4d17639899cd64ef",
              "src/account.ts: Account.initialState": "4c4978e560d08c6b",
              "src/account.ts: Account.plus": "08bd7ea9b262201d",
              "src/money.ts: SCALE": "cf125f53ebd1698f",
              "src/money.ts: roundHalfEven": "6e551590b530803b"
            },
            "packages": []
          }
        }
      }
      "
    `);
    const text = project.read(LOCK);
    expect((await updateFoldLock({ root: project.root })).written).toBe(false);
    expect(project.read(LOCK)).toBe(text);
  });

  it.each([
    ["<<<<<<< HEAD\n{}", "conflict markers"],
    ["{", "is no JSON"],
    ["{}", "has lockVersion undefined"],
    ['{ "lockVersion": 99, "aggregates": {} }', "has lockVersion 99"],
    ['{ "lockVersion": 1, "aggregates": { "Account": {} } }', "has no complete list"],
  ])("is never overwritten when it cannot be read: %j", async (text, problem) => {
    const project = new ProjectFolder({ ...bank, [LOCK]: text });
    const update = await updateFoldLock({ root: project.root });
    expect(update).toMatchObject({ ok: false, written: false, accepted: [] });
    expect(update.findings).toMatchObject([{ code: "lock-file-unreadable" }]);
    expect(update.findings[0]!.message).toContain(problem);
    expect(project.read(LOCK)).toBe(text);
  });

  it("may stand elsewhere", async () => {
    const project = new ProjectFolder(bank);
    await updateFoldLock({ root: project.root, lockFile: "config/folds.json" });
    expect(project.read("config/folds.json")).toContain("../src/money.ts: SCALE");
    expect((await checkFolds({ root: project.root, lockFile: "config/folds.json" })).ok).toBe(true);
  });

  it("knows when an aggregate joined or left", async () => {
    const project = await recorded();
    project.write("src/ledger.ts", bank["src/account.ts"]!.replace('"Account"', '"Ledger"'));
    expect(await findingsOf(project)).toMatchObject([{ code: "aggregate-not-recorded", aggregateType: "Ledger" }]);
    const { accepted } = await updateFoldLock({ root: project.root });
    expect(accepted).toMatchObject([{ code: "aggregate-not-recorded", aggregateType: "Ledger" }]);
    project.remove("src/ledger.ts");
    expect(await findingsOf(project)).toMatchObject([{ code: "aggregate-missing", aggregateType: "Ledger" }]);
  });
});

describe("what stands in the way of knowing", () => {
  it("is a type of two aggregates, and nothing is recorded meanwhile", async () => {
    const project = await recorded();
    project.write("src/copy.ts", bank["src/account.ts"]!.replace("class Account", "class Copy"));
    const { findings, written } = await updateFoldLock({ root: project.root });
    expect(written).toBe(false);
    expect(findings).toMatchObject([{ code: "type-duplicated", aggregateType: "Account" }]);
    expect(findings[0]!.message).toContain("src/account.ts: Account and src/copy.ts: Copy");
  });

  it("is a type that is not written out", async () => {
    const project = new ProjectFolder(bank);
    project.edit("src/account.ts", '= "Account"', "= process.env.TYPE");
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "type-not-literal" });
    expect(finding!.message).toContain("src/account.ts: Account");
  });

  it("is a class without a type, unless others extend it", async () => {
    const project = new ProjectFolder(bank);
    project.edit("src/account.ts", 'static readonly aggregateType = "Account";', "");
    expect(await codesOf(project)).toContain("type-missing");
    project.write(
      "src/saving.ts",
      'import { Account } from "./account.ts"; export class Saving extends Account { static readonly aggregateType = "Saving"; }',
    );
    expect(await codesOf(project)).toEqual(["lock-file-missing"]);
  });

  it("is a file that is no TypeScript", async () => {
    const project = await recorded();
    project.write("src/broken.ts", "export const = 1;");
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "source-unreadable" });
    expect(finding!.message).toMatch(/src\/broken\.ts cannot be read: .*\(1:13\)/);
  });

  it("is an import that leads nowhere, where the fold reaches it", async () => {
    const project = await recorded();
    project.edit("src/account.ts", "import { format", 'import { log } from "@/logging";\nimport { format');
    expect(await findingsOf(project)).toEqual([]);
    project.edit("src/account.ts", "return roundHalfEven(", "log(); return roundHalfEven(");
    const [finding] = await findingsOf(project);
    expect(finding).toMatchObject({ code: "import-unresolved", aggregateType: "Account" });
    expect(finding!.message).toContain('"@/logging", which src/account.ts imports');
  });

  it("is a file that the fold reaches and that is no TypeScript", async () => {
    const project = await recorded();
    project.edit("src/money.ts", "Math.round(", "Math.round((");
    const found = await findingsOf(project, ["src/account.ts"]);
    expect(found.map(({ code }) => code)).toContain("import-unresolved");
    expect(found[0]!.message).toMatch(/"\.\/money\.ts", which .* cannot be read \(.*\(\d+:\d+\)\)/);
  });

  it("is a project without aggregates", async () => {
    const project = new ProjectFolder({ "src/money.ts": bank["src/money.ts"]! });
    expect(await codesOf(project)).toContain("no-aggregates");
  });

  it("is a glob that matches nothing, which is wrong use", async () => {
    const project = new ProjectFolder(bank);
    await expect(checkFolds({ root: project.root, files: ["lib/**"] })).rejects.toThrow(ConfigurationError);
  });
});

describe("the files", () => {
  it("are those below src without tests, or globs, folders and files", async () => {
    const copy = bank["src/account.ts"]!.replaceAll("./money.ts", "../src/money.ts");
    const project = await recorded({
      ...bank,
      "src/account.test.ts": bank["src/account.ts"]!,
      "lib/ledger.ts": copy.replace('"Account"', '"Ledger"'),
    });
    expect(await findingsOf(project)).toEqual([]);
    expect(await findingsOf(project, ["src/account.ts"])).toEqual([]);
    expect(await codesOf(project, ["src", "lib/*.ts", "!**/*.test.ts"])).toEqual(["aggregate-not-recorded"]);
  });
});

it("checks a project of 300 files in less than two seconds of work", async () => {
  const files: Record<string, string> = {};
  for (let index = 0; index < 150; index++) {
    files[`src/m${index}/money.ts`] = bank["src/money.ts"]! + filler(index);
    files[`src/m${index}/account.ts`] =
      bank["src/account.ts"]!.replace('"Account"', `"Account${index}"`) + filler(index);
  }
  const project = new ProjectFolder(files);
  // Of this process, so that what else the machine does has no part in it.
  const startedAt = process.cpuUsage();
  const { aggregates } = await checkFolds({ root: project.root });
  expect(aggregates).toHaveLength(150);
  const { user, system } = process.cpuUsage(startedAt);
  expect((user + system) / 1_000).toBeLessThan(2_000);
});

/** Some 100 lines of code that no fold reaches. */
function filler(seed: number): string {
  return Array.from(
    { length: 25 },
    (_, index) => `
    export function other${index}(rows: readonly { id: string; total: number }[]): number {
      return rows.filter(({ id }) => id !== "${seed}").reduce((sum, { total }) => sum + total * ${index}, 0);
    }`,
  ).join("\n");
}
