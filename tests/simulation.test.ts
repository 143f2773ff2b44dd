import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, POLICIES, type Row, WORLDS } from "../benchmarks/simulation/comparison.ts";
import { optimum } from "../benchmarks/simulation/optimum.ts";
import {
  ALL_IN_COLUMNS,
  allInCells,
  markdownTable,
  RATIO_COLUMNS,
  ratioCells,
} from "../benchmarks/simulation/report.ts";
import type { Step } from "../benchmarks/simulation/streams.ts";

const comparisons = new Map(WORLDS.map((writeEvents) => [writeEvents, compare(writeEvents)]));

describe.each([...comparisons])(
  "where a snapshot costs as much as replaying %s events, adaptive",
  (writeEvents, rows) => {
    it.each(rows.map((row): [string, Row] => [row.kind.name, row]))(
      "%s",
      (name, { ratios, ratiosAllIn, bestFixed }) => {
        const ratio = ratios.get("adaptive") ?? Number.NaN;
        const seldomLoaded = name.endsWith(" loaded");
        // Nobody foresees the load that comes once in a while: there the measure is the best threshold found afterwards.
        if (seldomLoaded) expect(ratio).toBeLessThanOrEqual(1.6 * bestFixed.ratio);
        else expect(ratio).toBeLessThanOrEqual(1.6);
        if (!seldomLoaded && writeEvents === 100) expect(ratio).toBeLessThanOrEqual(1.5);
        expect(ratio).toBeLessThan(Math.max(...ratios.values()));
        expect(ratiosAllIn.get("adaptive")).toBeLessThanOrEqual(1.1);
      },
    );

    it("is better than any threshold, the worst stream of each compared", () => {
      const worst = (policy: string): number => Math.max(...rows.map(({ ratios }) => ratios.get(policy) ?? 0));
      const others = Object.keys(POLICIES).filter((policy) => policy !== "adaptive");
      for (const policy of others) expect(worst("adaptive")).toBeLessThan(worst(policy));
    });
  },
);

it("is what the documentation says", () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/policies.md"), "utf8");
  const rows = comparisons.get(100) ?? [];
  expect(page).toContain(markdownTable(RATIO_COLUMNS, rows.map(ratioCells)));
  expect(page).toContain(markdownTable(ALL_IN_COLUMNS, rows.map(allInCells)));
  for (const [writeEvents, others] of comparisons) {
    const adaptives = others.map((row) => ratioCells(row).at(-2));
    expect(page).toContain(`| ${writeEvents.toLocaleString("en")} events | ${adaptives.join(" | ")} |`);
  }
});

it("gives the same each time", () => {
  expect(compare(100, 0.02)).toEqual(compare(100, 0.02));
});

describe("the offline optimum", () => {
  it("is what trying every set of moments finds", () => {
    const step: fc.Arbitrary<Step> = fc.oneof(fc.constant("load" as const), fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 9 }), fc.integer({ min: 1, max: 12 }), (history, writeEvents) => {
        expect(optimum(history, writeEvents)).toBe(leastOfAll(history, writeEvents));
      }),
    );
  });

  it.each<[history: Step[], writeEvents: number, least: number]>([
    [[], 5, 0],
    [["load", "load"], 5, 0],
    [[3, "load"], 5, 3],
    [[3, "load", "load"], 5, 5],
    [[3, "load", "load", 9, "load"], 5, 10],
  ])("of %j, with snapshots for %s: %s", (history, writeEvents, least) => {
    expect(optimum(history, writeEvents)).toBe(least);
  });

  function leastOfAll(history: readonly Step[], writeEvents: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let moments = 0; moments < 2 ** history.length; moments += 1) {
      let cost = 0;
      let tail = 0;
      for (const [index, step] of history.entries()) {
        if (step === "load") cost += tail;
        else tail += step;
        if (Math.floor(moments / 2 ** index) % 2 === 1) {
          cost += writeEvents;
          tail = 0;
        }
      }
      least = Math.min(least, cost);
    }
    return least;
  }
});
