import { parseArgs } from "node:util";
import { type Axes, fullAxes, quickAxes, SHORT } from "./axes.ts";
import { comparisons } from "./comparisons.ts";

export interface Settings {
  readonly axes: Axes;
  /** Ids of the comparisons to make. */
  readonly only: readonly string[];
  /** How long each point goes on. */
  readonly seconds: number;
  /** JSON file of an earlier run to report instead of measuring. */
  readonly fromFile: string | undefined;
  /** File for the results as JSON. */
  readonly jsonFile: string | undefined;
  /** File for the chart. */
  readonly chartFile: string | undefined;
  /** Whether the pages of the documentation take the figures. */
  readonly docs: boolean;
  /** Whether a target that is missed makes the exit code 1. */
  readonly check: boolean;
}

export const HELP = `Measures loads and saves in memory, SQLite and PostgreSQL, beside what a programmer would write by hand.

Usage: npm run bench -- [options]

  --quick         within a minute: fewer points and rounds, so wider intervals
  --seconds N     how long each point goes on (default 4, quick 0.1)
  --longest N     events of the longest history, ${SHORT} or more (default 1000000, quick 100000)
  --only ID,ID    these comparisons only: ${wrapped(comparisons.map(({ id }) => id))}
  --json FILE     write the results to FILE too
  --chart FILE    write a chart (SVG) to FILE
  --docs          put the figures into docs/performance.md and README.md, chart and results beside them
  --from FILE     measure nothing: report what a run has written with --json
  --check         exit with 1 when a target is missed by more than the noise
  --help          print this

PostgreSQL: the server in DATABASE_URL, in a schema of its own; else one that is started for the run.
`;

export class UsageError extends Error {}

/** @returns undefined when help was asked for. @throws {UsageError} */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const axes = values.quick ? quickAxes : fullAxes;
  const longest = atLeast("--longest", values.longest ?? String(axes.lengths.at(-1)), SHORT);
  return {
    axes: { ...axes, lengths: axes.lengths.filter((events) => events <= longest) },
    only: chosen(values.only),
    seconds: atLeast("--seconds", values.seconds ?? (values.quick ? "0.1" : "4"), 0),
    fromFile: values.from,
    jsonFile: values.json,
    chartFile: values.chart,
    docs: values.docs,
    check: values.check,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        seconds: { type: "string" },
        longest: { type: "string" },
        only: { type: "string" },
        json: { type: "string" },
        chart: { type: "string" },
        docs: { type: "boolean", default: false },
        from: { type: "string" },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function chosen(list: string | undefined): readonly string[] {
  const known = comparisons.map(({ id }) => id);
  if (list === undefined) return known;
  const ids = list.split(",");
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return ids;
  throw new UsageError(`--only names "${unknown}"; known are ${known.join(", ")}.`);
}

function atLeast(option: string, text: string, least: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= least && value < Number.POSITIVE_INFINITY) return value;
  throw new UsageError(`${option} is "${text}"; pass a number of ${least} or more.`);
}

function wrapped(words: readonly string[]): string {
  const lines: string[] = [""];
  for (const word of words) {
    if (`${lines.at(-1)}, ${word}`.length > 60) lines.push(word);
    else lines[lines.length - 1] = [lines.at(-1), word].filter(Boolean).join(", ");
  }
  return lines.join(`,\n${" ".repeat(18)}`);
}
