import { failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { saveEvents, setUp } from "../aggregates/setup.ts";

const broken = new Error("disk full");

describe.each(["sync", "background"] as const)("in mode %s, after three failed writes in a row", (mode) => {
  async function failThreeTimes() {
    const log: string[] = [];
    const logger = { info: () => undefined, warn: (line: string) => void log.push(line) };
    const set = setUp({ logger, snapshots: { threshold: 1, mode } });
    const account = set.accounts.createNew("a");
    /** One save, whose snapshot is due. */
    const save = async () => {
      account.grow(1);
      await set.accounts.save(account);
      await set.accounts.awaitPendingSnapshots();
    };
    set.faults.every("saveSnapshot", failing(broken));
    for (let failure = 0; failure < 3; failure += 1) await save();
    return { ...set, log, save };
  }

  it("leaves the store alone for 30 seconds, and tries again then", async () => {
    const { faults, facts, clock, save } = await failThreeTimes();
    faults.clear();
    clock.advance(29_999);
    await save();
    expect(faults.callsOf("saveSnapshot")).toBe(3);
    const stream = { aggregateType: "Account", aggregateId: "a" };
    expect(facts.of("snapshot-refused")).toEqual([
      {
        kind: "snapshot-refused",
        stream,
        version: 4,
        reason: "store-paused",
        why: "every 1 events: version 4 reached 4",
      },
    ]);
    clock.advance(1);
    await save();
    expect(facts.snapshotVersions).toEqual([5]);
  });

  it("reports the pause once, however many saves fall into it", async () => {
    const { facts, log, save } = await failThreeTimes();
    for (let more = 0; more < 5; more += 1) await save();
    expect(facts.of("snapshot-store-paused")).toMatchObject([{ failures: 3, pauseMs: 30_000 }]);
    expect(log.filter((line) => line.includes("left alone")).length).toBe(1);
    expect(log.length).toBe(4);
  });

  it("pauses again after one more failure", async () => {
    const { faults, facts, clock, save } = await failThreeTimes();
    clock.advance(30_000);
    await save();
    await save();
    expect(faults.callsOf("saveSnapshot")).toBe(4);
    expect(facts.of("snapshot-store-paused").length).toBe(2);
  });

  it("does not stay away longer because the clock was set back", async () => {
    const { faults, clock, facts, save } = await failThreeTimes();
    faults.clear();
    clock.advance(-3_600_000);
    await save();
    expect(facts.snapshotVersions).toEqual([4]);
  });

  it("tries a snapshot taken by hand all the same, whose success ends the pause", async () => {
    const { accounts, faults, facts, save } = await failThreeTimes();
    await expect(accounts.createSnapshot(await accounts.load("a"))).rejects.toBe(broken);
    faults.clear();
    await accounts.createSnapshot(await accounts.load("a"));
    await save();
    expect(facts.snapshotVersions).toEqual([3, 4]);
  });

  it("goes on loading", async () => {
    const { accounts } = await failThreeTimes();
    expect((await accounts.load("a")).version).toBe(3);
  });
});

it("does not pause after two failures, nor after three with a success between them", async () => {
  const { accounts, faults, facts } = setUp({ snapshots: { threshold: 1 } });
  for (const fails of [true, true, false, true, true, false]) {
    if (fails) faults.next("saveSnapshot", failing(broken));
    await saveEvents(accounts, "a", 1);
  }
  expect(facts.of("snapshot-store-paused")).toEqual([]);
  expect(facts.snapshotVersions).toEqual([3, 6]);
});
