// Exercise 1, solved: add snapshots to a counter, and measure what they save.
import { AggregateRepository, AggregateRoot, type DomainEvent } from "eventfold";
import { averageMs } from "./stopwatch.ts";
import { openStorage } from "./storage.ts";

type CounterEvent = DomainEvent<"CounterIncremented", Record<string, never>>;

interface CounterState {
  readonly counterId: string;
  readonly value: number;
}

class Counter extends AggregateRoot<CounterState, CounterEvent> {
  static readonly aggregateType = "Counter";
  static readonly schemaVersion = 1;

  protected initialState(counterId: string): CounterState {
    return { counterId, value: 0 };
  }

  protected evolve(state: CounterState, event: CounterEvent): CounterState {
    switch (event.type) {
      case "CounterIncremented":
        return { ...state, value: state.value + 1 };
    }
  }

  increment(): void {
    this.raise("CounterIncremented", {});
  }
}

const EVENTS = 500;
const LOADS = 20;

const storage = openStorage();
const { eventStore } = storage;

console.log("=== Exercise 14-1: Add Snapshotting ===\n");

// Step 1: a repository without snapshots
const withoutSnapshots = new AggregateRepository(Counter, { eventStore });

// Step 2: an aggregate with 500 events
const counter = withoutSnapshots.createNew();
for (let i = 0; i < EVENTS; i += 1) counter.increment();
await withoutSnapshots.save(counter);
console.log(`Counter has ${counter.version} events, and the value ${counter.state.value}`);

// Step 3: the load time without snapshots
const withoutMs = await averageMs(LOADS, () => withoutSnapshots.load(counter.id));
console.log(`Load time WITHOUT snapshot: ${withoutMs.toFixed(2)}ms (average of ${LOADS} loads)`);

// Step 4: a repository with snapshots
const withSnapshots = new AggregateRepository(Counter, {
  eventStore,
  snapshots: { store: storage.snapshotStore, threshold: 100 },
});

// Step 5: a snapshot
const snapshot = await withSnapshots.createSnapshot(await withSnapshots.load(counter.id));
console.log(`Snapshot created at version ${snapshot.version}`);

// Step 6: the load time with the snapshot
const withMs = await averageMs(LOADS, () => withSnapshots.load(counter.id));
console.log(`Load time WITH snapshot: ${withMs.toFixed(2)}ms (average of ${LOADS} loads)`);
console.log(`Improvement: ${(withoutMs / withMs).toFixed(1)}x faster`);

const { state } = await withSnapshots.load(counter.id);
console.log(`Value loaded with the snapshot: ${state.value}`);

await storage.close();
