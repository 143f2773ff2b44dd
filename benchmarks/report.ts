import Table from "cli-table3";
import type { Result, Target } from "./comparison.ts";
import type { Estimate } from "./statistics.ts";
import { count, milliseconds, times } from "./wording.ts";

/** A table for each comparison, with a row for each store. */
export function comparisonTables(results: readonly Result[]): string {
  return byTitle(results)
    .map(([title, rows]) => `${title}\n${comparisonTable(rows)}`)
    .join("\n\n");
}

/** What was asked for, what came out, and whether that is enough. */
export function targetTable(results: readonly Result[]): string {
  const table = tableOf(["", "Store", "Target", "Measured", ""]);
  for (const { title, store, target, measured, reached } of byTitle(results).flatMap(([, rows]) => rows)) {
    if (target === undefined) continue;
    table.push([title, store, targetText(target), times(measured.ratio.median), reached ? "reached" : "NOT REACHED"]);
  }
  return `Targets\n${table.toString()}`;
}

export const EXPLANATION = `Medians of single runs. Ratio: candidate over baseline within a round, the median over all rounds, and where that lies
with 95 % confidence. Itself: the baseline over a second turn of the baseline, measured alike; what differs
from 1 by less is noise.`;

function comparisonTable(results: readonly Result[]): string {
  const [first] = results;
  const table = tableOf(["Store", first?.baseline ?? "", first?.candidate ?? "", "Ratio", "95 %", "Itself", "Rounds"]);
  for (const { store, measured } of results) {
    const { baselineMs, candidateMs, ratio, noise, rounds } = measured;
    const ratios = [times(ratio.median), interval(ratio), interval(noise)];
    table.push([store, milliseconds(baselineMs), milliseconds(candidateMs), ...ratios, count(rounds)]);
  }
  return table.toString();
}

/** In the order in which they were measured. */
function byTitle(results: readonly Result[]): readonly [title: string, rows: readonly Result[]][] {
  return [...Map.groupBy(results, ({ title }) => title)];
}

function tableOf(head: string[]): Table.Table {
  const colAligns = head.map((_, column) => (column === 0 ? ("left" as const) : ("right" as const)));
  return new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
}

function interval({ from, to }: Estimate): string {
  return `${from.toFixed(2)} to ${to.toFixed(2)}`;
}

function targetText(target: Target): string {
  return "ratioMax" in target ? `≤ ${target.ratioMax} ×` : `≥ ${target.ratioMin} ×`;
}
