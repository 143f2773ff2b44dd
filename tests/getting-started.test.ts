import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { bankProject } from "./cli/bank-project.ts";
import { eventfold, installEventfold } from "./cli/installed.ts";

installEventfold();

const root = join(import.meta.dirname, "..");
const guide = readFileSync(join(root, "docs/getting-started.md"), "utf8");

function blocks(info: RegExp): string[] {
  return [...guide.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)]
    .filter(([, of = ""]) => info.test(of))
    .map(([, , code = ""]) => code);
}

it("gives a tsconfig.json that suits all of the guide, and the configuration that the command line proposes", () => {
  const [configuration = "", ...others] = blocks(/^json$/);
  expect(others).toEqual([]);
  const steps = blocks(/^ts( continue)?$/);
  const [events = "", aggregate = ""] = steps;
  const project = bankProject({
    "tsconfig.json": configuration,
    "main.ts": steps.slice(0, -1).join("\n"),
    "counter.test.ts": steps.at(-1) ?? "",
  });
  for (const file of ["account.ts", "eventfold.config.ts"]) project.remove(file);
  mkdirSync(project.path("src"));
  project.write("src/account.ts", `${events}\n${aggregate.replace("class Account", "export class Account")}`);
  expect(run(project.folder, "main.ts")).toEqual({ status: 0, output: blocks(/^text output$/)[0] });
  const { stderr } = eventfold(project.folder, ["verify", "bank.db"]);
  project.write("eventfold.config.ts", /^ {2}import .*^ {2}\}\);$/ms.exec(stderr)?.[0] ?? "");
  mkdirSync(project.path("node_modules/@types"));
  symlinkSync(join(root, "node_modules/@types/node"), project.path("node_modules/@types/node"));
  const compiler = join(dirname(createRequire(import.meta.url).resolve("@typescript/native/package.json")), "bin/tsc");
  expect(run(project.folder, compiler)).toEqual({ status: 0, output: "" });
  project.remove("bank.db");
  expect(run(project.folder, "dist/main.js").status).toBe(0);
  expect(run(project.folder, "dist/counter.test.js").status).toBe(0);
  expect(eventfold(project.folder, ["verify", "bank.db"])).toMatchObject({ status: 0, stderr: "" });
});

function run(cwd: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  // Node.js 22 warns once of SQLite.
  const quiet = ["--disable-warning=ExperimentalWarning", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, quiet, { cwd, encoding: "utf8" });
  return { status, output: stdout + stderr };
}
