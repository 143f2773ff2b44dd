import type { ObservableGauge, ObservableResult } from "@opentelemetry/api";

/** A repository, as far as its queue goes. */
export interface Queue {
  readonly pendingSnapshotCount: number;
}

const depths = new WeakMap<ObservableGauge, QueueDepth>();

/** What waits in all queues of an aggregate type together: observations with equal attributes would replace each other. */
export class QueueDepth {
  /** Repositories that are never closed must not be kept for their queue's sake. */
  readonly #queues = new Map<WeakRef<Queue>, string>();

  static of(gauge: ObservableGauge): QueueDepth {
    let depth = depths.get(gauge);
    if (depth === undefined) {
      depths.set(gauge, (depth = new QueueDepth()));
      const observed = depth;
      gauge.addCallback((result) => observed.#observe(result));
    }
    return depth;
  }

  /** @returns what takes it out again. */
  add(aggregateType: string, queue: Queue): () => void {
    for (const gone of this.#queues.keys()) if (gone.deref() === undefined) this.#queues.delete(gone);
    const reference = new WeakRef(queue);
    this.#queues.set(reference, aggregateType);
    return () => this.#queues.delete(reference);
  }

  #observe(result: ObservableResult): void {
    const sums = new Map<string, number>();
    for (const [reference, aggregateType] of this.#queues) {
      const depth = reference.deref()?.pendingSnapshotCount ?? 0;
      sums.set(aggregateType, (sums.get(aggregateType) ?? 0) + depth);
    }
    for (const [aggregateType, depth] of sums) result.observe(depth, { "eventfold.aggregate.type": aggregateType });
  }
}
