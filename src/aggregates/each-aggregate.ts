import { type OptionNames, wholeNumberOption } from "../events/bounds.ts";
import { discardPromise } from "../events/discard-promise.ts";
import type { EventStore } from "../events/event-store.ts";
import { pause } from "../events/pause.ts";

/** How to walk over all aggregates of a type. */
export interface WalkOptions {
  /** Aggregates at work at the same time, 1 to 64. @default 4 */
  readonly concurrency?: number;
  /** Stops the walk between two aggregates; the report says where to go on. */
  readonly signal?: AbortSignal;
  /** Goes on after this id: `lastId` of a walk that was stopped. @default from the first */
  readonly afterId?: string | undefined;
  /** Is told after each aggregate. What it throws is ignored. */
  readonly onProgress?: (progress: WalkProgress) => void;
}

export const WALK_NAMES: OptionNames<WalkOptions> = {
  concurrency: true,
  signal: true,
  afterId: true,
  onProgress: true,
};

export interface WalkProgress {
  /** Aggregates done in this walk, also those that nothing had to be done for. */
  readonly aggregates: number;
  /** All up to this id are done; undefined before the first. */
  readonly lastId: string | undefined;
}

export interface WalkReport extends WalkProgress {
  /** False when `signal` stopped it: go on with `afterId: lastId`. */
  readonly complete: boolean;
  /** Aggregates that could not be worked on. They count as done: going on with `afterId` does not come back to them. */
  readonly failed: number;
  /** The first 100 aggregates that could not be worked on, and why. */
  readonly failures: readonly { readonly aggregateId: string; readonly error: unknown }[];
}

const CONCURRENCY_DEFAULT = 4;
const CONCURRENCY_MAX = 64;
const IDS_AT_ONCE = 500;
const TURN_MS = 20;
export const REPORTED_MAX = 100;

/** Works on every aggregate of a type, several at once, with flat memory. One that fails does not keep the others from it. */
export async function eachAggregate(
  eventStore: EventStore,
  aggregateType: string,
  options: WalkOptions,
  work: (aggregateId: string) => Promise<void>,
): Promise<WalkReport> {
  const { concurrency = CONCURRENCY_DEFAULT, signal, onProgress } = options;
  wholeNumberOption("concurrency", concurrency, { maximum: CONCURRENCY_MAX });
  const failures: { aggregateId: string; error: unknown }[] = [];
  let failed = 0;
  let aggregates = 0;
  let lastId = options.afterId;
  let turnAt = performance.now();
  const nextTurn = async (): Promise<void> => {
    await pause(0);
    turnAt = performance.now();
  };
  for (;;) {
    if (signal?.aborted) return { complete: false, aggregates, lastId, failed, failures };
    const ids = await eventStore.streams(aggregateType, {
      limit: IDS_AT_ONCE,
      ...(lastId !== undefined && { afterId: lastId }),
    });
    const done = new Set<string>();
    const queue = ids.values();
    const workOn = async (): Promise<void> => {
      for (const aggregateId of queue) {
        if (signal?.aborted) return;
        try {
          await work(aggregateId);
        } catch (error) {
          failed += 1;
          if (failures.length < REPORTED_MAX) failures.push({ aggregateId, error });
        }
        aggregates += 1;
        done.add(aggregateId);
        lastId = lastOfRun(ids, done) ?? lastId;
        tell(onProgress, { aggregates, lastId });
        if (performance.now() - turnAt > TURN_MS) await nextTurn();
      }
    };
    await Promise.all(Array.from({ length: concurrency }, workOn));
    // The last page: what is created meanwhile must not make the walk endless.
    const complete = ids.length < IDS_AT_ONCE && done.size === ids.length;
    if (complete) return { complete, aggregates, lastId, failed, failures };
  }
}

/** The last id before which none is left undone. */
function lastOfRun(ids: readonly string[], done: ReadonlySet<string>): string | undefined {
  const firstUndone = ids.findIndex((id) => !done.has(id));
  return firstUndone === -1 ? ids.at(-1) : ids[firstUndone - 1];
}

function tell(onProgress: WalkOptions["onProgress"], progress: WalkProgress): void {
  try {
    discardPromise(onProgress?.(progress));
  } catch {
    // Documented: what it throws is ignored.
  }
}
