import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  HISTOGRAMS,
  type HistogramName,
} from "../../src/opentelemetry/names.ts";

export type MetricName = HistogramName | CounterName | GaugeName;

/** All metrics, of whatever instrument. */
export const METRICS = { ...HISTOGRAMS, ...COUNTERS, ...GAUGES };
