import type { Result, Run } from "../comparison.ts";
import { times } from "../wording.ts";
import { comparisonOf, speed, type TextTable } from "./cells.ts";

interface Line {
  readonly label: string;
  readonly comparison: string;
  /** Default: the last one. */
  readonly point?: string;
  /** What the candidate takes, and how that compares; or the comparison alone. @default "both" */
  readonly shown?: "both" | "ratio";
}

const LINES: readonly Line[] = [
  { label: "load, snapshot at the head; against one bare row", comparison: "state-size", point: "200 B" },
  { label: "load, snapshot and 100 newer events; against bare rows", comparison: "tail", point: "100" },
  { label: "the same in a history of POINT events, against 1,000", comparison: "flatness", shown: "ratio" },
  { label: "replay of 10,000 events; against a bare loop", comparison: "replay", point: "10,000" },
  { label: "saves of one event; against a bare insert", comparison: "save-size", point: "1" },
  { label: "saves of 100 events; against a bare insert", comparison: "save-size", point: "100" },
  { label: "saves of one event by POINT callers; against bare inserts", comparison: "concurrent-saves" },
  { label: "the same with group commit", comparison: "group-commit" },
  {
    label: "checksum, guards and observer: a load with them against one without",
    comparison: "proof",
    point: "200 B",
    shown: "ratio",
  },
];

const STORES = ["memory", "SQLite", "PostgreSQL"];

/** The few figures that most people look for. */
export function summaryTable({ results }: Run): TextTable {
  const rows = LINES.flatMap(({ label, comparison, point, shown = "both" }) => {
    const own = results.filter((result) => result.comparison === comparison);
    const wanted = point ?? own.at(-1)?.point;
    const cells = STORES.map((store) => own.find((result) => result.store === store && result.point === wanted));
    return own.length === 0 ? [] : [[label.replace("POINT", wanted ?? ""), ...cells.map((cell) => text(cell, shown))]];
  });
  return { title: "Summary", note: undefined, head: ["", ...STORES], rows };
}

function text(result: Result | undefined, shown: "both" | "ratio"): string {
  if (result === undefined) return "";
  const ratio = `${times(result.measured.ratio.median)} ×`;
  const { counted = "" } = comparisonOf(result);
  const candidate = speed(result, result.measured.candidateMs).replace("/s", ` ${counted}/s`);
  return shown === "ratio" ? ratio : `${candidate}, ${ratio}`;
}
