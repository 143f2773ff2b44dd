import { isSpanContextValid, type Link, type SpanContext } from "@opentelemetry/api";

interface Origin {
  readonly version: number;
  readonly context: SpanContext;
}

/** Some of those that wait may be dropped without a word. */
const ORIGINS_MAX = 10_000;

/**
 * Which saves and loads have queued the snapshots that wait. A queue writes in the context of whoever woke it, which would put
 * the write into the trace of another aggregate.
 */
export class SnapshotOrigins {
  readonly #origins = new Map<string, Origin>();

  /** Instead of an older snapshot of the same aggregate, which is not written any more. */
  remember(aggregateType: string, aggregateId: string, origin: Origin): void {
    if (!isSpanContextValid(origin.context)) return;
    const key = keyOf(aggregateType, aggregateId);
    this.#origins.delete(key);
    this.#origins.set(key, origin);
    if (this.#origins.size <= ORIGINS_MAX) return;
    for (const oldest of this.#origins.keys()) return void this.#origins.delete(oldest);
  }

  /** Undefined for a snapshot that was not queued. */
  take(call: {
    readonly aggregateType?: string;
    readonly aggregateId?: string;
    readonly snapshotVersion?: number;
  }): Link | undefined {
    if (this.#origins.size === 0) return undefined;
    const key = keyOf(call.aggregateType, call.aggregateId);
    const origin = this.#origins.get(key);
    if (origin === undefined || origin.version !== call.snapshotVersion) return undefined;
    this.#origins.delete(key);
    return { context: origin.context };
  }
}

function keyOf(aggregateType = "", aggregateId = ""): string {
  return JSON.stringify([aggregateType, aggregateId]);
}
