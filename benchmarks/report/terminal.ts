import Table from "cli-table3";
import type { Run } from "../comparison.ts";
import { comparisonTables, EXPLANATION, type TextTable, targetTable } from "./cells.ts";

/** The whole report, in lines of at most 100 characters where titles allow. */
export function terminalReport(run: Run): string {
  const environment = Object.entries(run.environment).map(([name, facts]) => `${name.padEnd(10)}  ${facts.join(", ")}`);
  const targets = targetTable(run);
  const parts = [
    environment.join("\n"),
    ...comparisonTables(run).map(terminalTable),
    EXPLANATION,
    run.caution,
    targets.rows.length === 0 ? undefined : terminalTable(targets),
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}

const WITHOUT_LINES = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "middle"].flatMap((place) =>
    ["", "-mid", "-left", "-right"].map((end) => [`${place}${end}`, ""]),
  ),
);

function terminalTable({ title, note, head, rows }: TextTable): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    chars: { ...WITHOUT_LINES, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return [title, note, table.toString()].filter((part) => part !== undefined).join("\n");
}
