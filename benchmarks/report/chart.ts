import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Result, Run } from "../comparison.ts";
import { count } from "../wording.ts";

use([LineChart, GridComponent, TitleComponent, LegendComponent, SVGRenderer]);

/** One line: a comparison's baseline or candidate along its axis. */
interface Line {
  readonly comparison: string;
  readonly side: "baseline" | "candidate";
  readonly label: string;
  readonly color: string;
}

/** A row of panels, one for each store. */
interface PanelRow {
  readonly heading: string;
  readonly axis: string;
  /** Per second instead of milliseconds. */
  readonly rate: boolean;
  readonly lines: readonly Line[];
}

const TEXT = "#1f2937";
const QUIET = "#6b7280";
const GRID = "#e5e7eb";
const BARE = "#9ca3af";
const OURS = "#0f766e";
const REPLAY = "#c2410c";
const BARE_REPLAY = "#e7b08f";
const GROUPED = "#7c3aed";

const ROWS: readonly PanelRow[] = [
  {
    heading: "Load, by length of history (snapshot: 100 newer)",
    axis: "events",
    rate: false,
    lines: [
      { comparison: "replay", side: "baseline", label: "bare loop over all events", color: BARE_REPLAY },
      { comparison: "replay", side: "candidate", label: "load without snapshots", color: REPLAY },
      ...versus("long-history", "bare driver", "eventfold"),
    ],
  },
  { heading: "Load, by events newer than the snapshot", axis: "newer events", rate: false, lines: versus("tail") },
  { heading: "Load at the head, by size of the state", axis: "bytes", rate: false, lines: versus("state-size") },
  { heading: "Events saved per second, by events in a save", axis: "events", rate: true, lines: versus("save-size") },
  {
    heading: "One-event saves per second, by callers",
    axis: "callers",
    rate: true,
    lines: [
      ...versus("concurrent-saves"),
      { comparison: "group-commit", side: "candidate", label: "eventfold with group commit", color: GROUPED },
    ],
  },
];

const WIDTH = 1_080;
const PANEL = { left: 72, right: 16, top: 34, bottom: 46, height: 240 };
const HEADER = 124;

