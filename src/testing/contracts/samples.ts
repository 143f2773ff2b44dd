import type { JsonValue } from "../../events/strict-json.ts";

/** Names that a careless store would take for one another, or not keep. All different. */
export const trickyNames: readonly string[] = [
  ..."aAbZ09:|/\\'\"`%_?$-.,;#\u0001\u007f\u00a0\ufeff\uffff".split(""),
  " ",
  "a ",
  " a",
  "a\t",
  "a\n",
  "01",
  "1",
  "1.0",
  "1e0",
  "0x1",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "\u00e9",
  "e\u0301",
  "\u00df",
  "ss",
  "\u0130",
  "\u0131",
  "\u212b",
  "\u00c5",
  "\ud7ff",
  "\ue000",
  "\ufffd",
  "\u{10000}",
  "\u{1f600}",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\u{10ffff}",
  "'; DROP TABLE events; --",
  "x".repeat(255),
  "\uffff".repeat(255),
  `${"\u{10ffff}".repeat(127)}x`,
];

/** In the order of their UTF-8 bytes, which is not that of UTF-16 units. */
export const namesInOrder: readonly string[] = [
  "\u0001",
  " ",
  '"',
  "'",
  "10",
  "9",
  "A",
  "AB",
  "Z",
  "a",
  "a ",
  "a:",
  "aa",
  "e\u0301",
  "z",
  "\u007f",
  "\u00e9",
  "\u07ff",
  "\u0800",
  "\ud7ff",
  "\ue000",
  "\ufffd",
  "\uffff",
  "\u{10000}",
  "\u{1f600}",
  "\u{10ffff}",
];

/** What no store may be asked to keep as a name. */
export const refusedNames: readonly unknown[] = [
  "",
  "x".repeat(256),
  "\u{1f600}".repeat(128),
  "a\u0000b",
  "\u0000",
  "a\ud800",
  "\udc00a",
  undefined,
  null,
  7,
  {},
  ["a"],
];

/** What no store may be asked to take as a version, a position or a bound. */
export const refusedNumbers: readonly unknown[] = [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n];

/** JSON that a careless store would bring back changed. */
export const trickyValues: readonly JsonValue[] = [
  null,
  true,
  "",
  0,
  -0,
  [],
  {},
  [[], {}, [null]],
  [-0, 0, 1.5, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 0.1 + 0.2, Number.MAX_SAFE_INTEGER, 2 ** 53, -(2 ** 63)],
  "\u0000",
  "a\u0000b\u0001\u001f\u007f",
  "\ud800",
  "a\udc00b",
  "\u2028\u2029\ufeff\ufffe\uffff",
  '"\\/\b\f\n\r\t',
  "é e\u0301 \u{1f600} \u{10ffff}",
  "\\u0000 \\ud800",
  { "": 1, " ": 2, "\u0000": 3, "\ud800": 4, "a\udc00": 5, "\u{1f600}": 6, '"': 7, "\\": 8 },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as JsonValue,
  { zebra: 1, apple: 2, 10: 3, 9: 4, "09": 5 },
  { nested: { nested: { nested: [{ zero: -0 }] } } },
  { text: '{"text":"{}"}' },
  // The deepest that is allowed, where the metadata of the cases has a level of its own.
  nestedArrays(999),
];

/** The first and the last moment that exist, and what rounding would lose. */
export const trickyInstants: readonly string[] = [
  "0001-01-01T00:00:00.000Z",
  "0099-12-31T23:59:59.999Z",
  "1582-10-10T00:00:00.001Z",
  "1883-11-18T12:03:57.999Z",
  "1969-12-31T23:59:59.999Z",
  "1970-01-01T00:00:00.000Z",
  "2016-12-31T23:59:59.999Z",
  "2024-02-29T12:00:00.120Z",
  "2026-03-29T01:30:00.001Z",
  "9999-12-31T23:59:59.999Z",
];

function nestedArrays(depth: number): JsonValue {
  let value: JsonValue = [];
  for (let level = 1; level < depth; level += 1) value = [value];
  return value;
}
