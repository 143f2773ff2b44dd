import * as fc from "fast-check";
import { expect, it } from "vitest";
import { RecentMap } from "../../src/snapshots/recent-map.ts";

it("remembers at least what was used last, at most twice as much, and nothing that was deleted", () => {
  const step = fc.tuple(fc.constantFrom("get", "set", "delete"), fc.nat(20).map(String));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200, size: "max" }),
      fc.integer({ min: 1, max: 8 }),
      (steps, entriesMin) => {
        const map = new RecentMap<number>(entriesMin);
        /** Everything that was ever set, what was used last at the end. What is deleted keeps its place. */
        const model = new Map<string, number | undefined>();
        const use = (key: string, value: number): void => {
          model.delete(key);
          model.set(key, value);
        };
        for (const [turn, [what, key]] of steps.entries()) {
          if (what === "set") {
            map.set(key, turn);
            use(key, turn);
          } else if (what === "delete") {
            map.delete(key);
            if (model.has(key)) model.set(key, undefined);
          } else {
            const recent = [...model.keys()].slice(-entriesMin);
            const found = map.get(key);
            // What is older may be forgotten; nothing else is ever found.
            if (recent.includes(key) || found !== undefined) expect(found).toBe(model.get(key));
            if (found !== undefined) use(key, found);
          }
          expect(map.size).toBeLessThanOrEqual(2 * entriesMin);
        }
        const last = [...model].slice(-entriesMin);
        expect(last.map(([key]) => [key, map.get(key)])).toEqual(last);
      },
    ),
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
