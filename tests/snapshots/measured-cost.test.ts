import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../benchmarks/simulation/random.ts";
import { AppendCost, MeasuredCost, MedianCost } from "../../src/snapshots/measured-cost.ts";

describe("what each event of a load costs", () => {
  function loads(count: number, eventsOf: (load: number) => number, msOf: (events: number) => number): MeasuredCost {
    const cost = new MeasuredCost();
    for (let load = 0; load < count; load += 1) cost.note(eventsOf(load), msOf(eventsOf(load)));
    return cost;
  }

  it("is told from the round trip that comes with each load", () => {
    const cost = loads(
      64,
      (load) => load % 13,
      (events) => 50 + 0.5 * events,
    );
    expect(cost.msPerUnit).toBeCloseTo(0.5);
    expect(cost.msPerUnitExpecting(3)).toBeCloseTo(0.5, 1);
  });

  it("is told through noise, and through pauses of the process", () => {
    const random = new Random(1);
    const cost = loads(
      2_000,
      (load) => load % 14,
      (events) => (0.11 + 0.0035 * events) * random.noise(),
    );
    expect(cost.msPerUnitExpecting(0.0035)).toBeGreaterThan(0.0035 / 2);
    expect(cost.msPerUnitExpecting(0.0035)).toBeLessThan(0.0035 * 2);
  });

  it("is not told by loads that all replay as many events, however often", () => {
    const cost = loads(
      1_000,
      () => 1,
      () => 60,
    );
    expect(cost.msPerUnit).toBeUndefined();
    expect(cost.msPerUnitExpecting(0.01)).toBe(0.01);
  });

  it("is told by the first load of a long history", () => {
    const cost = loads(
      1,
      () => 10_000,
      () => 40,
    );
    expect(cost.msPerUnit).toBe(0.004);
  });

  it("follows a system that grows slower", () => {
    const cost = loads(
      640,
      (load) => load % 13,
      (events) => 50 + 0.5 * events,
    );
    for (let load = 0; load < 6_400; load += 1) cost.note(load % 13, 50 + 2 * (load % 13));
    expect(cost.msPerUnit).toBeCloseTo(2, 1);
  });

  it.each([
    ["a clock too coarse to see anything", () => 0],
    ["a clock that was set back", () => -5],
    ["no number", () => Number.NaN],
    ["no end", () => Number.POSITIVE_INFINITY],
  ])("stays unknown with %s", (_what, ms) => {
    const cost = loads(200, (load) => load % 13, ms);
    expect(cost.msPerUnit).toBeUndefined();
    expect(cost.msPerUnitExpecting(0.01)).toBe(0.01);
  });

  it("is above 0 and finite, whatever is measured", () => {
    const time = fc.oneof(fc.double(), fc.constant(0), fc.double({ min: 0, max: 1_000, noNaN: true }));
    const samples = fc.array(fc.tuple(fc.oneof(fc.nat(20), fc.nat(1_000_000), fc.double()), time), { maxLength: 300 });
    fc.assert(
      fc.property(samples, fc.double({ min: 1e-9, max: 1e6, noNaN: true }), (noted, expected) => {
        const cost = new MeasuredCost();
        for (const [events, ms] of noted) cost.note(events, ms);
        const known = cost.msPerUnit ?? 1;
        const guessed = cost.msPerUnitExpecting(expected);
        expect(known > 0 && guessed > 0 && Number.isFinite(known) && Number.isFinite(guessed)).toBe(true);
      }),
    );
  });
});

describe("what writing a snapshot costs", () => {
  function written(...times: readonly number[]): number | undefined {
    const cost = new MedianCost();
    for (const ms of times) cost.note(ms);
    return cost.ms;
  }

  it.each([
    ["unknown before the first", [], undefined],
    ["unknown to a clock too coarse", [0, 0, 0], undefined],
    ["unknown to a clock that was set back", [-1, Number.NaN, Number.POSITIVE_INFINITY], undefined],
    ["that of the first", [7], 7],
    ["not that of a slow first", [70, 7], 7],
    ["not that of a pause", [7, 7, 7, 900, 7], 7],
    ["that of late", [...Array<number>(50).fill(7), ...Array<number>(15).fill(1)], 1],
  ])("is %s", (_what, times, ms) => {
    expect(written(...times)).toBe(ms);
  });
});

describe("what an append costs", () => {
  it("is taken from those of most nearly so many events", () => {
    const cost = new AppendCost();
    expect(cost.msOf(1)).toBeUndefined();
    for (let append = 0; append < 8; append += 1) {
      cost.note(1, 0.3);
      cost.note(1_000, 20);
    }
    cost.note(1, Number.NaN);
    expect(cost.msOf(1)).toBe(0.3);
    expect(cost.msOf(2)).toBe(0.3);
    expect(cost.msOf(700)).toBe(20);
  });
});
