import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The module as it loads on this runtime, and as it loads where there is no `node:crypto`. */
async function bothPaths() {
  const { sha256: native } = await import("../../src/snapshots/sha256.ts");
  vi.resetModules();
  vi.stubGlobal("process", undefined);
  const { sha256: portable } = await import("../../src/snapshots/sha256.ts");
  vi.unstubAllGlobals();
  expect(portable).not.toBe(native);
  return { native, portable };
}

it("a runtime without node:crypto gives the same checksums for every text", async () => {
  const { native, portable } = await bothPaths();
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.string({ unit: "grapheme" }), fc.json());
  fc.assert(
    fc.property(text, (each) => {
      expect(portable(each)).toBe(native(each));
    }),
    { numRuns: 2_000 },
  );
});

it.each(["", "Ada", "é\u0301 𝒳 👩‍👩‍👧 \u0000", "\ud800", "a\udc00b", "x".repeat(100_000), "ä".repeat(65_537)])(
  "both are the SHA-256 of the UTF-8 bytes: %j",
  async (text) => {
    const { native, portable } = await bothPaths();
    const expected = createHash("sha256").update(text, "utf8").digest("hex");
    expect([native(text), portable(text)]).toEqual([expected, expected]);
  },
);
