import { describe, expect, it } from "vitest";
import { adviseType, outgrown, type TypeFacts } from "../../src/cli/advice.ts";

const ASSUMPTIONS = { loadsPerEvent: 1, writeCostEvents: 100, eventMicros: undefined };

describe("the cost of a policy", () => {
  it.each([
    [1, 1_000, undefined],
    [19, 1_000, undefined],
    [20, 1_000, undefined],
    [119, 50, 50],
    [1_000, 50, 50],
    [1_007, 1_000, 20],
  ])("is that of a stream of %i events that really lives", (length, eventsPerDay, threshold) => {
    const advice = adviseType({ ...factsOf([length]), eventsPerDay }, ASSUMPTIONS);
    expect(advice.threshold).toBe(threshold);
    const without = live(length, Number.POSITIVE_INFINITY);
    expect(advice.withoutSnapshots).toMatchObject({ eventsReplayed: without.replayed, snapshotsWritten: 0 });
    if (threshold === undefined) return;
    const lived = live(length, threshold);
    expect(advice.withAdvice).toMatchObject({
      eventsReplayed: lived.replayed,
      snapshotsWritten: lived.written,
      bytesWritten: lived.written * 500,
      snapshotsKept: 1,
      bytesKept: 500,
    });
    const cost = lived.replayed + lived.written * ASSUMPTIONS.writeCostEvents;
    expect(advice.saved).toBeCloseTo(1 - cost / without.replayed);
  });

  it("counts loads as often as is assumed", () => {
    const facts = { ...factsOf([1_000]), eventsPerDay: 50 };
    const once = adviseType(facts, ASSUMPTIONS);
    const often = adviseType(facts, { ...ASSUMPTIONS, loadsPerEvent: 20 });
    expect(often.withoutSnapshots.eventsReplayed).toBe(20 * once.withoutSnapshots.eventsReplayed);
    expect(often.withoutSnapshots.eventsPerLoad).toBe(once.withoutSnapshots.eventsPerLoad);
  });

  it("is unknown in bytes where no state is stored", () => {
    const advice = adviseType({ ...factsOf([1_000]), stateBytes: undefined, eventsPerDay: 50 }, ASSUMPTIONS);
    expect(advice.withAdvice).toMatchObject({ snapshotsWritten: 20, bytesWritten: undefined, bytesKept: undefined });
  });
});

describe("the advice", () => {
  const thresholdFor = (lengths: number[], eventsPerDay: number | undefined, assumptions = {}) =>
    adviseType({ ...factsOf(lengths), eventsPerDay }, { ...ASSUMPTIONS, ...assumptions }).threshold;

  it.each([
    ["sensors and the like", 1_000, [20, 50]],
    ["a good hundred a day", 100, [20, 50]],
    ["some dozens a day", 50, [50, 100]],
    ["some a day", 5, [500, 1_000]],
  ])("keeps to what the documents say of %s", (_, eventsPerDay, thresholds) => {
    expect(thresholds).toContain(thresholdFor([10_000], eventsPerDay));
  });

  it("takes the higher threshold where writing is dear, and the lower where loads are many", () => {
    expect(thresholdFor([10_000], 50, { loadsPerEvent: 1, writeCostEvents: 10_000 })).toBe(100);
    expect(thresholdFor([10_000], 50, { loadsPerEvent: 100, writeCostEvents: 10_000 })).toBe(50);
  });

  it.each([
    [[145, 20], 690, undefined],
    [[145, 20], 680, "the longest replays in 99 ms"],
    [[145, 20], 5, "the longest replays in under 1 ms"],
  ])(
    "is to have none yet where even the longest of %j loads in under 100 ms: %d µs an event",
    (lengths, micros, reason) => {
      const facts = { ...factsOf(lengths), eventsPerDay: 150 };
      const told = adviseType(facts, { ...ASSUMPTIONS, eventMicros: micros });
      if (reason === undefined) expect(told.threshold).toBe(20);
      else expect(told).toMatchObject({ threshold: undefined, reason: expect.stringContaining(reason) });
      expect(adviseType(facts, ASSUMPTIONS)).toMatchObject({
        threshold: 20,
        cheapUnderMicros: expect.closeTo(689.66, 1),
      });
    },
  );

  it("is the documents' start where nobody knows how busy streams are", () => {
    expect(thresholdFor([10_000], undefined)).toBe(100);
  });

  it.each([
    ["are short", [19, 19, 3], 1_000],
    ["never reach a threshold", [300, 400], 5],
    ["would hardly gain", [53], 50],
  ])("is to have none where streams %s", (_, lengths, eventsPerDay) => {
    const advice = adviseType({ ...factsOf(lengths), eventsPerDay }, ASSUMPTIONS);
    expect(advice).toMatchObject({ threshold: undefined, saved: 0 });
    expect(advice.withAdvice).toEqual(advice.withoutSnapshots);
  });
});

it("finds streams and states that have outgrown the others", () => {
  const type = (p50: number, longest: number[]) => ({
    aggregateType: "Type",
    lengths: { p50, p90: 0, p99: 0, max: 0 },
    longest: longest.map((events) => ({ aggregateId: `of ${events}`, events })),
  });
  const large = [99_999, 100_000].map((stateBytes) => ({
    aggregateType: "Type",
    aggregateId: `${stateBytes}`,
    stateBytes,
  }));
  const found = outgrown([type(10, [10_000, 1_000, 999]), type(100, [9_999])], large);
  expect(found.map(({ aggregateId }) => aggregateId)).toEqual(["of 10000", "of 1000", "100000"]);
});

function factsOf(lengths: readonly number[]): Omit<TypeFacts, "eventsPerDay"> {
  const sorted = lengths.toSorted((a, b) => a - b);
  const max = sorted.at(-1) ?? 0;
  return {
    health: {
      aggregateType: "Type",
      streams: lengths.length,
      events: lengths.reduce((a, b) => a + b, 0),
      lengths: { p50: sorted[0] ?? 0, p90: max, p99: max, max },
      histogram: lengths.map((length) => ({ fromLength: length, toLength: length, streams: 1, events: length })),
    },
    stateBytes: 500,
  };
}

/** A load and a save of one event, over and over. */
function live(length: number, threshold: number): { replayed: number; written: number } {
  let [replayed, written, snapshot] = [0, 0, 0];
  for (let version = 0; version < length; version += 1) {
    replayed += version - snapshot;
    if ((version + 1) % threshold !== 0) continue;
    snapshot = version + 1;
    written += 1;
  }
  return { replayed, written };
}
