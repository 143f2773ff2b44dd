import { SerializationError } from "eventfold";
import superjson from "superjson";
import { expect, it } from "vitest";
import { z } from "zod";
import { textCodec } from "../../src/events/codec.ts";

it("is strict JSON by default", () => {
  const codec = textCodec(undefined, "refuse");
  expect(codec.encode({ a: [1] }, "state")).toBe('{"a":[1]}');
  expect(codec.decode({ a: [1] })).toEqual({ a: [1] });
  expect(() => codec.encode({ at: new Date(0) }, "state")).toThrow("state.at");
});

it("takes superjson as it is, and brings back what JSON has no word for", () => {
  const codec = textCodec(superjson, "refuse");
  const state = { at: new Date(1), totals: new Map([["a", 1n]]), tags: new Set(["x"]), missing: undefined };
  expect(codec.decode(JSON.parse(codec.encode(state, "state")))).toEqual(state);
});

it("takes a codec of Zod as it is", () => {
  const isoDate = z.codec(z.iso.datetime(), z.date(), {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  });
  const codec = textCodec(z.object({ at: isoDate }), "refuse");
  const state = { at: new Date(5) };
  expect(codec.encode(state, "state")).toBe('{"at":"1970-01-01T00:00:00.005Z"}');
  expect(codec.decode(JSON.parse(codec.encode(state, "state")))).toEqual(state);
});

it("keeps a codec's methods on the codec", () => {
  class Shifting {
    readonly shift = 1;
    encode(value: number): number {
      return value + this.shift;
    }
    decode(value: number): number {
      return value - this.shift;
    }
  }
  const codec = textCodec(new Shifting(), "refuse");
  expect(codec.decode(JSON.parse(codec.encode(41, "state")))).toBe(41);
});

it("refuses what a codec leaves that JSON would lose, and keeps the cause of what a codec throws", () => {
  const lazy = textCodec({ encode: (value) => ({ value }), decode: (json) => json }, "refuse");
  expect(() => lazy.encode(new Date(0), "state")).toThrow("state.value");
  const cause = new Error("no such currency");
  const throwing = textCodec(
    {
      serialize() {
        throw cause;
      },
      deserialize: (json) => json,
    },
    "refuse",
  );
  expect(() => throwing.encode({}, "state")).toThrow(expect.objectContaining({ path: "state", cause }));
  expect(() => throwing.encode({}, "state")).toThrow(SerializationError);
});
