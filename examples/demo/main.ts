// npm run demo -- --help
import { statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type LoadTimes, measureLoads } from "../../src/cli/demo/load-times.ts";
import { terminalChart } from "../../src/cli/demo/terminal-chart.ts";
import { type Bank, postgresBank, sqliteBank } from "./bank.ts";
import { BankAccount } from "./bank-account.ts";
import { makeUpAccounts } from "./made-up-accounts.ts";
import { openOutputFolder } from "./output-folder.ts";
import { breathe, Progress } from "./progress.ts";
import { bookRealTransactions } from "./real-accounts.ts";
import { describeLoads, describeMadeUpAccounts, describeRealAccounts } from "./report.ts";
import { HELP, parseSettings, type Settings } from "./settings.ts";
import { loadTimesTable } from "./table.ts";
import { type RecordedTransaction, readTransactions } from "./transactions-file.ts";
import { UsageError } from "./usage-error.ts";

const DATABASE_FILE = "bank.db";
const CHART_FILE = "load-times.svg";

const INTERRUPTED_EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 };

const interruption = new AbortController();
// Once: a second Ctrl-C ends the process where it stands.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort(signal));
// Whoever read the output has left, as `head` does.
process.stdout.on("error", () => interruption.abort("SIGPIPE"));

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(HELP.trimEnd());
  else await run(settings);
} catch (error) {
  process.exitCode = complain(error);
}

async function run(settings: Settings): Promise<void> {
  const { transactionsFile, outputFolder, postgresUrl } = settings;
  const transactions = transactionsFile === undefined ? undefined : readTransactions(transactionsFile);
  const output = openOutputFolder(outputFolder, postgresUrl === undefined ? [DATABASE_FILE, CHART_FILE] : [CHART_FILE]);
  const chartPath = output.pathOf(CHART_FILE);
  let bank: Bank | undefined;
  try {
    bank = postgresUrl === undefined ? sqliteBank(output.pathOf(DATABASE_FILE)) : await postgresBank(postgresUrl);
    console.log(`A bank in ${bank.database} (${bank.place}), with a snapshot every ${settings.threshold} events\n`);
    const accountIds =
      transactions === undefined ? await makeUp(bank, settings) : await book(bank, settings, transactions);
    await show(await measure(bank, accountIds), bank, settings, chartPath);
  } catch (error) {
    await remove(bank);
    output.discard();
    throw error;
  }
  await sayWhatRemains(bank, settings, chartPath);
}

async function makeUp(bank: Bank, { eventCounts, threshold }: Settings): Promise<readonly string[]> {
  const startedAt = performance.now();
  const total = eventCounts.reduce((sum, events) => sum + events, 0);
  const made = await withProgress("Booking", total, "transactions", (progress) =>
    makeUpAccounts(bank, eventCounts, threshold, progress),
  );
  console.log(`${describeMadeUpAccounts(made, performance.now() - startedAt)}\n`);
  return made.ids;
}

/** @returns accounts for the table: those with the shortest and the longest history, and three in between. */
async function book(
  bank: Bank,
  { threshold }: Settings,
  transactions: readonly RecordedTransaction[],
): Promise<readonly string[]> {
  const startedAt = performance.now();
  const booked = await withProgress("Booking", transactions.length, "transactions", (progress) =>
    bookRealTransactions(bank, transactions, threshold, progress),
  );
  console.log(`${describeRealAccounts(booked, performance.now() - startedAt)}\n`);
  const last = booked.ids.length - 1;
  const chosen = [0, 0.25, 0.5, 0.75, 1].map((share) => booked.ids[Math.round(share * last)] ?? "");
  return [...new Set(chosen)];
}

async function measure(bank: Bank, accountIds: readonly string[]): Promise<readonly LoadTimes[]> {
  return await withProgress("Measuring", accountIds.length, "accounts", async (progress) => {
    const storage = await bank.open();
    try {
      const measured: LoadTimes[] = [];
      for (const id of accountIds) {
        measured.push(await measureLoads(BankAccount, id, storage, () => breathe(interruption.signal)));
        await progress.update(measured.length);
      }
      return measured;
    } finally {
      await storage.close();
    }
  });
}

async function show(
  times: readonly LoadTimes[],
  { database }: Bank,
  settings: Settings,
  chartPath: string,
): Promise<void> {
  const { isTTY } = process.stdout;
  console.log(`${loadTimesTable(times)}\n${describeLoads(times)}\n`);
  console.log(`${terminalChart(times, isTTY ? process.stdout.columns : 80, isTTY && process.stdout.hasColors())}\n`);
  const source = settings.transactionsFile === undefined ? "made-up transactions" : basename(settings.transactionsFile);
  const system = `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
  const subtitle = `${database}, ${source}, a snapshot every ${settings.threshold} events. ${system}`;
  // Not at the top: it takes longer to load than everything else together, and a mistyped option should be told of at once.
  const { svgChart } = await import("./svg-chart.ts");
  writeFileSync(chartPath, svgChart(times, subtitle));
}

async function sayWhatRemains(bank: Bank, { keepSchema }: Settings, chartPath: string): Promise<void> {
  console.log(`Chart      ${chartPath}`);
  if (bank.database === "SQLite") {
    console.log(`Database   ${bank.place} (${(statSync(bank.place).size / 1e6).toFixed(1)} MB)`);
  } else if (keepSchema) {
    console.log(`Database   ${bank.place} is kept: DROP SCHEMA … CASCADE removes it`);
  } else {
    await bank.remove();
    console.log(`Database   ${bank.place} is dropped; nothing else was touched`);
  }
}

async function withProgress<Result>(
  title: string,
  total: number,
  unit: string,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const progress = new Progress({ title, total, unit, interrupted: interruption.signal });
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}

async function remove(bank: Bank | undefined): Promise<void> {
  try {
    await bank?.remove();
  } catch (error) {
    console.error(`Could not remove ${bank?.place}: ${messageOf(error)}`);
  }
}

/** @returns the exit code */
function complain(error: unknown): number {
  const { aborted, reason } = interruption.signal;
  if (aborted && error === reason) {
    console.error("Interrupted. What was made so far is removed.");
    return INTERRUPTED_EXIT_CODES[String(reason)] ?? 1;
  }
  console.error(messageOf(error));
  return error instanceof UsageError ? 2 : 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
