import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../src/stores/sqlite");
const sources = globSync("*.ts", { cwd: folder }).map((file) => ({
  file,
  text: readFileSync(join(folder, file), "utf8"),
}));

it("lets SQLite keep every statement compiled: no limit is a placeholder and nothing else", () => {
  const limits = sources.flatMap(({ file, text }) =>
    Array.from(text.matchAll(/^.*\bLIMIT \?(.*)$/gm), ([line, rest = ""]) => ({ file, line, rest })),
  );
  expect(new Set(limits.map(({ file }) => file))).toEqual(new Set(["statements.ts", "survey-statements.ts"]));
  expect(limits.filter(({ rest }) => !rest.startsWith(" + 0"))).toEqual([]);
});
