export { contextFromEvent, linkFromEvent, traceMetadata } from "./event-context.ts";
export { InstrumentedEventStore } from "./instrumented-event-store.ts";
export { InstrumentedRepository } from "./instrumented-repository.ts";
export { InstrumentedSnapshotStore } from "./instrumented-snapshot-store.ts";
export { type MetricsObserverOptions, metricsObserver } from "./metrics-observer.ts";
export type { TelemetryOptions } from "./telemetry.ts";
