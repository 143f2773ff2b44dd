import { styleText } from "node:util";
import { type Point, plot } from "simple-ascii-chart";
import { count } from "../table.ts";
import type { LoadTimes } from "./load-times.ts";

/**
 * Both curves on logarithmic axes: there a time that grows with the history is a slope, and one that does not is level.
 *
 * @param columns width in characters
 */
export function terminalChart(rows: readonly LoadTimes[], columns: number, colors: boolean): string {
  const without = rows.map((row) => logPoint(row.events, row.withoutMs));
  const withSnapshots = rows.map((row) => logPoint(row.events, row.withMs));
  const xTicks = decades([...without, ...withSnapshots].map(([x]) => x));
  const yTicks = decades([...without, ...withSnapshots].map(([, y]) => y));
  const chart = plot([interpolated(without), interpolated(withSnapshots)], {
    width: Math.max(Math.min(columns, 84) - 12, 30),
    height: 4 * (yTicks.length - 1) + 1,
    customXAxisTicks: xTicks,
    customYAxisTicks: yTicks,
    yRange: [Math.min(...yTicks), Math.max(...yTicks)],
    xLabel: "events in the history",
    formatter: (value, { axis }) => (axis === "x" ? count(10 ** value) : `${count(10 ** value)} ms`),
    ...(colors && { color: ["ansiRed", "ansiGreen"] }),
  });
  return `${chart.trimEnd().replace(/^\n/, "")}\n\n${legend(rows, colors)}`;
}

/** In words, since there may be no colors: which line is which where the chart ends. */
function legend(rows: readonly LoadTimes[], colors: boolean): string {
  const last = rows.at(-1);
  const names = [colored("without snapshots", "red", colors), colored("with snapshots", "green", colors)];
  const [upper, lower] = last !== undefined && last.withoutMs >= last.withMs ? names : names.toReversed();
  return `Upper line at the right end: ${upper}. Lower line: ${lower}. Both axes are logarithmic.`;
}

function colored(text: string, color: "red" | "green", colors: boolean): string {
  return colors ? styleText(color, text, { validateStream: false }) : text;
}

function logPoint(events: number, ms: number): Point {
  return [Math.log10(events), Math.log10(ms)];
}

/** Enough points in between for a slope without stairs. */
function interpolated(marks: readonly Point[]): Point[] {
  const steps = 20;
  return marks.flatMap(([x, y], index) => {
    const next = marks[index + 1];
    if (next === undefined) return [[x, y]];
    return Array.from({ length: steps }, (_, step): Point => {
      const share = step / steps;
      return [x + (next[0] - x) * share, y + (next[1] - y) * share];
    });
  });
}

/** Whole powers of ten around all of `logs`. */
function decades(logs: readonly number[]): number[] {
  const from = Math.floor(Math.min(...logs));
  const to = Math.max(Math.ceil(Math.max(...logs)), from + 1);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
