import {
  type Attributes,
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type ObservableGauge,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
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

const OPTION_NAMES: OptionNames<TelemetryOptions> = {
  tracerProvider: true,
  meterProvider: true,
  aggregateIds: true,
  traceContext: true,
  storeAttributes: true,
};

/** Instruments by their names. */
export type Instruments = Readonly<
  Record<HistogramName, Histogram> & Record<CounterName, Counter> & Record<GaugeName, ObservableGauge>
>;

const SCOPE = "eventfold";
/** Of the package; a test keeps it in step. */
export const VERSION = "0.1.0";

const instrumentsOfMeters = new WeakMap<Meter, Instruments>();

/** Where spans and metrics go; and whether they go anywhere, because a repository without an SDK is to cost nothing. */
export class Telemetry {
  readonly options: TelemetryOptions;
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  /** Whether there was an SDK when this was made. */
  readonly isMeasuring: boolean;
  #isTracing: boolean;

  /** @throws {ConfigurationError} for an option that is unknown. */
  constructor(options: TelemetryOptions) {
    refuseUnknown("", options, OPTION_NAMES);
    const { tracerProvider = trace, meterProvider = metrics } = options;
    const meter = meterProvider.getMeter(SCOPE, VERSION);
    this.options = options;
    this.tracer = tracerProvider.getTracer(SCOPE, VERSION);
    this.instruments = instrumentsOf(meter);
    this.isMeasuring = meter !== createNoopMeter();
    this.#isTracing = options.tracerProvider !== undefined;
  }

  /** Unlike metrics, spans are also recorded when the SDK comes later. */
  get isTracing(): boolean {
    return (this.#isTracing ||= isTracerRegistered());
  }

  get isOn(): boolean {
    return this.isMeasuring || this.isTracing;
  }
}

/** The same ones for the same meter: their names may be taken once. */
function instrumentsOf(meter: Meter): Instruments {
  let instruments = instrumentsOfMeters.get(meter);
  if (instruments === undefined) instrumentsOfMeters.set(meter, (instruments = createInstruments(meter)));
  return instruments;
}

/** What stands in for a provider that may come later tells whether it has. What cannot tell is taken for one. */
function isTracerRegistered(): boolean {
  const provider: TracerProvider & { getDelegateTracer?(name: string, version: string): Tracer | undefined } =
    trace.getTracerProvider();
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer(SCOPE, VERSION) !== undefined;
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
