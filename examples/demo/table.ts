import Table from "cli-table3";
import type { LoadTimes } from "../../src/cli/demo/load-times.ts";
import { improvement, milliseconds } from "../../src/cli/demo/wording.ts";
import { count } from "../../src/cli/table.ts";

export function loadTimesTable(rows: readonly LoadTimes[]): string {
  const table = new Table({
    head: ["Events", "Without snapshots", "With snapshots", "Events replayed", "Improvement"],
    colAligns: ["right", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    table.push([
      count(row.events),
      milliseconds(row.withoutMs),
      milliseconds(row.withMs),
      count(row.eventsReplayed),
      improvement(row.withoutMs, row.withMs),
    ]);
  }
  return table.toString();
}