/** All axes as small panels: a column for each store, a row for each axis; both axes of a panel are logarithmic. */
export function chartOf(run: Run): string {
  const stores = [...new Set(run.results.map(({ store }) => store))];
  const rows = ROWS.filter(({ lines, rate }) =>
    stores.some((store) => lines.some((line) => pointsOf(run.results, line, store, rate).length > 1)),
  );
  const width = WIDTH / stores.length;
  const panels = rows.flatMap((row, place) =>
    stores.map((store, column) =>
      panelOf(run, row, { store, left: column * width, top: HEADER + place * PANEL.height, width }),
    ),
  );
  const drawn = panels.filter(({ series }) => series.length > 0);
  const chart = init(null, null, {
    renderer: "svg",
    ssr: true,
    width: WIDTH,
    height: HEADER + rows.length * PANEL.height,
  });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "system-ui, Helvetica, Arial, sans-serif" },
    title: [
      {
        text: "eventfold beside the bare driver",
        subtext: [
          run.environment.machine?.join(", ") ?? "",
          `Medians of one run, ${run.startedAt.slice(0, 10)}. Axes are logarithmic; scales differ from panel to panel.`,
        ].join("\n"),
        left: 16,
        top: 12,
        textStyle: { fontSize: 20, color: TEXT },
        subtextStyle: { fontSize: 12, color: QUIET, lineHeight: 18 },
      },
      ...drawn.map(({ title }) => title),
    ],
    legend: {
      top: 82,
      left: 12,
      itemGap: 22,
      itemWidth: 26,
      textStyle: { color: TEXT, fontSize: 13 },
      data: legend(drawn),
    },
    grid: drawn.map(({ grid }) => grid),
    xAxis: drawn.map(({ xAxis }, gridIndex) => ({ ...xAxis, gridIndex })),
    yAxis: drawn.map(({ yAxis }, gridIndex) => ({ ...yAxis, gridIndex })),
    series: drawn.flatMap(({ series }, index) =>
      series.map((line) => ({ ...line, xAxisIndex: index, yAxisIndex: index })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

interface Place {
  readonly store: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

function panelOf({ results }: Run, { heading, axis, rate, lines }: PanelRow, { store, left, top, width }: Place) {
  const shown = lines.map((line) => ({ line, points: pointsOf(results, line, store, rate) }));
  const drawn = shown.filter(({ points }) => points.length > 1);
  const all = drawn.flatMap(({ points }) => points);
  const common = {
    type: "log" as const,
    axisLine: { show: true, lineStyle: { color: QUIET } },
    splitLine: { lineStyle: { color: GRID } },
    axisLabel: { color: QUIET, fontSize: 11 },
  };
  return {
    title: {
      text: store,
      subtext: heading,
      left: left + PANEL.left - 4,
      top: top - 2,
      itemGap: 2,
      padding: 0,
      textStyle: { fontSize: 13, color: TEXT },
      subtextStyle: { fontSize: 11, color: QUIET },
    },
    grid: {
      left: left + PANEL.left,
      top: top + PANEL.top,
      width: width - PANEL.left - PANEL.right,
      height: PANEL.height - PANEL.top - PANEL.bottom,
    },
    xAxis: {
      ...common,
      ...decades(all.map(([x]) => x)),
      name: axis,
      nameLocation: "middle" as const,
      nameGap: 22,
      nameTextStyle: { color: QUIET, fontSize: 11 },
      axisLabel: { ...common.axisLabel, formatter: short },
    },
    yAxis: {
      ...common,
      ...decades(all.map(([, y]) => y)),
      axisLabel: {
        ...common.axisLabel, // A power of ten that Math.pow has made may be off by its last digit.
        formatter: (value: number) => (rate ? `${short(value)}/s` : `${Number(value.toPrecision(3))} ms`),
      },
    },
    series: drawn.map(({ line, points }) => ({
      type: "line",
      name: line.label,
      data: points,
      symbol: line.side === "baseline" ? "emptyCircle" : "circle",
      symbolSize: 6,
      lineStyle: {
        color: line.color,
        width: 2,
        type: line.side === "baseline" ? ("dashed" as const) : ("solid" as const),
      },
      itemStyle: { color: line.color },
    })),
  };
}

function pointsOf(
  results: readonly Result[],
  { comparison, side }: Line,
  store: string,
  rate: boolean,
): [number, number][] {
  const own = results.filter((result) => result.comparison === comparison && result.store === store);
  return own.flatMap(({ x, operations, measured }): [number, number][] => {
    // There is no place for 0 on a logarithmic axis.
    if (x === undefined || x === 0) return [];
    const ms = (side === "baseline" ? measured.baselineMs : measured.candidateMs) / operations;
    return [[x, rate ? 1_000 / ms : ms]];
  });
}

function versus(comparison: string, bare = "bare driver", ours = "eventfold"): readonly Line[] {
  return [
    { comparison, side: "baseline", label: bare, color: BARE },
    { comparison, side: "candidate", label: ours, color: OURS },
  ];
}

function legend(panels: readonly { readonly series: readonly { readonly name: string }[] }[]): string[] {
  return [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
}

/** Whole powers of ten around all of `values`. */
function decades(values: readonly number[]): { readonly min: number; readonly max: number } {
  const from = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const to = Math.max(Math.ceil(Math.log10(Math.max(...values)) - 1e-9), from + 1);
  return { min: 10 ** from, max: 10 ** to };
}

/** `1000000` as 1M. */
function short(value: number): string {
  if (value >= 1_000_000) return `${count(value / 1_000_000)}M`;
  return value >= 1_000 ? `${count(value / 1_000)}k` : String(value);
}
