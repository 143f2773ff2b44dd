import {
  AggregateRepository,
  AggregateRoot,
  ConfigurationError,
  type DomainEvent,
  EvolveError,
  InMemoryEventStore,
  InvalidNameError,
  SerializationError,
} from "eventfold";
import { describe, expect, it } from "vitest";
import { Account } from "./account.ts";
import { type Entry, Ledger, ledgersOf } from "./ledger.ts";
import { setUp, TestClock } from "./setup.ts";

const lines = [{ text: "coffee", cents: 250 }];
const stream = { aggregateType: "Ledger", aggregateId: "a" };

it("asks for the initial state when it is first needed, never in the constructor", () => {
  const asked: string[] = [];
  class Lazy extends AggregateRoot<{ owner: string }, DomainEvent> {
    static readonly aggregateType = "Lazy";
    readonly owner = "Ada";

    protected initialState(id: string): { owner: string } {
      asked.push(id);
      return { owner: this.owner };
    }

    protected evolve(state: { owner: string }): { owner: string } {
      return state;
    }
  }
  const lazy = new Lazy("a");
  expect(asked).toEqual([]);
  expect([lazy.state, lazy.state]).toEqual([{ owner: "Ada" }, { owner: "Ada" }]);
  expect(asked).toEqual(["a"]);
});

it("folds at once, and counts uncommitted events in the version", () => {
  const account = new Account("a");
  account.open("Ada", 5);
  account.deposit(2);
  expect([account.version, account.state.balance]).toEqual([2, 7]);
});

it("gives evolve the same events when raising and when replaying", async () => {
  const eventStore = new InMemoryEventStore();
  const clock = new TestClock();
  const ledgers = ledgersOf(eventStore, { clock: clock.now });
  const metadata = {
    correlationId: "c",
    causationId: "k",
    actor: "ada",
    tenant: "t",
    tags: ["x"],
    depth: { of: null },
  };
  const ledger = ledgers.createNew("a", { metadata });
  ledger.enter({ lines, note: undefined });
  clock.advance(1_500);
  ledger.enter({ lines: [], note: "" });
  await ledgers.save(ledger);
  const loaded = await ledgers.load("a");
  expect(loaded.seen).toStrictEqual(ledger.seen);
  expect(ledger.seen[1]).toStrictEqual({
    id: ledger.seen[1]?.id,
    type: "Entered",
    data: { lines: [], note: "" },
    version: 2,
    occurredAt: "2026-01-31T12:00:01.500Z",
    metadata,
    schemaVersion: 1,
  });
});

describe("data", () => {
  it("is copied: changing what was passed changes neither the state nor what is stored", async () => {
    const eventStore = new InMemoryEventStore();
    const ledgers = ledgersOf(eventStore);
    const ledger = ledgers.createNew("a");
    const entry: Entry = { lines: [{ text: "coffee", cents: 250 }] };
    ledger.enter(entry);
    entry.lines[0]!.cents = 1;
    entry.lines.push({ text: "more", cents: 1 });
    expect(ledger.state.entries).toEqual([{ lines }]);
    await ledgers.save(ledger);
    expect((await ledgers.load("a")).state.entries).toEqual([{ lines }]);
  });

  it("is stored as it was raised, although somebody changes the event that evolve saw", async () => {
    const eventStore = new InMemoryEventStore();
    const ledgers = ledgersOf(eventStore);
    const ledger = ledgers.createNew("a");
    ledger.enter({ lines });
    (ledger.seen[0]!.data as Entry).lines[0]!.cents = 1;
    await ledgers.save(ledger);
    expect((await ledgers.load("a")).state.entries).toEqual([{ lines }]);
  });

  it("is not shared with the store: changing a loaded state changes no later load", async () => {
    const eventStore = new InMemoryEventStore();
    const ledgers = ledgersOf(eventStore, { snapshots: { store: setUp().snapshotStore, threshold: 1 } });
    const ledger = ledgers.createNew("a");
    ledger.enter({ lines });
    await ledgers.save(ledger);
    for (let load = 0; load < 2; load += 1) {
      const { state } = await ledgers.load("a");
      expect(state.entries).toEqual([{ lines }]);
      state.entries[0]!.lines.length = 0;
    }
  });

  it("that would not survive is refused with its path, and nothing is raised", () => {
    const ledger = new Ledger("a");
    const attempt = () => ledger.enter({ lines: [{ text: "x", cents: Number.NaN }] });
    expect(attempt).toThrow(SerializationError);
    expect(attempt).toThrow(expect.objectContaining({ path: "data.lines[0].cents" }));
    expect([ledger.version, ledger.seen.length]).toEqual([0, 0]);
  });
});

