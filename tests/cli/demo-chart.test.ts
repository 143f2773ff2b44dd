import { describe, expect, it } from "vitest";
import { svgChart } from "../../examples/demo/svg-chart.ts";
import type { LoadTimes } from "../../src/cli/demo/load-times.ts";
import { terminalChart } from "../../src/cli/demo/terminal-chart.ts";

const rows = [row(100, 0.1, 0.05), row(1_000, 1, 0.05), row(10_000, 10, 0.05)];

describe("the chart in the terminal", () => {
  it("shows a rising line above a level one", () => {
    const lines = terminalChart(rows, 80, false)
      .split("\n")
      .filter((line) => /[┤│]/.test(line));
    const level = lines.filter((line) => /━{50}/.test(line));
    expect(level).toHaveLength(1);
    expect(lines.findIndex((line) => /┏━*\s*$/.test(line))).toBeLessThan(lines.indexOf(level[0]!));
  });

  it("says which line is which, without colors", () => {
    const chart = terminalChart(rows, 80, false);
    expect(chart).toContain("Upper line at the right end: without snapshots. Lower line: with snapshots.");
    expect(chart).not.toContain("\u001b");
  });

  it("says so also where snapshots do not pay", () => {
    const chart = terminalChart([row(1, 0.01, 0.02)], 80, false);
    expect(chart).toContain("Upper line at the right end: with snapshots. Lower line: without snapshots.");
  });

  it("uses colors where there are some", () => {
    expect(terminalChart(rows, 80, true)).toContain("\u001b[31m");
  });

  it.each([40, 80, 200])("fits into %d columns", (columns) => {
    const plotted = terminalChart(rows, columns, false).split("\n\n")[0]!;
    expect(Math.max(...plotted.split("\n").map((line) => line.trimEnd().length))).toBeLessThanOrEqual(columns);
  });
});

describe("the chart in the file", () => {
  it("has a title, units and every measured value", () => {
    const svg = svgChart(rows, "SQLite");
    for (const text of [
      "Time to load an account",
      "SQLite",
      "Events in the history (logarithmic)",
      "0.05 ms",
      "10 ms",
    ]) {
      expect(svg).toContain(text);
    }
  });
});

function row(events: number, withoutMs: number, withMs: number): LoadTimes {
  return { events, eventsReplayed: 0, withoutMs, withMs, loads: { without: 1, with: 1 } };
}
