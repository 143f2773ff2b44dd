import { parseArgs } from "node:util";
import type { Lengths } from "./comparison.ts";

export interface Settings {
  readonly lengths: Lengths;
  /** How long each comparison goes on. */
  readonly durationMs: number;
  /** File for the results as JSON. */
  readonly jsonFile: string | undefined;
  /** Whether a target that is not reached makes the exit code 1. */
  readonly check: boolean;
}

export const HELP = `Measures loads and saves in memory, SQLite and PostgreSQL, beside what a programmer would write by hand.

Usage: npm run bench -- [options]

  --quick        within a minute: fewer rounds, so wider intervals
  --seconds N    how long each comparison goes on (default 8, quick 1)
  --long N       events of the long history, 1000 or more (default 100000)
  --replay N     events of the full replay (default 10000)
  --json FILE    write the results to FILE too
  --check        exit with 1 when a target is not reached
  --help         print this

PostgreSQL: the server in DATABASE_URL, in a schema of its own; else one that is started for the run.
`;

export class UsageError extends Error {}

const SHORT = 1_000;

/** @returns undefined when help was asked for. @throws {UsageError} */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const seconds = values.seconds ?? (values.quick ? "1" : "8");
  return {
    lengths: {
      short: SHORT,
      long: atLeast("--long", values.long, SHORT),
      replay: atLeast("--replay", values.replay, 1),
    },
    durationMs: atLeast("--seconds", seconds, 0) * 1_000,
    jsonFile: values.json,
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
        long: { type: "string", default: "100000" },
        replay: { type: "string", default: "10000" },
        json: { type: "string" },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function atLeast(option: string, text: string, least: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= least && value < Number.POSITIVE_INFINITY) return value;
  throw new UsageError(`${option} is "${text}"; pass a number of ${least} or more.`);
}
