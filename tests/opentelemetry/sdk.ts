import { type Attributes, context, metrics, propagation, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, afterEach, expect } from "vitest";
import { OPERATION_SPANS, STORE_SPAN } from "../../src/opentelemetry/names.ts";
import { METRICS, type MetricName } from "./declared.ts";

/** The real SDK, registered as an application does, with exporters that keep what they are given. */
export function startSdk() {
  const spanExporter = new InMemorySpanExporter();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 31 - 1 })],
  });
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  const reset = async (): Promise<void> => {
    await meterProvider.forceFlush();
    spanExporter.reset();
    metricExporter.reset();
  };
  afterEach(reset);
  afterAll(async () => {
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });
  return {
    reset,
    /** Spans that have ended, in that order; each with attributes that are declared for it. */
    get spans(): Seen[] {
      const spans = spanExporter.getFinishedSpans();
      return spans.filter((span) => span.instrumentationScope.name === "eventfold").map((span) => seen(span, spans));
    },
    /** What was measured since the last call or reset; each metric as it is declared. */
    async collect(): Promise<Measured> {
      metricExporter.reset();
      await meterProvider.forceFlush();
      return new Measured(metricExporter.getMetrics());
    },
  };
}

export interface Seen {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Attributes;
  readonly failed: boolean;
  readonly span: ReadableSpan;
}

function seen(span: ReadableSpan, all: readonly ReadableSpan[]): Seen {
  const parent = all.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
  const [word = ""] = span.name.split(" ");
  const declared =
    "db.operation.name" in span.attributes ? STORE_SPAN : OPERATION_SPANS[word as keyof typeof OPERATION_SPANS];
  const undeclared = Object.keys(span.attributes).filter((name) => !declared.attributes.includes(name as never));
  expect(undeclared, `attributes of the span ${span.name}`).toEqual([]);
  // Messages of errors may hold what a user has entered.
  expect([span.status.message, span.events]).toEqual([undefined, []]);
  const failed = span.status.code === SpanStatusCode.ERROR;
  expect("error.type" in span.attributes).toBe(failed);
  return { name: span.name, parent: parent?.name, attributes: span.attributes, failed, span };
}

export class Measured {
  readonly exported: readonly ResourceMetrics[];
  readonly #metrics: readonly MetricData[];

  constructor(exported: readonly ResourceMetrics[]) {
    this.exported = exported;
    this.#metrics = exported
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .filter(({ scope }) => scope.name === "eventfold")
      .flatMap((scope) => scope.metrics);
    for (const { descriptor, dataPoints } of this.#metrics) {
      const declared = METRICS[descriptor.name as MetricName];
      expect([descriptor.unit, descriptor.description]).toEqual([declared.unit, declared.meaning]);
      const undeclared = dataPoints
        .flatMap(({ attributes }) => Object.keys(attributes))
        .filter((name) => !declared.attributes.includes(name as never));
      expect(undeclared, `attributes of the metric ${descriptor.name}`).toEqual([]);
    }
  }

  has(name: MetricName, attributes: Attributes = {}): boolean {
    return this.#points(name, attributes).length > 0;
  }

  /** Sum of a counter or value of a gauge, over the points that have these attributes. */
  sum(name: MetricName, attributes: Attributes = {}): number {
    return this.#points(name, attributes).reduce((sum, { value }) => sum + (value as number), 0);
  }

  /** Count, sum and bounds of a histogram, over the points that have these attributes. */
  histogram(name: MetricName, attributes: Attributes = {}) {
    const values = this.#points(name, attributes).map(({ value }) => value as Histogram);
    return {
      count: values.reduce((sum, { count }) => sum + count, 0),
      sum: values.reduce((sum, { sum: one = 0 }) => sum + one, 0),
      boundaries: values[0]?.buckets.boundaries,
    };
  }

  #points(name: string, wanted: Attributes): DataPoint<unknown>[] {
    const points = this.#metrics
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap((each) => each.dataPoints as DataPoint<unknown>[]);
    return points.filter(({ attributes }) => Object.entries(wanted).every(([key, value]) => attributes[key] === value));
  }
}
