import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "eventfold/sqlite";
import { describe, expect, it } from "vitest";
import { bankProject } from "./cli/bank-project.ts";
import { fillBusyBank } from "./cli/busy-bank.ts";
import { documentedBank } from "./cli/documented-bank.ts";
import { eventfold, installEventfold } from "./cli/installed.ts";

installEventfold();

const root = join(import.meta.dirname, "..");
const pages = globSync("docs/cli/*.md", { cwd: root }).toSorted();
/** Their bank is a larger one. */
const busy = ["docs/cli/health.md", "docs/cli/advise.md"];

/** `UPDATE_DOCS=1 npx vitest run tests/docs-cli.test.ts` writes what is printed into the pages. */
const updating = process.env["UPDATE_DOCS"] === "1";

describe("a page on the command line shows what is printed", () => {
  it.each(pages)("%s", { timeout: 60_000 }, async (page) => {
    const text = readFileSync(join(root, page), "utf8");
    const folder = busy.includes(page) ? await busyBank() : (await documentedBank()).folder;
    const printed = text.replaceAll(/^```console\n(.*?)^```$/gms, (_, block: string) => {
      return `\`\`\`console\n${commandsOf(block)
        .map((command) => cut(run(folder, command), block))
        .join("")}\`\`\``;
    });
    if (updating) writeFileSync(join(root, page), printed);
    else expect(masked(text)).toBe(masked(printed));
  });
});

it("has a page for every command", () => {
  const { stdout } = eventfold(root, ["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) .* {2}/gm)].map(([, name = ""]) => name);
  const index = readFileSync(join(root, "docs/cli/README.md"), "utf8");
  const linked = [...index.matchAll(/^\| \[`([a-z]+)/gm)].map(([, name = ""]) => name);
  expect(new Set(linked)).toEqual(new Set(commands.filter((name) => name !== "help")));
});

/** Lines that begin with `$ `: typed, each with what it prints below. */
function commandsOf(block: string): string[] {
  return [...block.matchAll(/^\$ (.*)$/gm)].map(([, command = ""]) => command);
}

/** As far as the page shows it, where that ends with "…". */
function cut(printed: string, block: string): string {
  if (!block.endsWith("\n…\n")) return printed;
  return [...printed.split("\n").slice(0, block.split("\n").length - 2), "…", ""].join("\n");
}

async function busyBank(): Promise<string> {
  const { folder, path } = bankProject({ "eventfold.config.ts": "export default { repositories: () => [] };" });
  const storage = openSqlite(path("bank.db"));
  await fillBusyBank(storage);
  await storage.close();
  return folder;
}

function run(folder: string, command: string): string {
  const [program, ...args] = command.split(" ");
  expect(program).toBe("eventfold");
  const { stdout, stderr } = eventfold(folder, args);
  return `$ ${command}\n${stdout}${stderr}`;
}

/** Without what differs from run to run: times of writing, ids, measurements. */
function masked(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "(instant)")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "(id)")
    .replaceAll(/^(.*([\d.,]+ ms|[┤│┏━└▲]).*\n)+/gm, "(measured)\n");
}
