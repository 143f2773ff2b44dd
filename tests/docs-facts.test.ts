import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/snapshots.md"), "utf8");
const observer = readFileSync(join(root, "src/aggregates/repository-observer.ts"), "utf8");
const writer = readFileSync(join(root, "src/snapshots/snapshot-writer.ts"), "utf8");

it("documents every kind of fact", () => {
  const declared = [...(observer + writer).matchAll(/readonly kind: ([^;]+);/g)].flatMap(([, kinds = ""]) =>
    quoted(kinds),
  );
  expect(firstColumn("What is reported")).toEqual(new Set(declared));
});

it("documents every reason for not using a snapshot", () => {
  const [, type = ""] = /export type MissReason =(.*?");/s.exec(observer) ?? [];
  expect(firstColumn("What makes a snapshot unusable")).toEqual(new Set(quoted(type)));
});

/** The names in the first column of the table below a heading. */
function firstColumn(heading: string): Set<string> {
  const [, section = ""] = new RegExp(`^#+ ${heading}\n(.*?)(?=^#|$(?![^]))`, "ms").exec(page) ?? [];
  const cells = section.split("\n").map((line) => /^\| (`[^|]+) \|/.exec(line)?.[1] ?? "");
  return new Set(cells.slice(1).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)));
}

function quoted(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
}
