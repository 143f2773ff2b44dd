import type { EventStore } from "../../events/event-store.ts";
import type { JointStore, SnapshotStore } from "../../snapshots/snapshot-store.ts";

/**
 * A method at which a fault can strike. `read` is not among them: it fetches its pages by `readPage`. An append that brings a
 * snapshot along counts as `append`, an erasure that takes snapshots along as `eraseStream`, with the faults of the snapshot store.
 */
export type FaultPoint = Exclude<
  keyof EventStore | keyof SnapshotStore | keyof JointStore,
  "read" | "jointWith" | "joinsTransactions"
>;

/** What becomes of a call: it may be carried out or not, now or later, and answered or not. */
export type Fault = <Answer>(call: () => Promise<Answer>) => Promise<Answer>;

/** The call is not carried out; its caller gets `error`. */
export function failing(error: Error): Fault {
  return async () => {
    throw error;
  };
}

/** The call is carried out, but its caller gets `error`, as when a connection breaks before the answer comes. */
export function losingAnswer(error: Error): Fault {
  return async (call) => {
    await call();
    throw error;
  };
}

/** The call is carried out when `released` resolves, and hangs until then. */
export function delayedUntil(released: Promise<unknown>): Fault {
  return async (call) => {
    await released;
    return call();
  };
}

/** The call is carried out at once, but its answer comes only when `released` resolves. */
export function answeredAfter(released: Promise<unknown>): Fault {
  return async (call) => {
    const answer = await call();
    await released;
    return answer;
  };
}

/**
 * Plans what goes wrong in the stores that share it, and counts their calls.
 *
 * ```ts
 * const faults = new Faults();
 * const eventStore = new FaultyEventStore(new InMemoryEventStore(), faults);
 * faults.next("append", losingAnswer(new Error("connection reset")));
 * ```
 */
export class Faults {
  readonly #next = new Map<FaultPoint, Fault[]>();
  readonly #every = new Map<FaultPoint, Fault>();
  readonly #calls = new Map<FaultPoint, number>();

  /** Strikes the next call of `point` only; planned again before that call, the call after it, and so on. */
  next(point: FaultPoint, fault: Fault): void {
    this.#next.set(point, [...(this.#next.get(point) ?? []), fault]);
  }

  /** Strikes every call of `point` for which `next` has planned nothing. */
  every(point: FaultPoint, fault: Fault): void {
    this.#every.set(point, fault);
  }

  /** Forgets all plans. Calls that hang go on hanging, and the counts stay. */
  clear(): void {
    this.#next.clear();
    this.#every.clear();
  }

  /** How often `point` was called, whatever became of the calls. */
  callsOf(point: FaultPoint): number {
    return this.#calls.get(point) ?? 0;
  }

  /** Carries `call` out as planned. For decorators of other ports. */
  async strike<Answer>(point: FaultPoint, call: () => Promise<Answer>): Promise<Answer> {
    this.#calls.set(point, this.callsOf(point) + 1);
    const fault = this.#next.get(point)?.shift() ?? this.#every.get(point);
    return fault === undefined ? call() : fault(call);
  }
}
