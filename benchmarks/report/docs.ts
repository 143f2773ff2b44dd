import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Run } from "../comparison.ts";
import { comparisonTables, type TextTable, targetTable } from "./cells.ts";
import { toJson } from "./json.ts";
import { summaryTable } from "./summary.ts";

/** Pages with places for figures: `<!-- figures: NAME -->`, up to `<!-- end of figures -->`. */
const PAGES = ["README.md", "docs/performance.md"];

/** Puts the figures of `run` into the pages, and the chart and all results beside them. */
export function writeDocs(run: Run, chart: string): void {
  for (const [file, text] of Object.entries(docsOf(run, chart))) writeFileSync(fileAt(file), text);
}

/** The files of the documentation that hold figures, as `run` makes them; other text of the pages stays. */
export function docsOf(run: Run, chart: string): Readonly<Record<string, string>> {
  const figures = figuresOf(run);
  const pages = PAGES.map((page): [string, string] => [page, filled(readFileSync(fileAt(page), "utf8"), figures)]);
  return { ...Object.fromEntries(pages), "docs/performance.svg": chart, "docs/performance.json": toJson(run) };
}

function figuresOf(run: Run): ReadonlyMap<string, string> {
  return new Map([
    ["environment", environmentList(run)],
    ["summary", markdownTable(summaryTable(run))],
    ["tables", comparisonTables(run).map(withHeading).join("\n\n")],
    ["targets", markdownTable(targetTable(run))],
  ]);
}

function filled(page: string, figures: ReadonlyMap<string, string>): string {
  const places = /(<!-- figures: ([\w-]+) -->\n).*?(<!-- end of figures -->)/gs;
  return page.replaceAll(places, (_, start: string, name: string, end: string) => {
    const text = figures.get(name);
    if (text === undefined) throw new Error(`There are no figures "${name}"; known are ${[...figures.keys()].join()}.`);
    return `${start}\n${text}\n\n${end}`;
  });
}

function environmentList({ startedAt, tookSeconds, secondsEach, environment, caution }: Run): string {
  const date = startedAt.slice(0, 10);
  const lines = Object.entries(environment).map(([name, facts]) => `- **${name}**: ${facts.join(", ")}`);
  const minutes = (tookSeconds / 60).toFixed(0);
  const list = [`${date}, ${minutes} minutes in all, ${secondsEach} seconds for each row:`, "", ...lines];
  return [...list, ...(caution === undefined ? [] : ["", caution])].join("\n");
}

function withHeading(table: TextTable): string {
  return [`### ${table.title}`, table.note, markdownTable(table)].filter((part) => part !== undefined).join("\n\n");
}

function markdownTable({ head, rows }: TextTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function fileAt(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
