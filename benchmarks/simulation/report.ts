import Table from "cli-table3";
import { POLICIES, type Row } from "./comparison.ts";

/** Of what policies change. */
export const RATIO_COLUMNS: readonly string[] = ["", ...Object.keys(POLICIES), "best n"];
/** Of everything. */
export const ALL_IN_COLUMNS: readonly string[] = ["", ...Object.keys(POLICIES)];

export function ratioCells({ kind, ratios, bestFixed }: Row): readonly string[] {
  return [kind.name, ...[...ratios.values()].map(short), `${bestFixed.count}: ${short(bestFixed.ratio)}`];
}

export function allInCells({ kind, ratiosAllIn }: Row): readonly string[] {
  return [kind.name, ...[...ratiosAllIn.values()].map(short)];
}

export function textTable(columns: readonly string[], body: readonly (readonly string[])[]): string {
  const colAligns = columns.map((_, column) => (column === 0 ? ("left" as const) : ("right" as const)));
  const table = new Table({ head: [...columns], colAligns, style: { head: [], border: [], compact: true } });
  for (const cells of body) table.push([...cells]);
  return table.toString();
}

/** As documents have it. */
export function markdownTable(columns: readonly string[], body: readonly (readonly string[])[]): string {
  const rule = columns.map((_, column) => (column === 0 ? "---" : "---:"));
  return [columns, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`.replace("|  |", "| |")).join("\n");
}

function short(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}
