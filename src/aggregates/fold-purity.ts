import { ImpureFoldError } from "../errors.ts";
import type { DomainEvent } from "../events/event.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";

type Evolve = (state: unknown, event: DomainEvent) => unknown;

/** Far enough that a date differs as well. */
const DAY_MS = 86_400_000;

/**
 * Folds an event twice, the first time on copies, a day later and with other random numbers, and compares. For development: it
 * costs several times the fold.
 *
 * @throws {ImpureFoldError} when `evolve` changed its input, or gave two results; the real input is as it was.
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
  const stateText = (value: unknown): string => stateCodec.encode(value, "state");
  const eventText = ({ data, ...rest }: DomainEvent): string => JSON.stringify([rest, dataCodec.encode(data, "data")]);
  const [stateBefore, eventBefore] = [stateText(state), eventText(event)];

  const copies = {
    state: stateCodec.decode(JSON.parse(stateBefore)),
    event: {
      ...event,
      metadata: JSON.parse(JSON.stringify(event.metadata)) as DomainEvent["metadata"],
      data: dataCodec.decode(JSON.parse(dataCodec.encode(event.data, "data"))),
    },
  };
  const trial = inAnotherWorld(() => evolve(copies.state, copies.event));
  if (stateText(copies.state) !== stateBefore) refuse("changed the state that it was given. Return a new one");
  if (eventText(copies.event) !== eventBefore) refuse("changed the event that it was given");

  const next = evolve(state, event);
  // The caller has an error for a fold without a result.
  if (next === undefined && trial === undefined) return undefined;
  if (next === undefined || trial === undefined || stateText(trial) !== stateText(next)) {
    refuse(
      "gave two results for one state and event. It may read neither clock nor random numbers; put them into the event",
    );
  }
  return next;
}

/** Runs `work`, which is synchronous, with another time and other random numbers. */
function inAnotherWorld<Result>(work: () => Result): Result {
  const { Date: RealDate, performance } = globalThis;
  const [random, monotonicNow] = [Math.random, performance.now.bind(performance)];
  const now = (): number => RealDate.now() + DAY_MS;
  // A proxy, so that dates of this world are instances of that one's class too.
  const later = new Proxy(RealDate, {
    construct: (target, parts, newTarget) =>
      Reflect.construct(target, parts.length === 0 ? [now()] : parts, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
  });
  const putBack = [
    replace(globalThis, "Date", later),
    replace(Math, "random", () => (random() + 1) / 2),
    replace(performance, "now", () => monotonicNow() + DAY_MS),
  ];
  try {
    return work();
  } finally {
    for (const undo of putBack) undo();
  }
}

/** @returns puts the property back exactly as it was. */
function replace(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  };
}
