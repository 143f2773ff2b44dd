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
import { type AttributeName, METRICS, type NamedAttributes } from "./names.ts";

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

type MetricName = keyof typeof METRICS;
type NamesOf<Instrument extends string> = {
  [Name in MetricName]: (typeof METRICS)[Name]["instrument"] extends Instrument ? Name : never;
}[MetricName];

/** Instruments by their names. */
export type Instruments = Readonly<
  Record<NamesOf<"histogram">, Histogram> &
    Record<NamesOf<"counter">, Counter> &
    Record<NamesOf<"observable gauge">, ObservableGauge>
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
  const create = ([name, declaration]: [string, (typeof METRICS)[MetricName]]): [string, unknown] => {
    const { unit, meaning: description } = declaration;
    switch (declaration.instrument) {
      case "histogram": {
        const advice = { explicitBucketBoundaries: [...declaration.boundaries] };
        return [name, meter.createHistogram(name, { unit, description, advice })];
      }
      case "counter":
        return [name, meter.createCounter(name, { unit, description })];
      case "observable gauge":
        return [name, meter.createObservableGauge(name, { unit, description })];
    }
  };
  return Object.fromEntries(Object.entries(METRICS).map(create)) as unknown as Instruments;
}
