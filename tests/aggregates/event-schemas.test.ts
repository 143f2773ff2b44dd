import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type } from "arktype";
import {
  AggregateRepository,
  AggregateRoot,
  ConfigurationError,
  type DomainEvent,
  defineAggregate,
  defineEvents,
  EventValidationError,
  InMemoryEventStore,
  InvalidNameError,
  newEvent,
  UnknownEventTypeError,
} from "eventfold";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { eachStorage } from "./stores.ts";

type Moved = DomainEvent<"Moved", { amount: number }>;

/** A purse whose events are checked by `schemas`. */
function purseWith(events: ReturnType<typeof defineEvents>) {
  return class Purse extends AggregateRoot<{ sum: number; data: unknown[] }, Moved> {
    static readonly aggregateType = "Purse";
    static readonly events = events;

    protected initialState(): { sum: number; data: unknown[] } {
      return { sum: 0, data: [] };
    }

    protected evolve(state: { sum: number; data: unknown[] }, event: Moved): { sum: number; data: unknown[] } {
      return { sum: state.sum + event.data.amount, data: [...state.data, event.data] };
    }

    /** As JavaScript would: with any type and any data. */
    move(data: unknown, eventType = "Moved"): void {
      this.raise(eventType as "Moved", data as { amount: number });
    }
  };
}

const libraries: [library: string, events: ReturnType<typeof defineEvents>][] = [
  ["Zod", defineEvents({ Moved: z.object({ amount: z.number().positive() }) })],
  ["Valibot", defineEvents({ Moved: v.object({ amount: v.pipe(v.number(), v.gtValue(0)) }) })],
  ["ArkType", defineEvents({ Moved: type({ amount: "number > 0" }) })],
];

describe.each(libraries)("with schemas of %s", (_library, events) => {
  const Purse = purseWith(events);

  it("raises data that the schema accepts", () => {
    const purse = new Purse("a");
    purse.move({ amount: 5 });
    expect(purse.state.sum).toBe(5);
  });

  it.each([{ amount: -5 }, { amount: "5" }, {}, null, 7])(
    "refuses %j with the type and the issues, and raises nothing",
    (data) => {
      const purse = new Purse("a");
      purse.move({ amount: 5 });
      const attempt = () => purse.move(data);
      expect(attempt).toThrow(EventValidationError);
      expect(attempt).toThrow(expect.objectContaining({ eventType: "Moved", issues: [expect.any(Object)] }));
      expect([purse.version, purse.state.sum]).toEqual([1, 5]);
    },
  );

  it("names the path of what it refuses", () => {
    expect(() => new Purse("a").move({ amount: "5" })).toThrow("data.amount");
  });
});

it("stores the schema's output: defaults filled in, unknown keys stripped", async () => {
  const Purse = purseWith(
    defineEvents({ Moved: z.object({ amount: z.number(), currency: z.string().default("EUR") }) }),
  );
  const eventStore = new InMemoryEventStore();
  const purses = new AggregateRepository(Purse, { eventStore });
  const purse = purses.createNew("a");
  purse.move({ amount: 5, other: 1 });
  expect(purse.state.data).toEqual([{ amount: 5, currency: "EUR" }]);
  await purses.save(purse);
  expect((await purses.load("a")).state).toEqual(purse.state);
});

it.each<[string, StandardSchemaV1]>([
  ["resolves", z.object({ amount: z.number() }).refine(async () => true)],
  ["rejects", { "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("no network")) } }],
])("refuses an asynchronous schema that %s", (_how, schema) => {
  const purse = new (purseWith(defineEvents({ Moved: schema })))("a");
  expect(() => purse.move({ amount: 5 })).toThrow(ConfigurationError);
  expect(() => purse.move({ amount: 5 })).toThrow("asynchronous");
  expect(purse.version).toBe(0);
});

it("refuses, at the first event, a schema that does not accept its own output", () => {
  const trimmed = z.object({ amount: z.string().transform(Number) });
  const purse = new (purseWith(defineEvents({ Moved: trimmed })))("a");
  expect(() => purse.move({ amount: "5" })).toThrow(EventValidationError);
  expect(() => purse.move({ amount: "5" })).toThrow("does not accept its own output");
  expect(purse.version).toBe(0);
});

it.each([null, 7, {}, () => true])("refuses %s as a schema", (schema) => {
  expect(() => defineEvents({ Moved: schema as never })).toThrow(ConfigurationError);
});

it.each(["", "x".repeat(256), "a\u0000b"])("refuses the event type %j", (eventType) => {
  expect(() => defineEvents({ [eventType]: z.object({}) })).toThrow(InvalidNameError);
});

it("trap: names of the object prototype are not registered types, and __proto__ may be one", () => {
  const Purse = purseWith(defineEvents({ Moved: z.any() }));
  for (const eventType of ["constructor", "toString", "__proto__"]) {
    expect(() => new Purse("a").move({ amount: 1 }, eventType)).toThrow(UnknownEventTypeError);
  }
  const schemas = JSON.parse('{"__proto__":null}') as Record<string, never>;
  Object.defineProperty(schemas, "__proto__", { value: z.any(), enumerable: true });
  const Odd = purseWith(defineEvents(schemas));
  const odd = new Odd("a");
  odd.move({ amount: 1 }, "__proto__");
  expect(odd.version).toBe(1);
});

eachStorage((open) => {
  const Purse = purseWith(defineEvents({ Moved: z.object({ amount: z.number() }) }));
  const unknown = { eventType: "Burnt", message: expect.stringContaining("registered: Moved") };

  it("an unregistered type is an UnknownEventTypeError when it is raised", () => {
    const attempt = () => new Purse("a").move({ amount: 1 }, "Burnt");
    expect(attempt).toThrow(UnknownEventTypeError);
    expect(attempt).toThrow(expect.objectContaining(unknown));
  });

  it("an unregistered type is the same error when it is read, with a snapshot and without", async () => {
    const { eventStore, snapshotStore } = await open();
    const purses = new AggregateRepository(Purse, { eventStore, logger: false, snapshots: { store: snapshotStore } });
    const stream = { aggregateType: "Purse", aggregateId: crypto.randomUUID() };
    const purse = purses.createNew(stream.aggregateId);
    purse.move({ amount: 1 });
    await purses.save(purse);
    await purses.createSnapshot(purse);
    await eventStore.append(stream, [newEvent({ type: "Burnt", data: {} })], { expectedVersion: 1 });
    await expect(purses.load(stream.aggregateId)).rejects.toMatchObject(unknown);
    await snapshotStore.deleteSnapshot(stream.aggregateId, "Purse");
    await expect(purses.load(stream.aggregateId)).rejects.toThrow(UnknownEventTypeError);
  });
});

it("checks the events of a decider too", () => {
  const Purse = defineAggregate({
    type: "Purse",
    events: defineEvents({ Moved: z.object({ amount: z.number().positive() }) }),
    initialState: () => ({ sum: 0 }),
    decide: (_state, amount: number) => [{ type: "Moved", data: { amount } }],
    evolve: (state, event: Moved) => ({ sum: state.sum + event.data.amount }),
  });
  expect(() => new Purse("a").execute(-1)).toThrow(EventValidationError);
});
