import Table from "cli-table3";
import { compare, POLICIES, type Row, WORLDS } from "./comparison.ts";
import { STREAM_KINDS } from "./streams.ts";

console.log(`Snapshot policies against the offline optimum: what replaying events and writing snapshots cost,
over the least that it could have cost with the future known. 1 is the best that there is.

${STREAM_KINDS.map(({ name, about }) => `${name}: ${about}.`).join("\n")}
`);
for (const world of WORLDS) console.log(`Where ${world.name}\n${tableOf(compare(world))}\n`);
console.log("best n: of all thresholds the one that turned out best for these very streams, and its ratio.");

function tableOf(rows: readonly Row[]): string {
  const head = ["", ...Object.keys(POLICIES), "best n"];
  const colAligns = head.map((_, column) => (column === 0 ? ("left" as const) : ("right" as const)));
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  for (const { kind, ratios, bestFixed } of rows) {
    table.push([kind.name, ...[...ratios.values()].map(short), `${bestFixed.count}: ${short(bestFixed.ratio)}`]);
  }
  return table.toString();
}

function short(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}
