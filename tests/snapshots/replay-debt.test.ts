import { describe, expect, it } from "vitest";
import { ReplayDebts } from "../../src/snapshots/replay-debt.ts";

function load(debts: ReplayDebts, aggregateId: string, eventsReplayed: number, snapshotVersion = 0): number {
  return debts.loaded({ aggregateId, snapshotVersion, eventsReplayed, durationMs: 0 });
}

function debtOf(debts: ReplayDebts, aggregateId: string, other: Partial<Parameters<ReplayDebts["of"]>[0]> = {}) {
  const query = { version: 100, snapshotVersion: 0, saving: 0, inFlight: false, replayMs: 0 };
  return debts.of({ ...query, aggregateId, ...other });
}

describe("the replay debt of an aggregate", () => {
  it("adds up over its loads, those that are never saved included, and apart from other aggregates", () => {
    const debts = new ReplayDebts();
    for (let count = 0; count < 3; count += 1) load(debts, "a", 7);
    load(debts, "b", 5);
    expect(debtOf(debts, "a")).toMatchObject({ events: 21, loadsSinceSave: 3 });
    expect(debtOf(debts, "b")).toMatchObject({ events: 5, loadsSinceSave: 1 });
    expect(debtOf(debts, "c")).toMatchObject({ events: 0, loadsSinceSave: 0 });
  });

  it("is owed until a snapshot is stored, not merely taken", () => {
    const debts = new ReplayDebts();
    load(debts, "a", 7);
    debts.taken("a", 7);
    expect(debtOf(debts, "a").events).toBe(7);
    debts.settled("a", 7);
    expect(debtOf(debts, "a").events).toBe(0);
  });

  it("leaves out what was owed before a snapshot on its way, and owes it again when that is lost", () => {
    const debts = new ReplayDebts();
    load(debts, "a", 7);
    debts.taken("a", 7);
    load(debts, "a", 3);
    const onItsWay = { snapshotVersion: 7, inFlight: true, replayMs: 5 };
    expect(debtOf(debts, "a", onItsWay)).toMatchObject({ events: 3, replayMs: 0 });
    expect(debtOf(debts, "a", { replayMs: 5 })).toMatchObject({ events: 10, replayMs: 5 });
  });

  it("ends with a newer snapshot of another process", () => {
    const debts = new ReplayDebts();
    load(debts, "a", 50, 10);
    load(debts, "a", 2, 58);
    expect(debtOf(debts, "a").events).toBe(2);
  });

  it("outlives a snapshot that was lost", () => {
    const debts = new ReplayDebts();
    load(debts, "a", 5, 10);
    load(debts, "a", 15, 0);
    expect(debtOf(debts, "a").events).toBe(20);
  });

  it("is forgotten with the aggregate", () => {
    const debts = new ReplayDebts();
    load(debts, "a", 5);
    debts.forget("a");
    expect(debtOf(debts, "a").events).toBe(0);
  });

  it("knows how often it is loaded", () => {
    const debts = new ReplayDebts();
    const alone = { durationMs: 1, alone: true };
    expect(debtOf(debts, "a", { version: 1, saving: 1 }).loadsPerEvent).toBe(0.5);
    for (let count = 0; count < 10; count += 1) {
      load(debts, "a", 0);
      debts.saved("a", 10, alone);
    }
    expect(debtOf(debts, "a").loadsPerEvent).toBeCloseTo(0.1, 1);
    expect(debtOf(debts, "a", { version: 10_000 }).loadsPerEvent).toBeCloseTo(0.001);
    expect(debtOf(debts, "a").loadsSinceSave).toBe(0);
  });

  it("forgets how often it was loaded long ago", () => {
    const debts = new ReplayDebts();
    for (let count = 0; count < 1_000; count += 1) load(debts, "a", 0);
    for (let count = 0; count < 100; count += 1) debts.saved("a", 10_000, { durationMs: 1, alone: true });
    const { loadsPerEvent } = debtOf(debts, "a");
    expect(loadsPerEvent).toBeLessThan(1 / 65_536);
    expect(loadsPerEvent).toBeGreaterThan(0);
  });

  it("is kept for the aggregates used last, in bounded memory", () => {
    const debts = new ReplayDebts();
    for (let id = 0; id < 100_000; id += 1) {
      load(debts, String(id), 1);
      load(debts, "often", 1);
    }
    expect(debts.size).toBeLessThanOrEqual(16_384);
    expect(debtOf(debts, "often").events).toBe(100_000);
    expect(debtOf(debts, "99999").events).toBe(1);
    expect(debtOf(debts, "5").events).toBe(0);
  });
});

describe("the price of a snapshot in events", () => {
  it.each([
    ["100 before anything is measured", [], 0, 100],
    ["100 while no load has told what an event costs", [7], 0, 100],
    ["what is measured", [2], 0.004, 500],
    ["10 at least", [0.004], 0.004, 10],
    ["100,000 at most", [1_000_000], 0.004, 100_000],
    ["100 with a clock too coarse to see a write", [0, 0], 0.004, 100],
  ])("is %s", (_what, writes, msPerEvent, events) => {
    const debts = new ReplayDebts();
    for (const ms of writes) debts.noteWriteCost(ms);
    for (let count = 0; count < 6_400; count += 1) {
      const eventsReplayed = count % 50;
      const durationMs = msPerEvent === 0 ? 0 : 0.1 + eventsReplayed * msPerEvent;
      debts.loaded({ aggregateId: "a", snapshotVersion: 0, eventsReplayed, durationMs });
    }
    expect(debtOf(debts, "a").writeEvents / events).toBeCloseTo(1, 1);
  });

  it("leaves out what the events of an atomic append would have cost without it", () => {
    const debts = new ReplayDebts();
    debts.noteJointWriteCost(1, { captureMs: 1, appendMs: 9 });
    expect(debtOf(debts, "a").writeMs).toBeUndefined();
    debts.saved("a", 1, { durationMs: 5, alone: true });
    debts.saved("a", 1, { durationMs: 100, alone: false });
    debts.noteJointWriteCost(1, { captureMs: 1, appendMs: 9 });
    expect(debtOf(debts, "a").writeMs).toBe(5);
  });

  it("tells how long a load replayed for, never longer than it took", () => {
    const debts = new ReplayDebts();
    const long = { aggregateId: "a", snapshotVersion: 0, eventsReplayed: 1_000, durationMs: 50 };
    expect(debts.loaded(long)).toBe(50);
    expect(debts.loaded({ ...long, eventsReplayed: 100 })).toBeCloseTo(5);
    expect(debts.loaded({ ...long, eventsReplayed: 100, durationMs: 2 })).toBe(2);
    expect(debts.loaded({ ...long, durationMs: Number.NaN })).toBe(0);
  });
});
