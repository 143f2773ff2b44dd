import { parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

/** What the command line asks for. */
export interface Settings {
  /** A CSV file with real transactions; undefined: made-up ones. */
  readonly transactionsFile: string | undefined;
  /** Lengths of the made-up histories, ascending. */
  readonly eventCounts: readonly number[];
  /** Events between snapshots. */
  readonly threshold: number;
  /** Connection string; undefined: a SQLite file. */
  readonly postgresUrl: string | undefined;
  readonly keepSchema: boolean;
  /** For the files; undefined: a new temporary one. */
  readonly outputFolder: string | undefined;
}

export const HELP = `Builds a bank out of events, and measures what snapshots save when its accounts are loaded.

Usage: npm run demo -- [options]

  --transactions FILE  book the transactions of a CSV file instead of made-up ones, and check every balance.
                       Columns: account_id,date,direction,operation,purpose,amount,recorded_balance
  --events LIST        lengths of the made-up histories (default 100,1000,10000,100000)
  --threshold N        events between snapshots (default 60; with --transactions 10)
  --postgres URL       use PostgreSQL, in a new schema that is dropped at the end, instead of a SQLite file
  --keep               do not drop that schema
  --output DIR         folder for the files (default: a new one among the temporary files)
  --help               print this

Exit codes: 0 done, 1 failed, 2 asked for something impossible, 130 interrupted.
`;

// With snapshots at multiples of 60, each default length ends 40 events after one: its loads have something to replay.
const THRESHOLD_DEFAULT = 60;
const THRESHOLD_DEFAULT_REAL = 10;
const EVENTS_MAX = 1_000_000;

/**
 * @returns undefined when help was asked for.
 * @throws {UsageError} for an option that does not exist, cannot take effect, or has an impossible value.
 */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const { transactions, events, threshold, postgres, keep = false, output } = values;
  if (transactions !== undefined && events !== undefined) {
    throw new UsageError("--events has no effect beside --transactions: the file says how long the histories are.");
  }
  if (keep && postgres === undefined) throw new UsageError("--keep has no effect without --postgres.");
  const thresholdDefault = transactions === undefined ? THRESHOLD_DEFAULT : THRESHOLD_DEFAULT_REAL;
  return {
    transactionsFile: transactions,
    eventCounts: eventCounts(events ?? "100,1000,10000,100000"),
    threshold: threshold === undefined ? thresholdDefault : wholeNumber("--threshold", threshold),
    postgresUrl: postgres,
    keepSchema: keep,
    outputFolder: output,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        transactions: { type: "string" },
        events: { type: "string" },
        threshold: { type: "string" },
        postgres: { type: "string" },
        keep: { type: "boolean" },
        output: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nTry --help.`, { cause: error });
  }
}

function eventCounts(list: string): readonly number[] {
  const counts = new Set(list.split(",").map((text) => wholeNumber("--events", text)));
  return [...counts].sort((a, b) => a - b);
}

function wholeNumber(option: string, text: string): number {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= EVENTS_MAX) return value;
  throw new UsageError(`${option} has "${text}"; pass whole numbers from 1 to ${EVENTS_MAX.toLocaleString("en")}.`);
}
