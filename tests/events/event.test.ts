import { InvalidInstantError, InvalidNameError, InvalidNumberError, newEvent, SerializationError } from "eventfold";
import { describe, expect, it } from "vitest";
import { checkName, checkWholeNumber } from "../../src/events/bounds.ts";
import { deepFreeze } from "../../src/events/deep-freeze.ts";
import { toInstant } from "../../src/events/instant.ts";

describe("newEvent", () => {
  it("fills in what was left out", () => {
    const before = new Date().toISOString();
    const event = newEvent({ type: "Opened", data: { a: 1 } });
    expect(event).toMatchObject({ type: "Opened", schemaVersion: 1, dataText: '{"a":1}', metadataText: "{}" });
    expect(event.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(event.occurredAt >= before && event.occurredAt <= new Date().toISOString()).toBe(true);
  });

  it("gives each event an id of its own, in the order in which they are made", () => {
    const ids = Array.from({ length: 1_000 }, () => newEvent({ type: "Opened", data: {} }).id);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(1_000);
  });

  it("keeps what it was given", () => {
    const event = newEvent({
      type: "Opened",
      data: null,
      metadata: { actor: "x", own: [1] },
      id: "e 1",
      occurredAt: new Date("2026-01-31T12:00:00.120Z"),
      schemaVersion: 4,
    });
    expect(event).toEqual({
      type: "Opened",
      id: "e 1",
      occurredAt: "2026-01-31T12:00:00.120Z",
      schemaVersion: 4,
      dataText: "null",
      metadataText: '{"actor":"x","own":[1]}',
    });
  });

  it("copies data and metadata", () => {
    const [data, metadata] = [{ list: [1] }, { own: [1] }];
    const event = newEvent({ type: "Opened", data, metadata });
    data.list.push(2);
    metadata.own.push(2);
    expect([event.dataText, event.metadataText]).toEqual(['{"list":[1]}', '{"own":[1]}']);
  });

  it("refuses what no store would keep exactly", () => {
    const good = { type: "Opened", data: {} };
    for (const name of ["", "x".repeat(256), "a\u0000", "\ud800"]) {
      expect(() => newEvent({ ...good, type: name })).toThrow(InvalidNameError);
      expect(() => newEvent({ ...good, id: name })).toThrow(InvalidNameError);
    }
    for (const schemaVersion of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => newEvent({ ...good, schemaVersion })).toThrow(InvalidNumberError);
    }
    expect(() => newEvent({ ...good, occurredAt: new Date(Number.NaN) })).toThrow(InvalidInstantError);
    expect(() => newEvent({ ...good, data: { at: new Date(0) } })).toThrow(SerializationError);
    expect(() => newEvent({ ...good, data: undefined })).toThrow(SerializationError);
    expect(() => newEvent({ ...good, metadata: { ratio: Number.NaN } })).toThrow("metadata.ratio");
  });
});

describe("an instant", () => {
  it("is the same moment as text, to the millisecond", () => {
    expect(toInstant("time", new Date(1))).toBe("1970-01-01T00:00:00.001Z");
    expect(toInstant("time", "0001-01-01T00:00:00.000Z")).toBe("0001-01-01T00:00:00.000Z");
    expect(toInstant("time", "9999-12-31T23:59:59.999Z")).toBe("9999-12-31T23:59:59.999Z");
  });

  it.each([
    "",
    "now",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.000",
    "2026-01-31T12:00:00.000+01:00",
    "2026-01-31T12:00:00.0001Z",
    "2026-02-30T12:00:00.000Z",
    "2026-01-31T24:00:00.000Z",
    "0000-12-31T23:59:59.999Z",
    "-000001-01-01T00:00:00.000Z",
    "+010000-01-01T00:00:00.000Z",
  ])("is not %j", (text) => {
    expect(() => toInstant("time", text)).toThrow(InvalidInstantError);
  });

  it("is no Date outside the years 1 to 9999", () => {
    for (const date of [new Date(8.64e15), new Date(-8.64e15), new Date("0000-06-01T00:00:00.000Z"), new Date("?")]) {
      expect(() => toInstant("time", date)).toThrow(InvalidInstantError);
    }
  });
});

describe("a name", () => {
  it("is any well-formed text of 1 to 255 UTF-16 units without U+0000", () => {
    for (const name of [
      "a",
      " ",
      "é",
      "\u{10ffff}",
      "x".repeat(255),
      `${"\u{1f600}".repeat(127)}x`,
      "\uffff",
      "\u0001",
    ]) {
      expect(() => checkName("id", name)).not.toThrow();
    }
  });

  it("is nothing else, and the error says what and why", () => {
    const refused: [unknown, string][] = [
      ["", "The id is empty."],
      ["x".repeat(256), "The id has 256 UTF-16 units."],
      ["a\u0000", "The id contains U+0000."],
      ["\ud83d", "The id contains a lone surrogate."],
      [7, "The id is of type number."],
      [undefined, "The id is of type undefined."],
      [Object("boxed"), "The id is of type object."],
    ];
    for (const [name, message] of refused) expect(() => checkName("id", name)).toThrow(message);
  });
});

it("knows whole numbers within bounds, and nothing else", () => {
  for (const value of [1, 5, 2 ** 53 - 1]) expect(() => checkWholeNumber("version", value, 1)).not.toThrow();
  for (const value of [0, -0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n, null, undefined]) {
    expect(() => checkWholeNumber("version", value, 1)).toThrow(InvalidNumberError);
  }
  expect(() => checkWholeNumber("limit", 10, 1, 10)).not.toThrow();
  expect(() => checkWholeNumber("limit", 11, 1, 10)).toThrow("The limit is 11; pass a whole number from 1 to 10.");
});

it("freezes plain objects and arrays all the way down, and nothing else", () => {
  const date = new Date(0);
  const value = deepFreeze({ list: [{ a: [1] }], date, bare: Object.create(null) as object });
  expect(Object.isFrozen(value.list[0]?.a)).toBe(true);
  expect(Object.isFrozen(value.bare)).toBe(true);
  expect(Object.isFrozen(date)).toBe(false);
});
