import { readFileSync } from "node:fs";
import { CsvError, type Info, parse } from "csv-parse/sync";
import { BankAccount, type Transaction } from "./bank-account.ts";
import { UsageError } from "./usage-error.ts";

/** A row of a CSV file with real transactions. */
export interface RecordedTransaction extends Transaction {
  readonly accountId: string;
  /** The balance that the bank wrote down right after the transaction. */
  readonly recordedBalanceHundredths: number;
  /** Of the file, counted from 1. */
  readonly line: number;
}

const COLUMNS = ["account_id", "date", "direction", "operation", "purpose", "amount", "recorded_balance"] as const;

type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

/**
 * Reads and checks the whole file, so that nothing is booked of one that is wrong further down. Rows of one account stand in the
 * order in which the bank booked them.
 *
 * @throws {UsageError} naming the first line that is wrong, and what was expected.
 */
export function readTransactions(path: string): readonly RecordedTransaction[] {
  const text = readText(path);
  if (text.trim() === "") throw new UsageError(`${path} is empty. Expected the columns ${COLUMNS.join(",")}.`);
  const accountIds = new Set<string>();
  const transactions = parseRows(path, text).map(({ record, info }) => {
    try {
      return toTransaction(record, info.lines, accountIds);
    } catch (error) {
      throw new UsageError(`${path}, line ${info.lines}: ${(error as Error).message}`, { cause: error });
    }
  });
  if (transactions.length === 0) throw new UsageError(`${path} has a header, and no transactions.`);
  return transactions;
}

function readText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function parseRows(path: string, text: string): readonly { readonly record: Row; readonly info: Info }[] {
  const columns = (header: readonly string[]): string[] => {
    const missing = COLUMNS.filter((column) => !header.includes(column));
    if (missing.length === 0) return [...header];
    throw new UsageError(
      `${path}, line 1: there is no column ${missing.join(", ")}. Expected ${COLUMNS.join(",")}; found ${header.join(",")}.`,
    );
  };
  try {
    return parse(text, { bom: true, columns, info: true, skip_empty_lines: true, trim: true }) as unknown as {
      record: Row;
      info: Info;
    }[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Its message names the line.
    throw new UsageError(`${path}: ${error.message}`, { cause: error });
  }
}

function toTransaction(row: Row, line: number, accountIds: Set<string>): RecordedTransaction {
  const { account_id: accountId, date, direction, operation, purpose, amount, recorded_balance: recordedBalance } = row;
  if (!accountIds.has(accountId)) {
    // oxlint-disable-next-line no-new -- an account that cannot be made has no valid id
    new BankAccount(accountId);
    accountIds.add(accountId);
  }
  if (!isDay(date)) throw new Error(`date is "${date}"; expected a day such as 1993-01-31.`);
  if (direction !== "credit" && direction !== "debit") {
    throw new Error(`direction is "${direction}"; expected credit or debit.`);
  }
  const amountHundredths = hundredths(amount);
  if (amountHundredths === undefined || amountHundredths <= 0) {
    throw new Error(`amount is "${amount}"; expected a number above 0 with at most two decimals, such as 700.00.`);
  }
  const recordedBalanceHundredths = hundredths(recordedBalance);
  if (recordedBalanceHundredths === undefined) {
    throw new Error(`recorded_balance is "${recordedBalance}"; expected a number with at most two decimals.`);
  }
  return {
    accountId,
    bookedOn: date,
    direction,
    operation,
    purpose,
    amountHundredths,
    recordedBalanceHundredths,
    line,
  };
}

function isDay(text: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  // 1993-02-31 is read as a day in March.
  return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** By digits, since 1.15 * 100 is not 115. */
function hundredths(text: string): number | undefined {
  const [, sign, whole, fraction = ""] = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const value = Number(whole) * 100 + Number(fraction.padEnd(2, "0"));
  return sign === "-" ? 0 - value : value;
}