describe("metadata", () => {
  it("is copied when the instance is made, and travels with each of its events", async () => {
    const eventStore = new InMemoryEventStore();
    const ledgers = ledgersOf(eventStore);
    const metadata = { actor: "ada", tags: ["x"] };
    const ledger = ledgers.createNew("a", { metadata });
    metadata.tags.push("y");
    metadata.actor = "bob";
    ledger.enter({ lines });
    ledger.enter({ lines });
    await ledgers.save(ledger);
    const { events } = await eventStore.readPage(stream, { afterVersion: 0, limit: 9 });
    expect(events.map((event) => event.metadata)).toEqual([
      { actor: "ada", tags: ["x"] },
      { actor: "ada", tags: ["x"] },
    ]);
  });

  it("comes from the options of load, find, loadOrCreate and update, for new events only", async () => {
    const eventStore = new InMemoryEventStore();
    const ledgers = ledgersOf(eventStore);
    const by = (actor: string) => ({ metadata: { actor } });
    const enterAndSave = async (ledger: Ledger | undefined) => {
      ledger?.enter({ lines });
      await ledgers.save(ledger!);
    };
    await enterAndSave(await ledgers.loadOrCreate("a", by("creator")));
    await enterAndSave(await ledgers.load("a", by("loader")));
    await enterAndSave(await ledgers.find("a", by("finder")));
    await enterAndSave(await ledgers.loadOrCreate("a", by("opener")));
    await ledgers.update("a", (ledger) => ledger.enter({ lines }), by("updater"));
    await ledgers.update("a", (ledger) => ledger.enter({ lines }));
    const { events } = await eventStore.readPage(stream, { afterVersion: 0, limit: 9 });
    const actors = events.map((event) => event.metadata.actor);
    expect(actors).toEqual(["creator", "loader", "finder", "opener", "updater", undefined]);
  });

  it("that would not survive is refused with its path", async () => {
    const ledgers = ledgersOf(new InMemoryEventStore());
    const metadata = { when: new Date(0) as unknown as string };
    expect(() => ledgers.createNew("a", { metadata })).toThrow(expect.objectContaining({ path: "metadata.when" }));
    await expect(ledgers.load("a", { metadata })).rejects.toThrow(SerializationError);
  });
});

describe("an evolve that gives no state", () => {
  it("leaves the aggregate as it was when it throws, and the next event follows", () => {
    const ledger = new Ledger("a");
    ledger.enter({ lines });
    const before = ledger.state;
    expect(() => ledger.enter({ lines, note: "throw" })).toThrow(new RangeError("unwanted"));
    expect(ledger.state).toBe(before);
    expect(ledger.version).toBe(1);
    ledger.enter({ lines });
    expect(ledger.seen.at(-1)?.version).toBe(2);
  });

  it("saves nothing of the event that it threw at", async () => {
    const eventStore = new InMemoryEventStore();
    const ledgers = ledgersOf(eventStore);
    const ledger = ledgers.createNew("a");
    ledger.enter({ lines });
    expect(() => ledger.enter({ lines, note: "throw" })).toThrow(RangeError);
    await ledgers.save(ledger);
    expect(await eventStore.versionOf(stream)).toBe(1);
  });

  it("is an EvolveError when it returns undefined, and leaves the aggregate as it was", () => {
    const ledger = new Ledger("a");
    ledger.enter({ lines });
    const attempt = () => ledger.forget();
    expect(attempt).toThrow(EvolveError);
    expect(attempt).toThrow(expect.objectContaining({ eventType: "Forgotten" }));
    expect([ledger.version, ledger.state]).toEqual([1, { entries: [{ lines }] }]);
  });
});

