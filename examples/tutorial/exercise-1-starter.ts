// Exercise 1: add snapshots to a counter, and measure what they save.
// Run it: node --import ./tools/node/sources.mjs examples/tutorial/exercise-1-starter.ts [memory|sqlite]
//
// Hints: AggregateRepository comes from "eventfold"; averageMs in ./stopwatch.ts takes the times;
// createSnapshot(aggregate) of a repository takes a snapshot by hand.
import { AggregateRoot, type DomainEvent } from "eventfold";
import { openStorage } from "./storage.ts";

type CounterEvent = DomainEvent<"CounterIncremented", Record<string, never>>;

interface CounterState {
  readonly counterId: string;
  readonly value: number;
}

export class Counter extends AggregateRoot<CounterState, CounterEvent> {
  static readonly aggregateType = "Counter";
  // TODO: Add schemaVersion

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

const storage = openStorage();

console.log("=== Exercise 14-1: Add Snapshotting ===\n");

// Step 1: Create a repository WITHOUT snapshots
// TODO: const withoutSnapshots = …

// Step 2: Create an aggregate with 500 events
// TODO: Create a counter, increment it 500 times, and save it

// Step 3: Measure the load time WITHOUT snapshots
// TODO: Load the counter 20 times, and take the average

// Step 4: Create a repository WITH snapshots
// TODO: const withSnapshots = … with storage.snapshotStore and a threshold

// Step 5: Create a snapshot
// TODO: Load the counter, and create its snapshot

// Step 6: Measure the load time WITH the snapshot
// TODO: Load the counter 20 times again, and print the improvement

await storage.close();
