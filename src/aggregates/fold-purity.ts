import { ImpureFoldError } from "../errors.ts";
import type { DomainEvent } from "../events/event.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";

type Evolve = (state: unknown, event: DomainEvent) => unknown;

/** Far enough that a date differs as well. */
const DAY_MS = 86_400_000;

/**
 * Folds an event twice, the second time on copies, a day later and with other random numbers, and compares. For development: it
 * costs several times the fold.
 *
 * @throws {ImpureFoldError} when `evolve` changed its input, or gave two results.
 */
export function foldTwice(
  { stream, definition }: { readonly stream: StreamId; readonly definition: AggregateDefinition },
  evolve: Evolve,
  state: unknown,
  event: DomainEvent,
): unknown {
  const { stateCodec, dataCodec } = definition;
  const refuse = (problem: string): never => {
    throw new ImpureFoldError({ stream, version: event.version, eventType: event.type, problem });
  };
  const stateBefore = stateCodec.encode(state, "state");
  const dataBefore = dataCodec.encode(event.data, "data");
  const next = evolve(state, event);
  if (stateCodec.encode(state, "state") !== stateBefore)
    refuse("changed the state that it was given. Return a new one");
  if (dataCodec.encode(event.data, "data") !== dataBefore) refuse("changed the event that it was given");
  if (next === undefined) return next;

  const copies = [stateCodec.decode(JSON.parse(stateBefore)), dataCodec.decode(JSON.parse(dataBefore))];
  const again = inAnotherWorld(() => evolve(copies[0], { ...event, data: copies[1] }));
  if (again === undefined || stateCodec.encode(again, "state") !== stateCodec.encode(next, "state")) {
    refuse(
      "gave two results for one state and event. It may read neither clock nor random numbers; put them into the event",
    );
  }
  return next;
}

/** Runs `work`, which is synchronous, with another time and other random numbers. */
function inAnotherWorld<Result>(work: () => Result): Result {
  const { Date: RealDate, performance } = globalThis;
  const realRandom = Math.random;
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, not called
  const realNow = performance.now;
  const later = class extends RealDate {
    constructor(...parts: unknown[]) {
      super(...((parts.length === 0 ? [RealDate.now() + DAY_MS] : parts) as [number]));
    }
    static override now(): number {
      return RealDate.now() + DAY_MS;
    }
  };
  try {
    globalThis.Date = later as unknown as DateConstructor;
    Math.random = () => 1 - realRandom() / 2;
    performance.now = () => realNow.call(performance) + DAY_MS;
    return work();
  } finally {
    globalThis.Date = RealDate;
    Math.random = realRandom;
    performance.now = realNow;
  }
}
