import { type } from "arktype";
import {
  ConfigurationError,
  defineEvents,
  EventUpgradeError,
  EventValidationError,
  InvalidNameError,
  UnknownEventTypeError,
  upgraded,
} from "eventfold";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { eventRegistry } from "../../src/events/event-definitions.ts";

const libraries = {
  Zod: z.object({ amount: z.number().positive() }),
  Valibot: v.object({ amount: v.pipe(v.number(), v.minValue(0)) }),
  ArkType: type({ amount: "number > 0" }),
};

describe.each(Object.entries(libraries))("a schema of %s", (_library, schema) => {
  const events = eventRegistry(defineEvents({ Deposited: schema }));

  it("accepts valid data", () => {
    expect(events.validate("Deposited", { amount: 5 })).toEqual({ amount: 5 });
  });

  it("refuses other data, naming type and path but no value", () => {
    const validate = () => events.validate("Deposited", { amount: -5_831 });
    expect(validate).toThrow(EventValidationError);
    expect(validate).toThrow(
      expect.objectContaining({ eventType: "Deposited", issues: [expect.objectContaining({ path: "data.amount" })] }),
    );
  });
});

it("raises the output of a schema", () => {
  const events = eventRegistry(defineEvents({ Named: z.object({ name: z.string().trim().default("nobody") }) }));
  expect(events.validate("Named", { name: " Ada ", extra: 1 })).toEqual({ name: "Ada" });
  expect(events.validate("Named", {})).toEqual({ name: "nobody" });
});

it("names every issue", () => {
  const events = eventRegistry(
    defineEvents({ Opened: z.object({ owner: z.object({ name: z.string() }), tags: z.array(z.string()) }) }),
  );
  const validate = () => events.validate("Opened", { owner: {}, tags: ["a", 1] });
  const paths = [{ path: "data.owner.name" }, { path: "data.tags.1" }].map((issue) => expect.objectContaining(issue));
  expect(validate).toThrow(expect.objectContaining({ issues: paths }));
});

it("reports a schema that does not accept its own output", () => {
  const events = eventRegistry(
    defineEvents({ Counted: z.object({ count: z.string().transform(Number) }), Kept: z.object({}) }),
  );
  const data = events.validate("Counted", { count: "5" });
  expect(data).toEqual({ count: 5 });
  expect(() => events.confirm("Counted", data)).toThrow(EventValidationError);
  expect(() => events.confirm("Counted", data)).toThrow("does not accept its own output");
  expect(() => events.confirm("Kept", {})).not.toThrow();
});

it("refuses asynchronous schemas when they are first used, and leaves no rejection unhandled", async () => {
  const refusing = z.object({}).refine(async () => {
    throw new Error("nobody looks at this");
  });
  const events = eventRegistry(defineEvents({ Slow: v.objectAsync({}), Refusing: refusing }));
  expect(() => events.validate("Slow", {})).toThrow(ConfigurationError);
  expect(() => events.validate("Slow", {})).toThrow("asynchronous");
  await new Promise((resolve) => setImmediate(resolve));
});

it("refuses what is no schema, and names that no store would keep", () => {
  expect(() => defineEvents({ Opened: {} as never })).toThrow(ConfigurationError);
  expect(() => defineEvents({ Opened: undefined as never })).toThrow(ConfigurationError);
  expect(() => defineEvents({ "": z.object({}) })).toThrow(InvalidNameError);
});

it("knows only the types that were registered", () => {
  const events = eventRegistry(defineEvents({ Opened: z.object({}), Closed: z.object({}) }));
  for (const eventType of ["opened", "toString", "__proto__", "constructor"]) {
    for (const use of [
      () => events.validate(eventType, {}),
      () => events.upgrade(eventType, 1, {}),
      () => events.schemaVersionOf(eventType),
    ]) {
      expect(use).toThrow(UnknownEventTypeError);
      expect(use).toThrow("Opened, Closed");
    }
  }
});

describe("an upgraded event type", () => {
  const events = eventRegistry(
    defineEvents({
      Deposited: upgraded(
        z.object({ cents: z.int(), currency: z.string() }),
        (first: { amount: number }) => ({ cents: Math.round(first.amount * 100) }),
        (second: { cents: number }) => ({ ...second, currency: "EUR" }),
      ),
      Closed: z.object({}),
    }),
  );

  it("has a version more than it has steps", () => {
    expect(events.schemaVersionOf("Deposited")).toBe(3);
    expect(events.schemaVersionOf("Closed")).toBe(1);
  });

  it("is brought from every older shape to today's, step by step", () => {
    expect(events.upgrade("Deposited", 1, { amount: 1.1 })).toEqual({ cents: 110, currency: "EUR" });
    expect(events.upgrade("Deposited", 2, { cents: 7 })).toEqual({ cents: 7, currency: "EUR" });
    expect(events.upgrade("Deposited", 3, { cents: 7, currency: "CZK" })).toEqual({ cents: 7, currency: "CZK" });
  });

  it("is refused in a shape of the future", () => {
    const upgrade = () => events.upgrade("Deposited", 4, {});
    expect(upgrade).toThrow(EventUpgradeError);
    expect(upgrade).toThrow(expect.objectContaining({ eventType: "Deposited", storedSchemaVersion: 4 }));
    expect(() => events.upgrade("Closed", 2, {})).toThrow("newer than this build");
  });

  it("is refused when a step throws, with the cause", () => {
    const cause = new Error("no amount");
    const broken = eventRegistry(
      defineEvents({
        Deposited: upgraded(z.object({}), () => {
          throw cause;
        }),
      }),
    );
    expect(() => broken.upgrade("Deposited", 1, {})).toThrow(EventUpgradeError);
    expect(() => broken.upgrade("Deposited", 1, {})).toThrow(expect.objectContaining({ cause }));
  });
});

describe("without definitions", () => {
  const events = eventRegistry(undefined);

  it("takes every type as it comes", () => {
    const data = { any: 1 };
    expect(events.validate("Whatever", data)).toBe(data);
    expect(events.schemaVersionOf("Whatever")).toBe(1);
    expect(events.upgrade("Whatever", 1, data)).toBe(data);
  });

  it("refuses events that were stored by a build which had definitions and upgrades", () => {
    expect(() => events.upgrade("Whatever", 2, {})).toThrow(EventUpgradeError);
    expect(() => events.upgrade("Whatever", 2, {})).toThrow("defineEvents");
  });
});
