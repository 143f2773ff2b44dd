import Table from "cli-table3";
import { compare, POLICIES, type Row, WORLDS } from "./comparison.ts";
import { STREAM_KINDS } from "./streams.ts";

console.log(`Snapshot policies against the offline optimum: what replaying events and writing snapshots costs,
over the least that it could have cost with the future known. 1 is the best that there is.

${STREAM_KINDS.map(({ name, about }) => `${name}: ${about}.`).join("\n")}
`);
for (const [index, world] of WORLDS.entries()) {
  const rows = compare(world);
  console.log(`Where a snapshot costs as much as replaying ${world} events\n${ratioTable(rows)}\n`);
  if (index === 0) console.log(`The same, round trips of loads and appends of events included\n${allInTable(rows)}\n`);
}
console.log("best n: of all thresholds the one that turned out best for these very streams, and its ratio.");

function ratioTable(rows: readonly Row[]): string {
  const body = rows.map(({ kind, ratios, bestFixed: { count, ratio } }) => [
    kind.name,
    ...[...ratios.values()].map(short),
    `${count}: ${short(ratio)}`,
  ]);
  return tableOf([...Object.keys(POLICIES), "best n"], body);
}

function allInTable(rows: readonly Row[]): string {
  const body = rows.map(({ kind, ratiosAllIn }) => [kind.name, ...[...ratiosAllIn.values()].map(short)]);
  return tableOf(Object.keys(POLICIES), body);
}

function tableOf(columns: readonly string[], body: readonly string[][]): string {
  const head = ["", ...columns];
  const colAligns = head.map((_, column) => (column === 0 ? ("left" as const) : ("right" as const)));
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  table.push(...body);
  return table.toString();
}

function short(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}
