import {
  AggregateRepository,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type RepositoryFact,
  StreamErasedError,
} from "eventfold";
import { InstrumentedRepository, metricsObserver } from "eventfold/opentelemetry";
import { delayedUntil, Faults, FaultyEventStore, FaultySnapshotStore, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { HISTOGRAMS } from "../../src/opentelemetry/names.ts";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { type SetupOptions, saveEvents, TestClock, tampered } from "../aggregates/setup.ts";
import { METRICS, type MetricName } from "./declared.ts";
import { startSdk } from "./sdk.ts";

const sdk = startSdk();
const type = { "eventfold.aggregate.type": "Account" };

function setUp({ type: Type = Account, snapshots = {}, ...options }: SetupOptions = {}) {
  const faults = new Faults();
  const eventStore = new FaultyEventStore(new InMemoryEventStore(), faults);
  const store = new FaultySnapshotStore(new InMemorySnapshotStore(), faults);
  const clock = new TestClock();
  const all = {
    eventStore,
    ...(snapshots !== false && { snapshots: { store, ...snapshots } }),
    clock: clock.now,
    logger: false as const,
    ...options,
  };
  const accounts = new InstrumentedRepository(Type, all);
  return { accounts, options: all, faults, clock, eventStore, store };
}

describe("loads", () => {
  it("a hit counts, with what was replayed, how old the snapshot was, and how many events behind", async () => {
    const { accounts, clock } = setUp({ snapshots: { threshold: 10 } });
    await saveEvents(accounts, "a", 10);
    await saveEvents(accounts, "a", 4);
    clock.advance(90_000);
    await sdk.reset();
    await accounts.load("a");
    const measured = await sdk.collect();
    const used = { ...type, "eventfold.load.source": "snapshot" };
    expect(measured.sum("eventfold.snapshot.hits", type)).toBe(1);
    expect(measured.sum("eventfold.snapshot.misses")).toBe(0);
    expect(measured.sum("eventfold.snapshot.stale")).toBe(0);
    expect(measured.histogram("eventfold.load.events_replayed", used)).toMatchObject({ count: 1, sum: 4 });
    expect(measured.histogram("eventfold.snapshot.age.events", type)).toMatchObject({ count: 1, sum: 4 });
    expect(measured.histogram("eventfold.snapshot.age.time", type)).toMatchObject({ count: 1, sum: 90 });
    const { count, sum } = measured.histogram("eventfold.load.duration", used);
    expect(count).toBe(1);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(30);
  });

  it("of many count one by one, without durations", async () => {
    const { accounts } = setUp({ snapshots: { threshold: 10 } });
    await saveEvents(accounts, "a", 10);
    await saveEvents(accounts, "b", 12);
    await sdk.reset();
    await accounts.loadMany(["a", "b"]);
    const measured = await sdk.collect();
    const used = { ...type, "eventfold.load.source": "snapshot" };
    expect(measured.sum("eventfold.snapshot.hits", type)).toBe(2);
    expect(measured.histogram("eventfold.load.events_replayed", used)).toMatchObject({ count: 2, sum: 0 });
    expect(measured.has("eventfold.load.duration", used)).toBe(false);
  });

  it("a miss counts by its reason", async () => {
    const { accounts, options, store } = setUp({ snapshots: { threshold: 5 } });
    await saveEvents(accounts, "a", 5);
    await saveEvents(accounts, "b", 4);
    await sdk.reset();
    await accounts.load("b");
    await new InstrumentedRepository(AccountOfSchema2, options).load("a");
    const row = (await store.getSnapshot("a", "Account"))!;
    await store.saveSnapshot(tampered(row, { stateText: "{}" }));
    await accounts.load("a");
    const measured = await sdk.collect();
    for (const reason of ["missing", "schema-mismatch", "corrupt"]) {
      expect(measured.sum("eventfold.snapshot.misses", { ...type, "eventfold.snapshot.miss_reason": reason })).toBe(1);
    }
    expect(measured.sum("eventfold.snapshot.misses")).toBe(3);
    expect(measured.sum("eventfold.snapshot.hits")).toBe(0);
    const unused = { ...type, "eventfold.load.source": "events" };
    expect(measured.histogram("eventfold.load.events_replayed", unused)).toMatchObject({ count: 3, sum: 14 });
  });

  it.each([
    [20, 0],
    [21, 1],
  ])("a snapshot %i events behind, of a threshold of 10, counts as stale so often: %i", async (behind, stale) => {
    const { accounts, options } = setUp({ snapshots: { threshold: 10 } });
    const plain = new AggregateRepository(Account, { eventStore: options.eventStore });
    await saveEvents(accounts, "a", 10);
    await saveEvents(plain, "a", behind);
    await sdk.reset();
    await accounts.load("a");
    expect((await sdk.collect()).sum("eventfold.snapshot.stale", type)).toBe(stale);
    await accounts.close();
  });

  it("without snapshots nothing is hit or missed", async () => {
    class Alone extends Account {
      static override readonly aggregateType = "Alone" as "Account";
    }
    const { accounts } = setUp({ type: Alone, snapshots: false });
    await saveEvents(accounts, "a", 5);
    await accounts.load("a");
    const measured = await sdk.collect();
    const about = Object.keys(METRICS).filter((name) => name.startsWith("eventfold.snapshot"));
    const alone = { "eventfold.aggregate.type": "Alone" };
    expect(about.filter((name) => measured.has(name as MetricName, alone))).toEqual([]);
    expect(measured.has("eventfold.load.duration", alone)).toBe(true);
  });

  it("those that fail count in the duration, with their error", async () => {
    const { accounts, faults } = setUp();
    await expect(accounts.load("nobody")).rejects.toThrow();
    faults.next("readPage", failing(Object.assign(new Error("gone"), { code: "ECONNRESET" })));
    await expect(accounts.load("nobody")).rejects.toThrow();
    const measured = await sdk.collect();
    for (const error of ["AGGREGATE_NOT_FOUND", "ECONNRESET"]) {
      expect(measured.histogram("eventfold.load.duration", { ...type, "error.type": error }).count).toBe(1);
    }
    expect(measured.histogram("db.client.operation.duration", { "error.type": "ECONNRESET" }).count).toBe(1);
  });
});

describe("saves", () => {
  it("count their events and take their time; a conflict counts as what it is", async () => {
    const { accounts } = setUp();
    await saveEvents(accounts, "a", 3);
    const [one, other] = [await accounts.load("a"), await accounts.load("a")];
    for (const account of [one, other]) account.deposit(1);
    await accounts.save(one);
    await expect(accounts.save(other)).rejects.toThrow();
    const measured = await sdk.collect();
    expect(measured.sum("eventfold.save.events", type)).toBe(4);
    expect(measured.histogram("eventfold.save.duration", type).count).toBe(3);
    const conflict = { ...type, "error.type": "OPTIMISTIC_CONCURRENCY" };
    expect(measured.histogram("eventfold.save.duration", conflict).count).toBe(1);
  });
});

describe("snapshots", () => {
  it("are measured in bytes and seconds when they are written", async () => {
    const { accounts } = setUp({ snapshots: { threshold: 1 } });
    const account = accounts.createNew("a");
    account.open("Åsa €");
    await accounts.save(account);
    const measured = await sdk.collect();
    const bytes = new TextEncoder().encode(JSON.stringify(account.state)).length;
    expect(measured.histogram("eventfold.snapshot.size", type)).toMatchObject({ count: 1, sum: bytes });
    const stored = { ...type, "eventfold.snapshot.result": "stored" };
    expect(measured.histogram("eventfold.snapshot.write.duration", stored).count).toBe(1);
  });

  it("that fail count by stage and error, and so do pauses", async () => {
    const policy = () => {
      throw new TypeError("bug");
    };
    const { accounts } = setUp({ snapshots: { policy } });
    await saveEvents(accounts, "a", 1);
    const { accounts: others, faults } = setUp({ snapshots: { threshold: 1 } });
    faults.every("saveSnapshot", failing(Object.assign(new Error("disk full"), { code: "ENOSPC" })));
    for (const id of ["a", "b", "c", "d"]) await saveEvents(others, id, 1);
    const measured = await sdk.collect();
    const failed = (stage: string, error: string): number => {
      const attributes = { "eventfold.snapshot.failed_stage": stage, "error.type": error };
      return measured.sum("eventfold.snapshot.failures", { ...type, ...attributes });
    };
    expect([failed("policy", "TypeError"), failed("write", "ENOSPC")]).toEqual([1, 3]);
    expect(measured.sum("eventfold.snapshot.pauses")).toBe(1);
    expect(measured.sum("eventfold.snapshot.drops", { "eventfold.snapshot.drop_reason": "store-paused" })).toBe(1);
  });

  it("that an erasure refuses are neither failed nor dropped", async () => {
    const { accounts, faults } = setUp({ snapshots: { threshold: 1 } });
    const stream = { aggregateType: "Account", aggregateId: "a" };
    faults.next("saveSnapshot", failing(new StreamErasedError({ stream })));
    await saveEvents(accounts, "a", 1);
    const measured = await sdk.collect();
    expect(measured.sum("eventfold.snapshot.drops") + measured.sum("eventfold.snapshot.failures")).toBe(0);
  });

  it("are new at least, whatever clocks say", async () => {
    const { accounts, clock } = setUp({ snapshots: { threshold: 1 } });
    await saveEvents(accounts, "a", 1);
    clock.advance(-60_000);
    await accounts.load("a");
    expect((await sdk.collect()).histogram("eventfold.snapshot.age.time")).toMatchObject({ count: 1, sum: 0 });
  });

  it("that a full queue refuses count as dropped; the depth is that of all queues of a type", async () => {
    class Queued extends Account {
      static override readonly aggregateType = "Queued" as "Account";
    }
    const queued = { "eventfold.aggregate.type": "Queued" };
    const snapshots = { threshold: 1, mode: "background", queueLimit: 2 } as const;
    const { accounts, options, faults } = setUp({ type: Queued, snapshots });
    const others = new InstrumentedRepository(Queued, options);
    const { promise, resolve } = Promise.withResolvers<void>();
    faults.every("saveSnapshot", delayedUntil(promise));
    for (const id of ["a", "b", "c"]) await saveEvents(accounts, id, 1);
    await saveEvents(others, "d", 1);
    const measured = await sdk.collect();
    expect(measured.sum("eventfold.snapshot.queue.depth", queued)).toBe(3);
    expect(
      measured.sum("eventfold.snapshot.drops", { ...queued, "eventfold.snapshot.drop_reason": "queue-full" }),
    ).toBe(1);
    resolve();
    await Promise.all([accounts.awaitPendingSnapshots(), others.awaitPendingSnapshots()]);
    expect((await sdk.collect()).sum("eventfold.snapshot.queue.depth", queued)).toBe(0);
    await accounts.close();
    await others.close();
    expect((await sdk.collect()).has("eventfold.snapshot.queue.depth", queued)).toBe(false);
  });

  it("that differ from a replay count by what is wrong with them", async () => {
    const { accounts, store } = setUp({ snapshots: { threshold: 1 } });
    await saveEvents(accounts, "a", 1);
    await store.saveSnapshot(tampered((await store.getSnapshot("a", "Account"))!, { stateText: "{}" }));
    await accounts.verifySnapshots();
    const corrupt = { ...type, "eventfold.snapshot.divergence": "corrupt" };
    expect((await sdk.collect()).sum("eventfold.snapshot.divergences", corrupt)).toBe(1);
  });
});

it("the observer alone feeds metrics of a plain repository", async () => {
  const { options } = setUp();
  const accounts = new AggregateRepository(Account, { ...options, observer: metricsObserver({ threshold: 10 }) });
  await saveEvents(accounts, "a", 3);
  await accounts.load("a");
  const measured = await sdk.collect();
  expect(measured.histogram("eventfold.load.duration", type).count).toBe(1);
  expect(measured.sum("eventfold.save.events", type)).toBe(3);
  expect(sdk.spans).toEqual([]);
});

it("tells the user's observer what it is told itself, whatever that does", async () => {
  const told: RepositoryFact["kind"][] = [];
  const observer = (fact: RepositoryFact): void => {
    told.push(fact.kind);
    throw new Error("bug");
  };
  const { accounts } = setUp({ observer, snapshots: false });
  await saveEvents(accounts, "a", 1);
  await accounts.load("a");
  expect(told).toEqual(["saved", "loaded"]);
  expect((await sdk.collect()).histogram("eventfold.load.duration").count).toBe(1);
});

it("advises the buckets that are declared", async () => {
  const { accounts } = setUp({ snapshots: { threshold: 1 } });
  await saveEvents(accounts, "a", 1);
  await accounts.load("a");
  const measured = await sdk.collect();
  for (const [name, { boundaries }] of Object.entries(HISTOGRAMS)) {
    expect(measured.histogram(name as keyof typeof HISTOGRAMS).boundaries, name).toEqual(boundaries);
  }
});

it("refuses what a plain repository refuses, with the same words", () => {
  const { options } = setUp();
  const wrong = [
    {},
    { ...options, eventStore: undefined },
    { ...options, observer: 7 },
    { ...options, snapshots: {} },
    { ...options, snapshots: { ...options.snapshots, threshold: 0 } },
    { ...options, retries: 3 },
  ] as unknown as (typeof options)[];
  for (const each of wrong) {
    const message = (repository: typeof AggregateRepository<Account>): string => {
      try {
        void new repository(Account, each);
        return "nothing";
      } catch (error) {
        return String(error);
      }
    };
    expect(message(InstrumentedRepository)).toBe(message(AggregateRepository));
    expect(message(AggregateRepository)).toContain("ConfigurationError");
  }
});
