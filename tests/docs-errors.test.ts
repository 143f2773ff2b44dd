import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as eventfold from "eventfold";
import { expect, it } from "vitest";
import * as errors from "../src/errors.ts";

const root = join(import.meta.dirname, "..");
const source = readFileSync(join(root, "src/errors.ts"), "utf8");
const page = readFileSync(join(root, "docs/errors.md"), "utf8");

/** Heading, and the code on the line below it. */
const documented = [...page.matchAll(/^### (\w+)\n\n`(\w+)`/gm)].map(([, name, code]) => `${name} ${code}`);

/** From the source, because a code is a field of instances, and each class needs facts of its own to make one. */
const declared = [...source.matchAll(/^export class (\w+)[^{]*\{\s+readonly code = "(\w+)"/gm)].map(
  ([, name, code]) => `${name} ${code}`,
);

it("knows the code of every error class", () => {
  const names = declared.map((entry) => entry.replace(/ .*/, ""));
  const exported = Object.keys(errors).filter((name) => name !== "EventfoldError");
  expect(names.toSorted()).toEqual(exported.toSorted());
});

it("documents every error class with its code, and no other", () => {
  expect(documented.toSorted()).toEqual(declared.toSorted());
});

it("documents every field of its own that an error has", () => {
  const missing = Object.keys(errors).flatMap((name) => {
    const [, body = ""] = new RegExp(`^export class ${name} [^{]*{\n(.*?)^}`, "ms").exec(source) ?? [];
    const fields = [...body.matchAll(/^ {2}readonly (\w+)/gm)]
      .map(([, field = ""]) => field)
      .filter((field) => field !== "code");
    const [, heading = ""] = new RegExp(`^### ${name}\n\n([^\n]*)`, "m").exec(page) ?? [];
    return fields.filter((field) => !heading.includes(`\`${field}`)).map((field) => `${name}.${field}`);
  });
  expect(missing).toEqual([]);
});

it("says of every error when it comes, what is stored and what to do", () => {
  const sections = page.split(/^### /m).slice(1);
  const lacking = sections.filter((text) => !/\*\*When\*\*.*\*\*Stored\*\*.*\*\*Do\*\*/s.test(text));
  expect(lacking.map((text) => text.split("\n")[0])).toEqual([]);
});

it("exports every error class from the entry", () => {
  expect(Object.keys(errors).filter((name) => !(name in eventfold))).toEqual([]);
});
