import {
  AggregateCache,
  adaptive,
  anyOf,
  olderThan,
  onEvent,
  replayLongerThan,
  type SnapshotMode,
  type SnapshotPolicy,
} from "eventfold";
import { delayedUntil, type Fault, failing } from "eventfold/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setUpOn } from "../trust/setup.ts";
import { Account, AccountOfSchema2 } from "./account.ts";
import { saveEvents, setUp } from "./setup.ts";
import { eachStorage } from "./stores.ts";

const broken = new Error("disk full");
const modes: readonly Exclude<SnapshotMode, "manual">[] = ["sync", "background", "atomic"];

/** As `performance.now()` has it: stands still, unless a test moves it, so that a snapshot costs as much as 100 events. */
let now = 0;

beforeEach(() => {
  now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The call takes so long. */
function lasting(ms: number): Fault {
  return async (call) => {
    now += ms;
    return call();
  };
}

eachStorage((open, kind) => {
  describe.each(modes.filter((mode) => mode !== "atomic" || kind !== "memory"))("in mode %s", (mode) => {
    async function adapting(options: Parameters<typeof adaptive>[0] = {}) {
      const set = await setUpOn(open);
      const accounts = set.repositoryOf(Account, { policy: adaptive(options), mode });
      /** Loads the account and saves some events of it, as `update` does. */
      const command = async (events = 1): Promise<void> => {
        await saveEvents(accounts, set.id, events);
        await accounts.awaitPendingSnapshots();
      };
      return { ...set, accounts, command };
    }

    it("a command saves the snapshot that its loads have paid for, and says why", async () => {
      const { facts, command } = await adapting();
      for (let saves = 0; saves < 15; saves += 1) await command();
      // The loads have replayed 0 + 1 + … + 13 = 91 events, and the next one would replay 14.
      expect(facts.of("snapshot-stored")).toMatchObject([
        {
          version: 14,
          why: expect.stringMatching(/^replay debt 91 events \+ 14 events expected before the next/),
        },
      ]);
      for (let saves = 0; saves < 15; saves += 1) await command();
      expect(facts.snapshotVersions).toEqual([14, 28]);
    });

    it("reads alone have one written, behind their back", async () => {
      const { accounts, facts, id } = await adapting();
      await saveEvents(accounts, id, 30);
      for (let loads = 1; loads <= 3; loads += 1) await accounts.load(id);
      expect(accounts.pendingSnapshotCount).toBe(0);
      await accounts.load(id);
      expect(accounts.pendingSnapshotCount).toBe(1);
      await accounts.load(id);
      expect(await accounts.awaitPendingSnapshots()).toBe(1);
      for (let loads = 0; loads < 100; loads += 1) await accounts.load(id);
      expect(accounts.pendingSnapshotCount).toBe(0);
      expect(facts.of("snapshot-stored")).toMatchObject([
        { version: 30, why: "replay debt 120 events ≥ write cost 100 events (not measured yet)" },
      ]);
    });

    it.each([120, 250])(
      "a load of %s events leaves the snapshot to the save that follows, and costs no write",
      async (events) => {
        const { accounts, facts, faults, command, id } = await adapting();
        const account = accounts.createNew(id);
        for (let saved = 0; saved < events; saved += 10) {
          account.grow(10);
          await accounts.save(account);
        }
        await accounts.awaitPendingSnapshots();
        facts.all.length = 0;
        const writes = faults.callsOf("saveSnapshot");
        await command();
        expect(facts.snapshotVersions).toEqual([events + 1]);
        expect(faults.callsOf("saveSnapshot") - writes).toBe(mode === "atomic" ? 0 : 1);
        expect(facts.of("snapshot-kept")).toEqual([]);
      },
    );

    it("a tail that nobody reads is cut where it reaches its greatest length", async () => {
      const { accounts, facts, id } = await adapting({ tailMax: 40 });
      const account = accounts.createNew(id);
      for (let saves = 0; saves < 12; saves += 1) {
        account.grow(10);
        await accounts.save(account);
      }
      await accounts.awaitPendingSnapshots();
      const stored = facts.of("snapshot-stored");
      if (mode !== "background") expect(facts.snapshotVersions).toEqual([40, 80, 120]);
      expect(stored.at(-1)).toMatchObject({ version: 120, why: "tail of 40 events ≥ tailMax 40" });
    });

    it("trap: a write that fails leaves the debt, and the next save tries again", async () => {
      const { facts, faults, command, accounts, id } = await adapting();
      for (let saves = 0; saves < 13; saves += 1) await command();
      faults.next(mode === "atomic" ? "append" : "saveSnapshot", failing(broken));
      if (mode === "atomic") faults.next("append", (call) => call());
      await command();
      expect(facts.of("snapshot-failed")).toMatchObject([{ version: 14, stage: "write", error: broken }]);
      expect(facts.snapshotVersions).toEqual([]);
      await command();
      expect(facts.snapshotVersions).toEqual([15]);
      await accounts.load(id);
      expect(accounts.pendingSnapshotCount).toBe(0);
    });

    it("a conflict leaves the debt", async () => {
      const { facts, command, accounts, id } = await adapting();
      for (let saves = 0; saves < 13; saves += 1) await command();
      const outdated = await accounts.load(id);
      await command();
      facts.all.length = 0;
      const late = await accounts.load(id);
      late.deposit();
      await saveEvents(accounts, id, 1);
      outdated.deposit();
      await expect(accounts.save(outdated)).rejects.toThrow();
      await expect(accounts.save(late)).rejects.toThrow();
      await accounts.awaitPendingSnapshots();
      expect(facts.of("snapshot-failed")).toEqual([]);
    });

    it("a restart forgets the debt, and nothing else", async () => {
      const { facts, command, repositoryOf, id } = await adapting();
      for (let saves = 0; saves < 13; saves += 1) await command();
      const restarted = repositoryOf(Account, { policy: adaptive(), mode });
      for (let saves = 0; saves < 7; saves += 1) {
        await saveEvents(restarted, id, 1);
        await restarted.awaitPendingSnapshots();
      }
      // 13 + 14 + … until the sum, and what the next load would add, is 100.
      expect(facts.snapshotVersions).toEqual([19]);
    });

    it("another definition of the state replays all, and has its own written once that has cost as much", async () => {
      const { accounts, facts, repositoryOf, id } = await adapting();
      await saveEvents(accounts, id, 120);
      await accounts.createSnapshot(await accounts.load(id));
      const next = repositoryOf(AccountOfSchema2, { policy: adaptive(), mode });
      await saveEvents(next, id, 1);
      await next.awaitPendingSnapshots();
      expect(facts.snapshotVersions).toEqual([120, 121]);
    });

    it("loads of one aggregate at once have one written", async () => {
      const { accounts, facts, faults, repositoryOf, id } = await adapting();
      await saveEvents(accounts, id, 60);
      const readers = repositoryOf(Account, { policy: adaptive(), mode });
      await Promise.all(Array.from({ length: 20 }, () => readers.load(id)));
      for (let loads = 0; loads < 3; loads += 1) await readers.load(id);
      await readers.awaitPendingSnapshots();
      expect(facts.snapshotVersions).toEqual([60]);
      expect(faults.callsOf("saveSnapshot")).toBe(1);
    });
  });
});

it("one policy shared between repositories keeps their debts and their measurements apart", async () => {
  const policy = adaptive();
  const one = setUp({ snapshots: { policy } });
  const other = setUp({ snapshots: { policy } });
  one.faults.every("saveSnapshot", lasting(1_000));
  await saveEvents(one.accounts, "a", 60);
  await one.accounts.createSnapshot(await one.accounts.load("a"));
  await saveEvents(other.accounts, "a", 60);
  await other.accounts.load("a");
  await saveEvents(other.accounts, "a", 1);
  expect(other.facts.of("snapshot-stored")).toMatchObject([{ why: expect.stringContaining("not measured yet") }]);
});

it("measures what replaying and writing cost, and says it in milliseconds", async () => {
  const { accounts, facts, faults, repositoryOf } = setUp({ snapshots: { policy: adaptive() } });
  faults.every("saveSnapshot", lasting(40));
  await saveEvents(repositoryOf(Account, false), "long", 500);
  // 500 events in 1,000 ms: 2 ms each, against the 40 ms of a snapshot.
  faults.next("readPage", lasting(1_000));
  await accounts.load("long");
  await accounts.awaitPendingSnapshots();
  await saveEvents(accounts, "a", 1);
  for (let saves = 0; saves < 10; saves += 1) await saveEvents(accounts, "a", 1);
  const [healed, first] = facts.of("snapshot-stored");
  expect(healed).toMatchObject({ stream: { aggregateId: "long" }, why: expect.stringContaining("not measured yet") });
  expect(first).toMatchObject({
    stream: { aggregateId: "a" },
    why: expect.stringMatching(/ms.* ≥ write cost [\d.]+ ms$/),
  });
  expect(first?.version).toBeLessThan(9);
});

it("has no second one due while one is being written, and the next when that is long past", async () => {
  const { accounts, facts, faults } = setUp({ snapshots: { policy: adaptive(), mode: "background" } });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next("saveSnapshot", delayedUntil(released));
  await saveEvents(accounts, "a", 50);
  await accounts.load("a");
  const account = await accounts.load("a");
  account.deposit();
  await accounts.save(account);
  expect(accounts.pendingSnapshotCount).toBe(1);
  const drained = accounts.awaitPendingSnapshots();
  account.deposit();
  await accounts.save(account);
  release();
  await drained;
  await accounts.awaitPendingSnapshots();
  expect(facts.snapshotVersions).toEqual([51]);
});

it("counts loads of many at once, and takes no duration of all for that of one", async () => {
  const { accounts, facts, faults, repositoryOf } = setUp({ snapshots: { policy: adaptive() } });
  const ids = Array.from({ length: 40 }, (_, id) => String(id));
  for (const id of ids) await saveEvents(repositoryOf(Account, false), id, 60);
  faults.every("readManyPages", lasting(60_000));
  for (let loads = 0; loads < 2; loads += 1) await accounts.loadMany(ids);
  expect(accounts.pendingSnapshotCount).toBe(40);
  await accounts.awaitPendingSnapshots();
  expect(new Set(facts.of("snapshot-stored").map(({ why }) => why))).toEqual(
    new Set(["replay debt 120 events ≥ write cost 100 events (not measured yet)"]),
  );
});

it("owes nothing for loads from a cache, and cuts the tail that they leave unread", async () => {
  const { accounts, facts } = setUp({
    cache: new AggregateCache({ entriesMax: 10 }),
    snapshots: { policy: adaptive({ tailMax: 150 }) },
  });
  for (let saves = 0; saves < 160; saves += 1) await saveEvents(accounts, "a", 1);
  for (let loads = 0; loads < 100; loads += 1) await accounts.load("a");
  expect(facts.of("snapshot-stored")).toMatchObject([{ version: 150, why: "tail of 150 events ≥ tailMax 150" }]);
});

it("serves thousands of aggregates in turn", async () => {
  const { accounts, facts } = setUp({ snapshots: { policy: adaptive() } });
  for (let id = 0; id < 5_000; id += 1) await saveEvents(accounts, String(id), 40);
  for (let round = 0; round < 3; round += 1) {
    for (let id = 0; id < 5_000; id += 1) await accounts.load(String(id));
  }
  // The queue takes 1,000, and refuses the others until it has room.
  expect(accounts.pendingSnapshotCount).toBe(1_000);
  await accounts.awaitPendingSnapshots();
  expect(new Set(facts.of("snapshot-stored").map(({ stream }) => stream.aggregateId)).size).toBe(1_000);
});

it.each<[what: string, policy: SnapshotPolicy]>([
  ["adaptive()", adaptive()],
  ["olderThan()", olderThan(1)],
  ["replayLongerThan()", replayLongerThan(1)],
])("%s is refused in manual mode, and without a store", (_what, policy) => {
  expect(() => setUp({ snapshots: { policy, mode: "manual" } })).toThrow("manual");
  expect(() => setUp({ snapshots: { policy, store: undefined as never } })).toThrow("store");
  expect(() => setUp({ snapshots: { policy, threshold: 5 } })).toThrow("threshold");
});

it("reports a policy that throws after a load, which goes on", async () => {
  const afterLoad = () => {
    throw broken;
  };
  const { accounts, facts } = setUp({ snapshots: { policy: Object.assign(() => false, { afterLoad }) } });
  await saveEvents(accounts, "a", 3);
  expect((await accounts.load("a")).version).toBe(3);
  expect(facts.of("snapshot-failed")).toMatchObject([{ version: 3, stage: "policy", error: broken }]);
});

it("reports adaptive() within a function that asks for no measurements", async () => {
  const part = adaptive();
  const { accounts, facts } = setUp({ snapshots: { policy: (known) => part(known) } });
  await saveEvents(accounts, "a", 3);
  expect(facts.of("snapshot-failed")).toMatchObject([{ stage: "policy", error: expect.any(TypeError) }]);
});

it("takes the measurements to a function of one's own that asks for them", async () => {
  const events: (number | undefined)[] = [];
  const policy = Object.assign(({ debt }: { debt?: { events: number } | undefined }) => events.push(debt?.events) < 0, {
    measures: true,
  });
  const { accounts } = setUp({ snapshots: { policy } });
  for (let saves = 0; saves < 4; saves += 1) await saveEvents(accounts, "a", 2);
  expect(events).toEqual([0, 2, 6, 12]);
});

describe("olderThan", () => {
  const HOUR_MS = 3_600_000;

  it("goes by the clock of the repository, from the last snapshot or the first event", async () => {
    const { accounts, facts, clock } = setUp({ snapshots: { policy: olderThan({ hours: 1 }) } });
    await saveEvents(accounts, "a", 1);
    clock.advance(HOUR_MS);
    await saveEvents(accounts, "a", 1);
    clock.advance(1);
    await saveEvents(accounts, "a", 1);
    clock.advance(HOUR_MS);
    await saveEvents(accounts, "a", 1);
    clock.advance(1);
    await accounts.load("a");
    await accounts.save(await accounts.load("a"));
    await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([3, 5]);
  });

  it("counts anew for an instance that wrote one, and not after a write that failed", async () => {
    const { accounts, facts, clock, faults } = setUp({ snapshots: { policy: olderThan({ hours: 1 }) } });
    const account = await saveEvents(accounts, "a", 1);
    faults.next("saveSnapshot", failing(broken));
    for (let saves = 0; saves < 4; saves += 1) {
      clock.advance(HOUR_MS / 2 + 1);
      account.deposit();
      await accounts.save(account);
    }
    expect(facts.of("snapshot-failed")).toMatchObject([{ version: 3 }]);
    expect(facts.snapshotVersions).toEqual([4]);
  });

  it("counts from the first event also where a cache spares the loads", async () => {
    const { accounts, facts, clock } = setUp({
      cache: new AggregateCache({ entriesMax: 10 }),
      snapshots: { policy: olderThan({ hours: 1 }) },
    });
    await saveEvents(accounts, "a", 1);
    clock.advance(HOUR_MS + 1);
    await saveEvents(accounts, "a", 1);
    await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([2]);
  });

  it("wants none after the clock was set back", async () => {
    const { accounts, facts, clock } = setUp({ snapshots: { policy: olderThan({ hours: 1 }) } });
    await saveEvents(accounts, "a", 1);
    clock.advance(-24 * HOUR_MS);
    await saveEvents(accounts, "a", 1);
    expect([facts.snapshotVersions, facts.of("snapshot-failed")]).toEqual([[], []]);
  });

  it("fails no save when the clock throws", async () => {
    let fails = false;
    const clock = (): Date => {
      if (fails) throw broken;
      return new Date();
    };
    const { accounts, facts } = setUp({ clock, snapshots: { policy: olderThan({ hours: 1 }) } });
    const account = await saveEvents(accounts, "a", 1);
    account.deposit();
    fails = true;
    await accounts.save(account);
    expect(facts.of("snapshot-failed")).toMatchObject([{ stage: "policy", error: broken }]);
  });
});

describe("replayLongerThan", () => {
  it("takes a snapshot where replaying took so long, at the next save or behind the back of reads", async () => {
    const { accounts, facts, faults } = setUp({ snapshots: { policy: replayLongerThan({ milliseconds: 50 }) } });
    await saveEvents(accounts, "a", 200);
    await accounts.load("a");
    expect(accounts.pendingSnapshotCount).toBe(0);
    faults.next("readPage", lasting(60));
    await accounts.load("a");
    expect(accounts.pendingSnapshotCount).toBe(1);
    await accounts.awaitPendingSnapshots();
    expect(facts.of("snapshot-stored")).toMatchObject([
      { version: 200, why: "the load replayed for 60 ms, longer than 50 ms" },
    ]);
  });

  it("takes none for a round trip that takes long, which no snapshot would spare", async () => {
    const { accounts, facts, faults } = setUp({ snapshots: { policy: replayLongerThan(50) } });
    faults.every("readPage", lasting(60));
    for (let saves = 0; saves < 200; saves += 1) await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([]);
  });

  it("takes the duration of a load of many for that of none of them", async () => {
    const { accounts, facts, faults, repositoryOf } = setUp({ snapshots: { policy: replayLongerThan(50) } });
    for (const id of ["a", "b"]) await saveEvents(repositoryOf(Account, false), id, 150);
    faults.every("readManyPages", lasting(60_000));
    faults.every("readPage", lasting(10));
    await accounts.loadMany(["a", "b"]);
    expect(accounts.pendingSnapshotCount).toBe(0);
    await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([]);
  });

  it("is content once the instance has written one", async () => {
    const { accounts, facts, faults } = setUp({ snapshots: { policy: anyOf(replayLongerThan(50), onEvent("None")) } });
    await saveEvents(accounts, "a", 200);
    faults.next("readPage", lasting(60));
    const account = await accounts.load("a");
    for (let saves = 0; saves < 3; saves += 1) {
      account.deposit();
      await accounts.save(account);
    }
    await accounts.awaitPendingSnapshots();
    expect(facts.snapshotVersions).toEqual([201]);
  });
});
