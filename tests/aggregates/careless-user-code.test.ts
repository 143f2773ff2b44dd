import {
  AggregateRepository,
  AggregateRoot,
  ConfigurationError,
  type DomainEvent,
  defineAggregate,
  InMemoryEventStore,
  type SnapshotPolicy,
} from "eventfold";
import { failing } from "eventfold/testing";
import { expect, it } from "vitest";
import { type Account, AccountOfSchema2 } from "./account.ts";
import { fullReplay, saveEvents, setUp, storedEvents } from "./setup.ts";

/** As JavaScript, or a careless type, lets pass. */
const late = (() => Promise.reject(new Error("too late"))) as () => never;

it("survives an observer, a logger and a waitUntil that are asynchronous and reject", async () => {
  const logger = { info: late, warn: late };
  const snapshots = { threshold: 1, mode: "background" as const, waitUntil: late };
  const { accounts, faults, eventStore } = setUp({ observer: late, logger, snapshots });
  faults.every("saveSnapshot", failing(new Error("no disk")));
  await saveEvents(accounts, "a", 3);
  await accounts.close();
  expect(await storedEvents(eventStore, "a")).toHaveLength(3);
});

it.each<[what: string, policy: SnapshotPolicy]>([
  ["returns a promise", (async () => true) as unknown as SnapshotPolicy],
  ["rejects", late],
])("takes no snapshot by a policy that %s, and reports it", async (_what, policy) => {
  const { accounts, facts, memory } = setUp({ snapshots: { policy } });
  await saveEvents(accounts, "a", 3);
  expect(facts.of("snapshot-failed")).toMatchObject([{ stage: "policy" }]);
  expect(memory.snapshots.snapshotCount).toBe(0);
});

it("takes no snapshot of what a policy raised, which stays for the next save", async () => {
  let account: Account | undefined;
  const policy = () => {
    account?.deposit(1);
    return true;
  };
  const { accounts, facts, memory, eventStore } = setUp({ snapshots: { policy } });
  account = accounts.createNew("a");
  account.grow(2);
  await accounts.save(account);
  expect(facts.of("snapshot-failed")).toMatchObject([{ stage: "policy", version: 2 }]);
  expect([account.version, memory.snapshots.snapshotCount]).toEqual([3, 0]);
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("hands a publisher copies: what it does to them reaches neither state nor snapshot", async () => {
  const publisher = {
    publish(events: readonly DomainEvent[]): void {
      for (const { data } of events) Object.assign(data as object, { lines: ["***"] });
    },
  };
  const Note = defineAggregate({
    type: "Note",
    initialState: () => ({ lines: [] as readonly string[] }),
    decide: (_state, lines: string[]) => [{ type: "Written", data: { lines } }],
    evolve: (_state, event: DomainEvent<"Written", { lines: string[] }>) => ({ lines: event.data.lines }),
  });
  const notes = new AggregateRepository(Note, { eventStore: new InMemoryEventStore(), publisher });
  const note = notes.createNew("a");
  note.execute(["hello"]);
  await notes.save(note);
  expect(note.state).toEqual({ lines: ["hello"] });
  expect((await notes.load("a")).state).toEqual({ lines: ["hello"] });
});

it("refuses a constructor that raises events: it is called at each load", () => {
  class Eager extends AggregateRoot<{ opened: number }, DomainEvent<"Opened", Record<string, never>>> {
    static readonly aggregateType = "Eager";

    constructor(id: string) {
      super(id);
      this.raise("Opened", {});
    }

    protected initialState(): { opened: number } {
      return { opened: 0 };
    }

    protected evolve(state: { opened: number }): { opened: number } {
      return { opened: state.opened + 1 };
    }
  }
  const eagers = new AggregateRepository(Eager, { eventStore: new InMemoryEventStore() });
  expect(() => eagers.createNew("a")).toThrow(ConfigurationError);
});

it("refuses to save a subclass that is of another aggregate type", async () => {
  const { accounts, memory, eventStore } = setUp();
  class Savings extends AccountOfSchema2 {
    static override readonly aggregateType: string = "Savings";
  }
  const savings = new Savings("a");
  savings.deposit(5);
  await expect(accounts.save(savings)).rejects.toThrow(ConfigurationError);
  expect([await storedEvents(eventStore, "a"), memory.snapshots.snapshotCount]).toEqual([[], 0]);
});

it("raises a hundred and fifty thousand events at once", () => {
  const Counter = defineAggregate({
    type: "Counter",
    initialState: () => ({ value: 0 }),
    decide: (_state, count: number) => Array.from({ length: count }, () => ({ type: "Added", data: {} }) as const),
    evolve: (state, _event: DomainEvent<"Added", object>) => ({ value: state.value + 1 }),
  });
  const counter = new Counter("a");
  counter.execute(150_000);
  expect([counter.version, counter.state.value]).toEqual([150_000, 150_000]);
});

it("keeps saving when the clock breaks while the snapshot store fails", async () => {
  let broken = false;
  const clock = () => {
    if (broken) throw new Error("no clock");
    return new Date();
  };
  const { accounts, faults, eventStore } = setUp({ clock, snapshots: { threshold: 1 } });
  const account = accounts.createNew("a");
  faults.every("saveSnapshot", async () => {
    broken = true;
    throw new Error("no disk");
  });
  for (let version = 1; version <= 4; version += 1) {
    broken = false;
    account.grow(1);
    await accounts.save(account);
  }
  expect(await storedEvents(eventStore, "a")).toHaveLength(4);
});
