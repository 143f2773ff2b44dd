import * as fc from "fast-check";
import { expect, it } from "vitest";
import { RecentMap } from "../../src/snapshots/recent-map.ts";

it("remembers at least what was used last, at most twice as much, and nothing that was deleted", () => {
  const step = fc.tuple(fc.constantFrom("get", "set", "delete"), fc.nat(30).map(String));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (steps, entriesMin) => {
      const map = new RecentMap<string>(entriesMin);
      let used: string[] = [];
      for (const [what, key] of steps) {
        if (what === "delete") map.delete(key);
        else if (what === "set") map.set(key, key);
        const found = what === "get" ? map.get(key) : undefined;
        const others = used.filter((each) => each !== key);
        used = what === "delete" || (what === "get" && found === undefined) ? others : [...others, key];
        if (what === "get") expect(found).toBe(used.includes(key) || found !== undefined ? key : undefined);
        expect(map.size).toBeLessThanOrEqual(2 * entriesMin);
      }
      const last = used.slice(-entriesMin);
      expect(last.map((key) => map.get(key))).toEqual(last);
    }),
  );
});

it("forgets what was not used for long", () => {
  const map = new RecentMap<number>(10);
  for (let key = 0; key < 1_000; key += 1) {
    map.set(String(key), key);
    map.get("0");
  }
  expect(map.get("0")).toBe(0);
  expect(map.get("500")).toBeUndefined();
});
