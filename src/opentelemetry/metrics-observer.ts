import type { MeterProvider } from "@opentelemetry/api";
import type { RepositoryFact, RepositoryObserver } from "../aggregates/repository-observer.ts";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
import { THRESHOLD_DEFAULT } from "../snapshots/snapshot-policy.ts";
import { errorType } from "./error-type.ts";
import { sourceOf } from "./operation.ts";
import { attributesOf, type Instruments, Telemetry } from "./telemetry.ts";

export interface MetricsObserverOptions {
  /** @default the global one: have the SDK started before */
  readonly meterProvider?: MeterProvider;
  /** The repository's: a snapshot more than twice as many events behind is stale. @default 100 */
  readonly threshold?: number;
  /** For the age of snapshots. @default the system's clock */
  readonly clock?: () => Date;
}

const OPTION_NAMES: OptionNames<MetricsObserverOptions> = { meterProvider: true, threshold: true, clock: true };

type Loaded = Extract<RepositoryFact, { kind: "loaded" }>;

/**
 * Feeds metrics from what a repository reports, for a repository that is to have no spans. `InstrumentedRepository` has one built
 * in; in addition it measures loads and saves that fail, and how many snapshots wait.
 *
 * @throws {ConfigurationError} for an option that is unknown.
 */
export function metricsObserver(options: MetricsObserverOptions = {}): RepositoryObserver {
  refuseUnknown("", options, OPTION_NAMES);
  const { meterProvider, threshold = THRESHOLD_DEFAULT, clock = () => new Date() } = options;
  const { instruments, isMeasuring } = new Telemetry({ ...(meterProvider && { meterProvider }) });
  if (!isMeasuring) return () => {};
  return (fact) => {
    switch (fact.kind) {
      case "loaded":
        return measureLoad(instruments, fact, { threshold, clock });
      case "missed": {
        const attributes = { ...typeOf(fact), "eventfold.snapshot.miss_reason": fact.reason };
        return instruments["eventfold.snapshot.misses"].add(1, attributesOf(attributes));
      }
      case "saved":
        instruments["eventfold.save.duration"].record(fact.durationMs / 1_000, typeOf(fact));
        return instruments["eventfold.save.events"].add(fact.events, typeOf(fact));
      case "snapshot-stored":
      case "snapshot-kept": {
        const result = fact.kind === "snapshot-stored" ? "stored" : "kept";
        const attributes = attributesOf({ ...typeOf(fact), "eventfold.snapshot.result": result });
        instruments["eventfold.snapshot.write.duration"].record(fact.durationMs / 1_000, attributes);
        return instruments["eventfold.snapshot.size"].record(fact.stateBytes, typeOf(fact));
      }
      case "snapshot-failed": {
        const attributes = { "eventfold.snapshot.failed_stage": fact.stage, "error.type": errorType(fact.error) };
        return instruments["eventfold.snapshot.failures"].add(1, attributesOf({ ...typeOf(fact), ...attributes }));
      }
      case "snapshot-refused":
        // What was erased is meant to have none.
        if (fact.reason === "erased") return;
        return measureDrops(instruments, 1, fact.stream.aggregateType, fact.reason);
      case "snapshots-dropped":
        return measureDrops(instruments, fact.count, fact.aggregateType, "process-end");
      case "snapshot-store-paused":
        return instruments["eventfold.snapshot.pauses"].add(1);
      case "diverged": {
        const attributes = { ...typeOf(fact), "eventfold.snapshot.divergence": fact.reason };
        return instruments["eventfold.snapshot.divergences"].add(1, attributesOf(attributes));
      }
      case "cache-missed":
      case "cache-failed": {
        const reason = fact.kind === "cache-missed" ? fact.reason : "unserializable";
        const attributes = { ...typeOf(fact), "eventfold.cache.drop_reason": reason };
        return instruments["eventfold.cache.drops"].add(1, attributesOf(attributes));
      }
      // The queue's depth is asked for; the other two are for people.
      case "snapshot-queued":
      case "wait-until-failed":
      case "threshold-ignored":
        return;
    }
  };
}

function measureLoad(
  instruments: Instruments,
  fact: Loaded,
  { threshold, clock }: { readonly threshold: number; readonly clock: () => Date },
): void {
  const { version, snapshotVersion, snapshotCreatedAt } = fact;
  const type = typeOf(fact);
  const attributes = attributesOf({ ...type, "eventfold.load.source": sourceOf(fact) });
  if (fact.durationMs !== undefined) instruments["eventfold.load.duration"].record(fact.durationMs / 1_000, attributes);
  instruments["eventfold.load.events_replayed"].record(fact.eventsReplayed, attributes);
  if (snapshotVersion === undefined || snapshotCreatedAt === undefined) return;
  const eventsSince = version - snapshotVersion;
  instruments["eventfold.snapshot.hits"].add(1, type);
  instruments["eventfold.snapshot.age.events"].record(eventsSince, type);
  if (eventsSince > 2 * threshold) instruments["eventfold.snapshot.stale"].add(1, type);
  // A clock that was set back makes nothing younger than new.
  const ageMs = Math.max(0, clock().getTime() - Date.parse(snapshotCreatedAt));
  instruments["eventfold.snapshot.age.time"].record(ageMs / 1_000, type);
}

function measureDrops(instruments: Instruments, count: number, aggregateType: string, reason: string): void {
  const attributes = { "eventfold.aggregate.type": aggregateType, "eventfold.snapshot.drop_reason": reason };
  instruments["eventfold.snapshot.drops"].add(count, attributesOf(attributes));
}

function typeOf({ stream }: { readonly stream: { readonly aggregateType: string } }): {
  "eventfold.aggregate.type": string;
} {
  return { "eventfold.aggregate.type": stream.aggregateType };
}
