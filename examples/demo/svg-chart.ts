import { LineChart } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { LoadTimes } from "../../src/cli/demo/load-times.ts";
import { milliseconds } from "../../src/cli/demo/wording.ts";
import { count } from "../../src/cli/table.ts";

use([LineChart, GridComponent, TitleComponent, SVGRenderer]);

const WITHOUT_COLOR = "#c2410c";
const WITH_COLOR = "#0f766e";
const TEXT_COLOR = "#1f2937";
const QUIET_COLOR = "#4b5563";
const GRID_COLOR = "#e5e7eb";

/** Both curves as a picture, on logarithmic axes, with every measured value beside its mark. */
export function svgChart(rows: readonly LoadTimes[], subtitle: string): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 960, height: 560 });
  const axis = {
    type: "log" as const,
    nameLocation: "middle" as const,
    nameTextStyle: { color: QUIET_COLOR, fontSize: 14 },
    axisLine: { show: true, lineStyle: { color: QUIET_COLOR } },
    splitLine: { lineStyle: { color: GRID_COLOR } },
  };
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "system-ui, Helvetica, Arial, sans-serif" },
    title: {
      text: "Time to load an account, by the length of its history",
      subtext: subtitle,
      left: 24,
      top: 16,
      textStyle: { fontSize: 20, color: TEXT_COLOR },
      subtextStyle: { fontSize: 14, color: QUIET_COLOR, lineHeight: 20 },
    },
    grid: { left: 132, right: 170, top: 110, bottom: 76 },
    xAxis: {
      ...axis,
      ...decades(rows.map(({ events }) => events)),
      name: "Events in the history (logarithmic)",
      nameGap: 40,
      axisLabel: { color: TEXT_COLOR, fontSize: 13, formatter: count },
    },
    yAxis: {
      ...axis,
      // With room for the lower labels.
      ...decades(rows.flatMap(({ withoutMs, withMs }) => [withoutMs, withMs / 2])),
      name: "Median time of a load (logarithmic)",
      nameGap: 68,
      // Apart from the first marks and their labels.
      offset: 36,
      axisLabel: { color: TEXT_COLOR, fontSize: 13, formatter: milliseconds },
    },
    series: [
      line("without snapshots", WITHOUT_COLOR, rows, "withoutMs"),
      line("with snapshots", WITH_COLOR, rows, "withMs"),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function line(name: string, color: string, rows: readonly LoadTimes[], time: "withoutMs" | "withMs") {
  const other = time === "withMs" ? "withoutMs" : "withMs";
  return {
    type: "line",
    name,
    symbol: time === "withMs" ? "circle" : "diamond",
    symbolSize: 10,
    lineStyle: { color, width: 3 },
    itemStyle: { color },
    endLabel: { show: true, formatter: name, color, fontSize: 15, fontWeight: "bold", distance: 12 },
    // On the side away from the other line.
    data: rows.map((row) => ({
      value: [row.events, row[time]],
      label: {
        show: true,
        position: row[time] >= row[other] ? "top" : "bottom",
        distance: 8,
        formatter: milliseconds(row[time]),
        color,
        fontSize: 13,
      },
    })),
  };
}

/** Whole powers of ten around all of `values`. */
function decades(values: readonly number[]): { readonly min: number; readonly max: number } {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(Math.ceil(Math.log10(Math.max(...values))), from + 1);
  return { min: 10 ** from, max: 10 ** to };
}
