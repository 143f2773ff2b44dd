import { runInNewContext } from "node:vm";
import { SerializationError } from "eventfold";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toStrictJson } from "../../src/events/strict-json.ts";

const roundTrip = (value: unknown): unknown => JSON.parse(toStrictJson(value, "state", "refuse"));

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level += 1) value = { child: value };
  return value;
}

function refusal(value: unknown): SerializationError {
  try {
    toStrictJson(value, "state", "refuse");
  } catch (error) {
    if (error instanceof SerializationError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

it("brings back every value that JSON can hold, −0, odd keys and lone surrogates included", () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom("\u0000", "\ud800", "\udfff", "\u2028"), fc.string()) });
  const values = fc.jsonValue({ stringUnit: "binary" });
  const zeros = fc.constantFrom(-0, 0, "__proto__", { ["__proto__"]: -0 });
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(values, zeros, text, fc.array(fc.oneof(values, zeros)))), (value) => {
      const plain = { ...value };
      expect(roundTrip(plain)).toStrictEqual(plain);
      expect(toStrictJson(roundTrip(plain), "state", "refuse")).toBe(toStrictJson(plain, "state", "refuse"));
    }),
  );
});

it("brings −0 back wherever it stands", () => {
  const back = roundTrip([-0, { a: -0, b: 0 }]) as [number, { a: number; b: number }];
  expect([Object.is(back[0], -0), Object.is(back[1].a, -0), Object.is(back[1].b, 0)]).toEqual([true, true, true]);
});

it("keeps a key named __proto__ a key", () => {
  const back = roundTrip(JSON.parse('{"__proto__":{"admin":true}}')) as object;
  expect(Object.keys(back)).toEqual(["__proto__"]);
  expect("admin" in back).toBe(false);
});

it("writes the text that JSON.stringify writes", () => {
  const value = { b: [1, null, "é"], a: { "": false } };
  expect(toStrictJson(value, "state", "refuse")).toBe(JSON.stringify(value));
});

it("takes one object in several places, which is no cycle", () => {
  const shared = { a: 1 };
  expect(roundTrip({ one: shared, two: [shared, shared] })).toEqual({ one: shared, two: [shared, shared] });
});

it("takes plain objects of another realm, as test runners and workers have them", () => {
  expect(roundTrip(runInNewContext("({ list: [1, { a: null }] })"))).toEqual({ list: [1, { a: null }] });
});

it("takes 1,000 levels and refuses more, in a long path", () => {
  expect(roundTrip(nested(1_000))).toEqual(nested(1_000));
  expect(refusal(nested(1_001)).message).toContain("nested deeper than 1000 levels");
});

describe("an undefined property", () => {
  it("is left out when it may be dropped", () => {
    expect(toStrictJson({ a: 1, b: undefined, c: [{ d: undefined }] }, "data", "drop")).toBe('{"a":1,"c":[{}]}');
  });

  it("is refused when it may not", () => {
    expect(refusal({ a: { b: undefined } }).path).toBe("state.a.b");
  });

  it("is refused in an array and as the value itself, where dropping would change what is left", () => {
    expect(() => toStrictJson([undefined], "data", "drop")).toThrow(SerializationError);
    expect(() => toStrictJson(Object.assign([1], { length: 2 }), "data", "drop")).toThrow(SerializationError);
    expect(() => toStrictJson(undefined, "data", "drop")).toThrow(SerializationError);
  });
});

describe("names the path of what JSON would not bring back", () => {
  class Money {
    amount = 1;
  }
  const cycle: Record<string, unknown> = {};
  cycle.list = [{ back: cycle }];
  const cases: [what: string, value: unknown, path: string][] = [
    ["NaN", { a: [1, Number.NaN] }, "state.a[1]"],
    ["Infinity", { a: { b: Number.NEGATIVE_INFINITY } }, "state.a.b"],
    ["a Date", { at: new Date(0) }, "state.at"],
    ["a Map", { m: new Map() }, "state.m"],
    ["a Set", [[new Set()]], "state[0][0]"],
    ["a bigint", { n: 1n }, "state.n"],
    ["a function", { f: () => 1 }, "state.f"],
    ["a method named toJSON", { toJSON: () => 1 }, "state.toJSON"],
    ["a symbol", { s: Symbol("s") }, "state.s"],
    ["a symbol as key", { a: { [Symbol("s")]: 1 } }, "state.a"],
    ["a class instance", { total: new Money() }, "state.total"],
    ["an object without prototype", Object.create(null), "state"],
    ["a boxed number", { n: Object(1) as unknown }, "state.n"],
    ["a typed array", { bytes: new Uint8Array(1) }, "state.bytes"],
    ["a promise", { later: Promise.resolve() }, "state.later"],
    ["an Error", { problem: new Error("x") }, "state.problem"],
    ["an array with names", { list: Object.assign([1], { extra: 1 }) }, "state.list"],
    ["a cycle", cycle, "state.list[0].back"],
    ["anything under an odd key", { "a b": { 0: Number.NaN } }, 'state["a b"]["0"]'],
  ];
  it.each(cases)("%s", (_what, value, path) => {
    expect(refusal(value).path).toBe(path);
  });
});

it("refuses what JSON would turn into another kind of value: array subclasses, hidden properties", () => {
  class Lines extends Array<number> {
    readonly total = 3;
  }
  const hidden = Object.defineProperty({ shown: 1 }, "hidden", { value: 2, enumerable: false });
  const hiddenInArray = Object.defineProperty([1], "total", { value: 1, enumerable: false });
  for (const value of [Lines.of(1, 2), hidden, hiddenInArray]) {
    expect(() => toStrictJson({ value }, "state", "refuse")).toThrow("state.value");
  }
});
