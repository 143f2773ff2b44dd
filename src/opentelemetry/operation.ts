import { context, createContextKey, type Span, trace } from "@opentelemetry/api";
import type { RepositoryFact } from "../aggregates/repository-observer.ts";
import { failSpan } from "./error-type.ts";
import type { NamedAttributes } from "./names.ts";
import { attributesOf } from "./telemetry.ts";

const OPERATION = createContextKey("eventfold operation");

/** A call of a repository, and the span that tells of it. Lies in the context, where stores and observer find it. */
export class Operation {
  readonly span: Span;
  /** Undefined when it is about all aggregates of a type. */
  readonly aggregateId: string | undefined;
  /** Whether it goes from aggregate to aggregate: over a million, calls of stores with spans of their own would fill its trace. */
  readonly isWalk: boolean;

  constructor(span: Span, aggregateId: string | undefined, isWalk = false) {
    this.span = span;
    this.aggregateId = aggregateId;
    this.isWalk = isWalk;
  }

  /** The one that the active context belongs to; it may have ended. */
  static get active(): Operation | undefined {
    return context.active().getValue(OPERATION) as Operation | undefined;
  }

  /** Does `work` as the active operation, and ends the span. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const within = trace.setSpan(context.active(), this.span).setValue(OPERATION, this);
    try {
      return await context.with(within, work);
    } catch (error) {
      failSpan(this.span, error);
      throw error;
    } finally {
      this.span.end();
    }
  }

  set(attributes: NamedAttributes): void {
    if (this.span.isRecording()) this.span.setAttributes(attributesOf(attributes));
  }

  /** Notes what its repository reports. Snapshots of others may be written in its context, and after its end. */
  note(fact: RepositoryFact): void {
    if (!this.span.isRecording() || !("stream" in fact)) return;
    if (fact.stream.aggregateId === this.aggregateId) this.set(noted(fact));
  }
}

/** What a load began with. */
export function sourceOf(fact: Extract<RepositoryFact, { kind: "loaded" }>): string {
  if (fact.cachedVersion !== undefined) return "cache";
  return fact.snapshotVersion === undefined ? "events" : "snapshot";
}

function noted(fact: RepositoryFact): NamedAttributes {
  switch (fact.kind) {
    case "loaded":
      return {
        "eventfold.aggregate.version": fact.version,
        "eventfold.events_replayed": fact.eventsReplayed,
        "eventfold.load.source": sourceOf(fact),
        "eventfold.snapshot.version": fact.snapshotVersion,
      };
    case "missed":
      return { "eventfold.snapshot.miss_reason": fact.reason };
    case "saved":
      return { "eventfold.aggregate.version": fact.version, "eventfold.events": fact.events };
    case "snapshot-queued":
      return { "eventfold.snapshot.result": "queued", "eventfold.snapshot.why": fact.why };
    case "snapshot-stored":
      return { "eventfold.snapshot.result": "stored", "eventfold.snapshot.why": fact.why };
    case "snapshot-kept":
      return { "eventfold.snapshot.result": "kept", "eventfold.snapshot.why": fact.why };
    case "snapshot-refused":
      return { "eventfold.snapshot.result": "refused", "eventfold.snapshot.why": fact.why };
    case "snapshot-failed":
      return { "eventfold.snapshot.result": "failed", "eventfold.snapshot.why": fact.why };
    case "cache-missed":
    case "cache-failed":
    case "diverged":
    case "wait-until-failed":
    case "snapshot-store-paused":
    case "snapshots-dropped":
    case "threshold-ignored":
      return {};
  }
}
