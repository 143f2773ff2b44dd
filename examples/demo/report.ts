import type { LoadTimes } from "../../src/cli/demo/load-times.ts";
import { count, plural } from "../../src/cli/table.ts";
import { type MadeUpAccounts, TRANSACTIONS_PER_SAVE } from "./made-up-accounts.ts";
import { DEVIATION_HUNDREDTHS_MAX, type RealAccounts } from "./real-accounts.ts";
import { money } from "./wording.ts";

export function describeMadeUpAccounts(made: MadeUpAccounts, durationMs: number): string {
  const perSecond = count(Math.round((made.events / durationMs) * 1_000));
  return [
    `Booked     ${plural(made.events, "made-up transaction")} on ${plural(made.ids.length, "account")} in ${seconds(durationMs)}`,
    `           (${perSecond} a second), each with a load, at most ${TRANSACTIONS_PER_SAVE} transactions and a save`,
    `Snapshots  ${count(made.snapshotsStored)} stored`,
  ].join("\n");
}

export function describeRealAccounts(booked: RealAccounts, durationMs: number): string {
  const { greatestDeviation, ids, loads } = booked;
  const { accountId, line } = greatestDeviation.transaction;
  const perLoad = (booked.eventsReplayed / loads).toFixed(1);
  return [
    `Booked     ${plural(booked.transactions, "recorded transaction")} on ${plural(ids.length, "account")} (${booked.firstDay} to ${booked.lastDay})`,
    `           in ${seconds(durationMs)}, each with a load and a save; repository and storage opened anew ${plural(booked.reopened, "time")}`,
    `Checked    the folded balance equals the recorded one at ${count(booked.rowsChecked)} of ${plural(booked.transactions, "row")}, within ${money(DEVIATION_HUNDREDTHS_MAX)};`,
    `           greatest deviation ${money(greatestDeviation.hundredths)} (account ${accountId}, line ${line})`,
    `Snapshots  ${count(booked.snapshotsStored)} stored; ${count(booked.loadsFromSnapshot)} of ${plural(loads, "load")} used one;`,
    `           a load replayed ${perLoad} events on average`,
    `Replayed   in full at the end: ${count(booked.replayedAlike)} of ${plural(ids.length, "account")} have the state that loading with snapshots gives`,
  ].join("\n");
}

/** How the numbers of the table came about. */
export function describeLoads(times: readonly LoadTimes[]): string {
  const loads = times.flatMap((row) => [row.loads.without, row.loads.with]);
  const [fewest, most] = [Math.min(...loads), Math.max(...loads)];
  const each = fewest === most ? count(most) : `${count(fewest)} to ${count(most)}`;
  return (
    `Medians of ${each} loads each, with the database in the cache. ` +
    "Both ways gave the same state of each account.\n" +
    "Events replayed: those after the last snapshot, which a load with snapshots folds."
  );
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
