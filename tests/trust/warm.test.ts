import { ConfigurationError, never, newEvent, onEvent, type WalkProgress } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { saveEvents, tampered } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

eachStorage((open) => {
  /** Accounts of a type of their own, each of 12 events, and a build that is to be deployed. */
  async function accountsOf(count: number) {
    const set = await setUpOn(open);
    class Former extends Account {
      static override readonly aggregateType = `Account ${set.id}`;
    }
    class Next extends Former {
      static override readonly schemaVersion = 2;
    }
    const former = set.repositoryOf(Former, { threshold: 10 });
    const ids = Array.from({ length: count }, (_, index) => `a${String(index).padStart(4, "0")}`);
    for (const id of ids) await saveEvents(former, id, 12);
    set.facts.all.length = 0;
    return { ...set, former, Former, Next, ids, next: set.repositoryOf(Next, { threshold: 10 }) };
  }

  it("writes the snapshots of the next build, so that its first loads replay nothing", async () => {
    const { next, ids, facts, former } = await accountsOf(5);
    const report = await next.warm();
    const counts = { complete: true, aggregates: 5, lastId: ids.at(-1), failed: 0, failures: [] };
    expect(report).toEqual({ ...counts, written: 5 });
    facts.all.length = 0;
    for (const id of ids) await next.load(id);
    // The build that still runs has kept its own.
    for (const id of ids) await former.load(id);
    expect(facts.of("loaded").map(({ eventsReplayed }) => eventsReplayed)).toEqual(ids.flatMap(() => [0, 0]));
    expect(facts.missReasons).toEqual([]);
  });

  it("passes over those that need none, and repairs those whose row is damaged", async () => {
    const { next, ids, snapshotStore, Former } = await accountsOf(4);
    await next.warm();
    expect(await next.warm()).toMatchObject({ aggregates: 4, written: 0 });
    const row = (await snapshotStore.getSnapshot(ids[1]!, Former.aggregateType, { schemaVersion: 2 }))!;
    await snapshotStore.saveSnapshot(tampered(row, { stateText: "{}" }));
    await saveEvents(next, ids[2]!, 3);
    expect(await next.warm()).toMatchObject({ written: 1 });
    expect(await next.warm({ eventsMin: 3 })).toMatchObject({ written: 1 });
    expect(await next.warm({ eventsMin: 1 })).toMatchObject({ written: 0 });
  });

  it.each([
    ["its threshold", {}, 5],
    ["what is asked for", { eventsMin: 13 }, 0],
  ])("takes those alone whose loads replay as many events as %s", async (_what, options, written) => {
    const { next } = await accountsOf(5);
    expect(await next.warm(options)).toMatchObject({ aggregates: 5, written });
  });

  it("works in every mode, and 100 events count as many where no policy says otherwise", async () => {
    const { repositoryOf, Next, ids, former } = await accountsOf(2);
    await saveEvents(former, ids[0]!, 88);
    const builds = [
      repositoryOf(Next),
      repositoryOf(Next, { policy: never }),
      repositoryOf(Next, { policy: onEvent("AccountClosed"), mode: "background" }),
      repositoryOf(Next, { mode: "manual" }),
    ];
    for (const build of builds) {
      expect(await build.warm()).toMatchObject({ written: 1, failed: 0 });
      await build.erase(ids[0]!);
      await saveEvents(former, ids[0]!, 1);
    }
  });

  it.each([1, 3, 64])("works on no more than %s at once", async (concurrency) => {
    const { next, faults } = await accountsOf(10);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let [writing, most] = [0, 0];
    faults.every("saveSnapshot", async (call) => {
      writing += 1;
      most = Math.max(most, writing);
      if (writing === Math.min(concurrency, 10)) setImmediate(release);
      await delayedUntil(released)(call);
      writing -= 1;
      return "stored" as never;
    });
    expect(await next.warm({ concurrency })).toMatchObject({ written: 10 });
    expect(most).toBe(Math.min(concurrency, 10));
  });

  it("tells its progress after each aggregate; what the listener throws changes nothing", async () => {
    const { next, ids } = await accountsOf(4);
    const told: WalkProgress[] = [];
    const onProgress = (progress: WalkProgress) => {
      told.push(progress);
      throw new Error("unwanted");
    };
    await next.warm({ concurrency: 1, onProgress });
    expect(told).toEqual(ids.map((lastId, index) => ({ aggregates: index + 1, lastId })));
  });

  it.each([1, 4])("goes on where it was stopped, with %s at once: none is left out", async (concurrency) => {
    const { next, ids, facts } = await accountsOf(20);
    const controller = new AbortController();
    const onProgress = ({ aggregates }: WalkProgress) => aggregates === 7 && controller.abort();
    const first = await next.warm({ concurrency, onProgress, signal: controller.signal });
    expect(first.complete).toBe(false);
    expect(first.aggregates).toBeLessThan(20);
    expect(await next.warm({ signal: controller.signal })).toMatchObject({ complete: false, aggregates: 0 });
    const second = await next.warm({ afterId: first.lastId!, concurrency });
    expect(second.complete).toBe(true);
    expect(new Set(facts.of("snapshot-stored").map(({ stream }) => stream.aggregateId))).toEqual(new Set(ids));
    expect(first.written + second.written).toBe(20);
  });

  it("an id is done only when all before it are: what hangs is not skipped by the next walk", async () => {
    const { next, former, ids, faults } = await accountsOf(6);
    // The first one is the only one that has a snapshot written.
    await saveEvents(former, ids[0]!, 1);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const controller = new AbortController();
    let last: WalkProgress | undefined;
    faults.next("saveSnapshot", delayedUntil(released));
    const onProgress = (progress: WalkProgress) => {
      last = progress;
      if (progress.aggregates !== 3) return;
      // The first aggregate still hangs: nothing can be said to be done up to an id.
      expect(progress.lastId).toBeUndefined();
      controller.abort();
      release();
    };
    const report = await next.warm({ eventsMin: 13, concurrency: 2, onProgress, signal: controller.signal });
    expect(last).toEqual({ aggregates: 4, lastId: ids[3] });
    expect(report).toMatchObject({ complete: false, aggregates: 4, lastId: ids[3], written: 1 });
  });

  it("walks over more aggregates than it lists at once", async () => {
    const { next, faults, eventStore, Former } = await accountsOf(0);
    for (let index = 0; index < 1_001; index += 1) {
      const stream = { aggregateType: Former.aggregateType, aggregateId: String(index) };
      await eventStore.append(stream, [newEvent({ type: "MoneyDeposited", data: { amount: 1 } })], {
        expectedVersion: 0,
      });
    }
    const before = faults.callsOf("streams");
    expect(await next.warm({ concurrency: 16 })).toMatchObject({ complete: true, aggregates: 1_001, written: 0 });
    expect(faults.callsOf("streams") - before).toBeGreaterThan(2);
  });

  it("ends, though aggregates are created as fast as it walks", async () => {
    const { next, Former, storage } = await accountsOf(3);
    let created = 0;
    const create = async (): Promise<void> => {
      created += 1;
      const stream = { aggregateType: Former.aggregateType, aggregateId: `b${String(created).padStart(4, "0")}` };
      await storage.eventStore.append(stream, [newEvent({ type: "Opened", data: {} })], { expectedVersion: 0 });
    };
    const creating: Promise<void>[] = [];
    const report = await next.warm({ eventsMin: 100, onProgress: () => void creating.push(create()) });
    await Promise.all(creating);
    expect(report.complete).toBe(true);
    expect(created).toBe(report.aggregates);
  });

  it("collects the aggregates that fail, and goes on", async () => {
    const { next, ids, faults } = await accountsOf(5);
    const broken = new Error("disk full");
    faults.next("saveSnapshot", failing(broken));
    const report = await next.warm({ concurrency: 1 });
    expect(report).toMatchObject({ aggregates: 5, written: 4, failed: 1, complete: true });
    expect(report.failures).toEqual([{ aggregateId: ids[0], error: broken }]);
  });

  it("refuses bounds that make no sense", async () => {
    const { next } = await accountsOf(1);
    for (const options of [{ eventsMin: 0 }, { eventsMin: 1.5 }, { concurrency: 0 }, { concurrency: 65 }]) {
      await expect(next.warm(options)).rejects.toThrow(ConfigurationError);
    }
  });

  describe("pruneSnapshots", () => {
    const day = 86_400_000;

    it("removes rows of other definitions that nobody has written for as long as asked, and no others", async () => {
      const { former, next, repositoryOf, clock, ids, Former, snapshotStore } = await accountsOf(3);
      class OtherType extends Former {
        static override readonly aggregateType = `Other ${Former.aggregateType}`;
      }
      await saveEvents(repositoryOf(OtherType, { threshold: 1 }), ids[0]!, 1);
      clock.advance(10 * day);
      await next.warm();
      // The former build has written one of its rows anew.
      await saveEvents(former, ids[2]!, 10);
      expect(await next.pruneSnapshots({ notWrittenForMs: 10 * day + 1 })).toBe(0);
      expect(await next.pruneSnapshots({ notWrittenForMs: 10 * day })).toBe(0);
      expect(await next.pruneSnapshots({ notWrittenForMs: 10 * day - 1 })).toBe(2);
      const left = async (schemaVersion: number) =>
        await Promise.all(ids.map((id) => snapshotStore.snapshotExists(id, Former.aggregateType, { schemaVersion })));
      expect(await left(1)).toEqual([false, false, true]);
      expect(await left(2)).toEqual([true, true, true]);
      expect(await snapshotStore.snapshotExists(ids[0]!, OtherType.aggregateType)).toBe(true);
      clock.advance(1);
      expect(await next.pruneSnapshots({ notWrittenForMs: 0 })).toBe(1);
      expect(await left(2)).toEqual([true, true, true]);
    });

    it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s milliseconds", async (notWrittenForMs) => {
      const { next } = await accountsOf(1);
      await expect(next.pruneSnapshots({ notWrittenForMs })).rejects.toThrow(ConfigurationError);
    });

    it("a time before all times removes nothing", async () => {
      const { next } = await accountsOf(1);
      expect(await next.pruneSnapshots({ notWrittenForMs: Number.MAX_SAFE_INTEGER })).toBe(0);
    });
  });
});
