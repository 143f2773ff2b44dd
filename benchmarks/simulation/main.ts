import { compare, WORLDS } from "./comparison.ts";
import { ALL_IN_COLUMNS, allInCells, markdownTable, RATIO_COLUMNS, ratioCells, textTable } from "./report.ts";
import { STREAM_KINDS } from "./streams.ts";

const tableOf = process.argv.includes("--markdown") ? markdownTable : textTable;

console.log(`Snapshot policies against the offline optimum: what replaying events and writing snapshots costs,
over the least that it could have cost with the future known. 1 is the best that there is.

${STREAM_KINDS.map(({ name, about }) => `${name}: ${about}.`).join("\n")}
`);
for (const [index, writeEvents] of WORLDS.entries()) {
  const rows = compare(writeEvents);
  console.log(`Where a snapshot costs as much as replaying ${writeEvents} events\n`);
  console.log(`${tableOf(RATIO_COLUMNS, rows.map(ratioCells))}\n`);
  if (index > 0) continue;
  console.log("The same, round trips of loads and appends of events included\n");
  console.log(`${tableOf(ALL_IN_COLUMNS, rows.map(allInCells))}\n`);
}
console.log("best n: of all thresholds the one that turned out best for these very streams, and its ratio.");
