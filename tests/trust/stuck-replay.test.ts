import {
  AggregateRepository,
  AggregateRoot,
  type DomainEvent,
  InMemoryEventStore,
  InMemorySnapshotStore,
} from "eventfold";
import { delayedUntil } from "eventfold/testing";
import { afterEach, expect, it, vi } from "vitest";
import { Account } from "../aggregates/account.ts";
import { saveEvents, setUp } from "../aggregates/setup.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("a load does not wait forever for the replay of another load that is stuck", async () => {
  const { accounts, faults, repositoryOf } = setUp({ pageSize: 10 });
  await saveEvents(repositoryOf(Account), "a", 30);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { promise: never } = Promise.withResolvers<void>();
  const before = faults.callsOf("readPage");
  faults.next("readPage", (call) => call());
  faults.next("readPage", delayedUntil(never));
  void accounts.load("a");
  await vi.advanceTimersByTimeAsync(0);
  expect(faults.callsOf("readPage")).toBe(before + 2);

  let version: number | undefined;
  void accounts.load("a").then((account) => (version = account.version));
  await vi.advanceTimersByTimeAsync(29_999);
  expect(version).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(version).toBe(30);
});

it("a load that ends after close queues no snapshot", async () => {
  const { accounts, faults, repositoryOf } = setUp({ snapshots: { threshold: 5, mode: "background" } });
  await saveEvents(repositoryOf(Account, {}), "a", 30);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  faults.next("readPage", delayedUntil(released));
  const loading = accounts.load("a");
  await accounts.close();
  release();
  expect((await loading).version).toBe(30);
  expect(accounts.pendingSnapshotCount).toBe(0);
});

it("a codec that is asynchronous makes no state of its promise: the events are replayed", async () => {
  type Added = DomainEvent<"Added", { by: number }>;
  class Counter extends AggregateRoot<{ value: number }, Added> {
    static readonly aggregateType = "Counter";
    static readonly stateCodec = {
      serialize: (state: { value: number }) => state,
      deserialize: async (json: { value: number }) => json,
    };

    protected initialState(): { value: number } {
      return { value: 0 };
    }

    protected evolve(state: { value: number }, event: Added): { value: number } {
      return { value: state.value + event.data.by };
    }

    add(by: number): void {
      this.raise("Added", { by });
    }
  }
  const missed: string[] = [];
  const counters = new AggregateRepository(Counter, {
    eventStore: new InMemoryEventStore(),
    snapshots: { store: new InMemorySnapshotStore(), threshold: 1 },
    logger: false,
    observer: (fact) => void (fact.kind === "missed" && missed.push(fact.reason)),
  });
  const counter = counters.createNew("a");
  counter.add(2);
  await counters.save(counter);
  expect((await counters.load("a")).state).toEqual({ value: 2 });
  expect(missed).toEqual(["restore-failed"]);
});
