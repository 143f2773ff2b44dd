import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import {
  ATTRIBUTES,
  COUNTERS,
  GAUGES,
  HISTOGRAMS,
  type MetricDeclaration,
  OPERATION_SPANS,
  STORE_SPAN,
} from "../../src/opentelemetry/names.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/telemetry.md"), "utf8");

describe("the tables", () => {
  it("of spans are those of the sources", () => {
    const operations = Object.entries(OPERATION_SPANS).map(([name, { kind, meaning, attributes }]) =>
      row(`\`${name} {type}\``, kind, meaning, listed(attributes)),
    );
    const store = row(
      "`{method} {table}`",
      `${STORE_SPAN.kind}; INTERNAL in memory`,
      STORE_SPAN.meaning,
      listed(STORE_SPAN.attributes),
    );
    expect(rowsBelow("| span | kind | is | attributes |")).toEqual([...operations, store]);
  });

  it("of attributes are those of the sources", () => {
    const rows = Object.entries(ATTRIBUTES).map(([name, meaning]) => row(`\`${name}\``, meaning));
    expect(rowsBelow("| attribute | is |")).toEqual(rows);
  });

  it("of metrics are those of the sources", () => {
    const rows = (instrument: string, declared: Readonly<Record<string, MetricDeclaration>>): string[] =>
      Object.entries(declared).map(([name, { unit, meaning, attributes }]) =>
        row(`\`${name}\``, instrument, `\`${unit}\``, meaning, listed(attributes)),
      );
    expect(rowsBelow("| metric | instrument | unit | is | attributes |")).toEqual([
      ...rows("histogram", HISTOGRAMS),
      ...rows("counter", COUNTERS),
      ...rows("gauge", GAUGES),
    ]);
  });
});

describe("a query", () => {
  const queries = [...fenced("promql"), ...fenced("yaml").flatMap(expressions)];
  const known = prometheusNames();
  const labels = new Set(Object.keys(ATTRIBUTES).map((name) => name.replaceAll(".", "_")));

  it("is found in each block", () => {
    expect(queries.length).toBeGreaterThan(15);
    expect([...page.matchAll(/ expr: /g)].length).toBe(fenced("yaml").flatMap(expressions).length);
  });

  it.each(queries)("is PromQL over metrics and labels that exist: %s", (query) => {
    const names: string[] = [];
    parser.parse(query).iterate({
      enter({ type, from, to, node }) {
        const text = query.slice(from, to);
        expect(type.isError, `at ${from} of ${query}`).toBe(false);
        if (type.name === "Identifier" && node.parent?.name === "VectorSelector") {
          expect(known).toContain(text);
          names.push(text);
        }
        const isLabel =
          type.name === "LabelName" || (type.name === "Identifier" && node.parent?.name !== "VectorSelector");
        if (isLabel && text !== "le") expect(labels).toContain(text);
      },
    });
    expect(names.length).toBeGreaterThan(0);
  });

  it("tells an error from what is none", () => {
    const broken = parser.parse("sum by (le (rate(x[5m]))");
    let errors = 0;
    broken.iterate({ enter: ({ type }) => void (type.isError && (errors += 1)) });
    expect(errors).toBeGreaterThan(0);
  });

  it("or alert is there for each thing that has a number of its own to watch", () => {
    const all = queries.join("\n");
    const unused = [...Object.entries(HISTOGRAMS), ...Object.entries(COUNTERS), ...Object.entries(GAUGES)]
      .map(([name]) => name.replaceAll(".", "_"))
      .filter((name) => !all.includes(name));
    expect(unused).toEqual([]);
  });
});

/** As the OTLP endpoint of Prometheus names metrics: units spelled out, counters with `_total`; annotations are no units. */
function prometheusNames(): Set<string> {
  const units: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };
  const base = ([name, { unit }]: [string, MetricDeclaration]): string =>
    name.replaceAll(".", "_") + (units[unit] ?? "");
  return new Set([
    ...Object.entries(HISTOGRAMS).flatMap((each) => ["_bucket", "_sum", "_count"].map((part) => base(each) + part)),
    ...Object.entries(COUNTERS).map((each) => `${base(each)}_total`),
    ...Object.entries(GAUGES).map(base),
  ]);
}

function fenced(info: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${info}\n(.*?)^\`\`\`$`, "gms"))].map(([, text = ""]) => text.trim());
}

/** What `expr` says, on its line or folded over those below it. */
function expressions(yaml: string): string[] {
  return [...yaml.matchAll(/^( +)expr: (?:>-\n((?:\1 {2}.*\n)+)|(.*)\n)/gm)].map(([, , folded, line = ""]) =>
    (folded ?? line).replaceAll(/\s+/g, " ").trim(),
  );
}

function listed(attributes: readonly string[]): string {
  return attributes.map((name) => `\`${name}\``).join(", ") || "none";
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function rowsBelow(heading: string): string[] {
  const lines = page.split("\n");
  const start = lines.indexOf(heading);
  expect(start, heading).toBeGreaterThan(0);
  const rest = lines.slice(start + 2);
  return rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith("|")),
  );
}
