import {
  type Attributes,
  type Counter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type ObservableGauge,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import {
  type AttributeName,
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  HISTOGRAMS,
  type HistogramName,
  type NamedAttributes,
} from "./names.ts";

export interface TelemetryOptions {
  /** @default the global one */
  readonly tracerProvider?: TracerProvider;
  /** @default the global one: have the SDK started before anything is instrumented, or nothing is measured */
  readonly meterProvider?: MeterProvider;
  /** Whether spans carry the ids of aggregates, which may be personal data. @default false */
  readonly aggregateIds?: boolean;
  /** Whether the events that are raised on instances of an instrumented repository carry the trace context. @default true */
  readonly traceContext?: boolean;
  /** For spans and metrics of stores, such as `{ "db.namespace": "bank", "server.address": "db1" }`. @default none */
  readonly storeAttributes?: Attributes;
}

/** Instruments by their names. */
export type Instruments = Readonly<
  Record<HistogramName, Histogram> & Record<CounterName, Counter> & Record<GaugeName, ObservableGauge>
>;

const SCOPE = "eventfold";
/** Of the package; a test keeps it in step. */
export const VERSION = "0.1.0";

const instrumentsOfMeters = new WeakMap<Meter, Instruments>();

export function tracerOf({ tracerProvider = trace }: TelemetryOptions): Tracer {
  return tracerProvider.getTracer(SCOPE, VERSION);
}

/** The same ones for the same provider. */
export function instrumentsOf({ meterProvider = metrics }: Pick<TelemetryOptions, "meterProvider">): Instruments {
  const meter = meterProvider.getMeter(SCOPE, VERSION);
  let instruments = instrumentsOfMeters.get(meter);
  if (instruments === undefined) instrumentsOfMeters.set(meter, (instruments = createInstruments(meter)));
  return instruments;
}

/** Without those that are undefined, which a metric would take for a value. */
export function attributesOf(attributes: NamedAttributes): Attributes {
  const defined: Attributes = {};
  for (const name in attributes) {
    const value = attributes[name as AttributeName];
    if (value !== undefined) defined[name] = value;
  }
  return defined;
}

function createInstruments(meter: Meter): Instruments {
  const histograms = Object.entries(HISTOGRAMS).map(([name, { unit, meaning: description, boundaries }]) => {
    const advice = { explicitBucketBoundaries: [...boundaries] };
    return [name, meter.createHistogram(name, { unit, description, advice })];
  });
  const counters = Object.entries(COUNTERS).map(([name, { unit, meaning: description }]) => {
    return [name, meter.createCounter(name, { unit, description })];
  });
  const gauges = Object.entries(GAUGES).map(([name, { unit, meaning: description }]) => {
    return [name, meter.createObservableGauge(name, { unit, description })];
  });
  return Object.fromEntries([...histograms, ...counters, ...gauges]) as Instruments;
}