describe("with the option freeze", () => {
  const ledgers = ledgersOf(new InMemoryEventStore(), { freeze: true });

  it("a state and an event cannot be changed, at any depth", () => {
    const ledger = ledgers.createNew("a");
    ledger.enter({ lines: [{ text: "coffee", cents: 250 }] });
    for (const entry of [ledger.state.entries[0]!, ledger.seen[0]!.data as Entry]) {
      expect(() => (entry.lines[0]!.cents = 1)).toThrow(TypeError);
      expect(() => entry.lines.push({ text: "more", cents: 1 })).toThrow(TypeError);
    }
    expect(() => Object.assign(ledger.seen[0]!, { version: 9 })).toThrow(TypeError);
  });

  it("the initial, the replayed and the restored state cannot be changed either", async () => {
    const snapshots = { store: setUp().snapshotStore, threshold: 1 };
    const frozen = ledgersOf(new InMemoryEventStore(), { freeze: true, snapshots });
    const ledger = frozen.createNew("a");
    expect(Object.isFrozen(ledger.state.entries)).toBe(true);
    ledger.enter({ lines });
    await frozen.save(ledger);
    expect(Object.isFrozen((await frozen.load("a")).state.entries[0]!.lines)).toBe(true);
    await snapshots.store.deleteSnapshot("a", "Ledger");
    expect(Object.isFrozen((await frozen.load("a")).state.entries[0]!.lines)).toBe(true);
  });

  it("what is neither a plain object nor an array stays as it is", () => {
    const state = { at: new Date(0), map: new Map([["x", { y: 1 }]]) };
    class Holder extends AggregateRoot<typeof state, DomainEvent> {
      static readonly aggregateType = "Holder";
      protected initialState = () => state;
      protected evolve = () => state;
    }
    const eventStore = new InMemoryEventStore();
    const holder = new AggregateRepository(Holder, { eventStore, freeze: true }).createNew();
    expect(Object.isFrozen(holder.state)).toBe(true);
    const { at, map } = holder.state;
    expect([at, map, map.get("x")].map(Object.isFrozen)).toEqual([false, false, false]);
  });
});

it.each(["", "x".repeat(256), "a\u0000", 7])("refuses the event type %j", (type) => {
  class Free extends AggregateRoot<object, DomainEvent> {
    static readonly aggregateType = "Free";
    protected initialState(): object {
      return {};
    }
    protected evolve(state: object): object {
      return state;
    }
    happen(name: string): void {
      this.raise(name, {});
    }
  }
  expect(() => new Free("a").happen(type as string)).toThrow(InvalidNameError);
});

describe("an evolve that is more than a fold", () => {
  class Greedy extends AggregateRoot<{ n: number }, DomainEvent<"Grown", { by: number }>> {
    static readonly aggregateType = "Greedy";
    mode: "raise" | "promise" | "well" = "well";

    protected initialState(): { n: number } {
      return { n: 0 };
    }

    protected evolve(state: { n: number }, event: DomainEvent<"Grown", { by: number }>): { n: number } {
      if (this.mode === "raise") this.raise("Grown", { by: 1 });
      if (this.mode === "promise") return Promise.resolve(state) as unknown as { n: number };
      return { n: state.n + event.data.by };
    }

    grow(): void {
      this.raise("Grown", { by: 1 });
    }
  }

  it.each([
    ["raise", ConfigurationError],
    ["promise", EvolveError],
  ] as const)("is refused when it tries to %s, and leaves the aggregate as it was", (mode, error) => {
    const greedy = new Greedy("a");
    greedy.grow();
    greedy.mode = mode;
    expect(() => greedy.grow()).toThrow(error);
    greedy.mode = "well";
    greedy.grow();
    expect([greedy.version, greedy.state]).toEqual([2, { n: 2 }]);
  });
});
