import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { portableSha256Hex, sha256 } from "../../src/snapshots/sha256.ts";

const texts = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 200 }),
  fc.constant("x".repeat(9_999)),
  fc.constant("é".repeat(10_001)),
);

it("gives the digest of both texts, natively and portably, whatever their length", () => {
  fc.assert(
    fc.property(texts, texts, (head, text) => {
      const digest = createHash("sha256")
        .update(head + text, "utf8")
        .digest("hex");
      expect([sha256(head, text), portableSha256Hex(head, text)]).toEqual([digest, digest]);
    }),
  );
});
