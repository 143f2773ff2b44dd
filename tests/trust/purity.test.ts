import {
  AggregateRepository,
  AggregateRoot,
  type Codec,
  type DomainEvent,
  defineAggregate,
  EvolveError,
  ImpureFoldError,
  InMemoryEventStore,
  newEvent,
} from "eventfold";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Account } from "../aggregates/account.ts";

type Noted = DomainEvent<"Noted", { tags: string[] }>;

interface NoteState {
  readonly notes: readonly unknown[];
}

type Evolve = (state: NoteState, event: Noted) => NoteState;

/** A repository of notes that checks a fold, and one that does not. */
function notesWith(evolve: Evolve, options: { freeze?: boolean } = {}) {
  const Notes = defineAggregate({
    type: "Notes",
    initialState: (): NoteState => ({ notes: [] }),
    decide: (_state, tags: string[]) => [{ type: "Noted", data: { tags } }],
    evolve,
  });
  const eventStore = new InMemoryEventStore();
  const checked = new AggregateRepository(Notes, { eventStore, checkPurity: true, ...options });
  return { checked, unchecked: new AggregateRepository(Notes, { eventStore }), eventStore };
}

const add =
  (note: (event: Noted, state: NoteState) => unknown): Evolve =>
  (state, event) => ({ notes: [...state.notes, note(event, state)] });

const impure: [what: string, evolve: Evolve, problem: RegExp][] = [
  ["Date.now()", add(() => Date.now()), /two results/],
  ["new Date()", add(() => new Date().toISOString()), /two results/],
  ["the day of new Date()", add(() => new Date().toISOString().slice(0, 10)), /two results/],
  ["Date() as a function", add(() => Date()), /two results/],
  ["performance.now()", add(() => Math.floor(performance.now() / 60_000)), /two results/],
  ["Math.random()", add(() => Math.random()), /two results/],
  ["crypto.randomUUID()", add(() => crypto.randomUUID()), /two results/],
  [
    "a counter outside",
    (() => {
      let count = 0;
      return add(() => (count += 1));
    })(),
    /two results/,
  ],
  [
    "a result every other time",
    (() => {
      let calls = 0;
      return (state: NoteState) => ((calls += 1) % 2 === 0 ? state : (undefined as unknown as NoteState));
    })(),
    /two results/,
  ],
  [
    "a push into the state",
    (state, event) => {
      (state.notes as unknown[]).push(event.data);
      return state;
    },
    /changed the state/,
  ],
  [
    "a change deep in the state",
    (state, event) => {
      const [first] = state.notes as { tags: string[] }[];
      first?.tags.push("again");
      return { notes: [...state.notes, { tags: event.data.tags }] };
    },
    /changed the (state|event)/,
  ],
  [
    "a change of the event's data",
    (state, event) => {
      event.data.tags.push("seen");
      return state;
    },
    /changed the event/,
  ],
  [
    "a change of the event itself",
    (state, event) => {
      Object.assign(event, { version: 0 });
      return state;
    },
    /changed the event/,
  ],
  [
    "a change of the event's metadata",
    (state, event) => {
      Object.assign(event.metadata, { seen: true });
      return state;
    },
    /changed the event/,
  ],
];

describe.each(impure)("checkPurity catches %s", (_what, evolve, problem) => {
  it("when an event is raised, and leaves the aggregate as it was", () => {
    const { checked } = notesWith(evolve);
    const note = checked.createNew("a");
    const attempt = () => {
      for (let raised = 0; raised < 2; raised += 1) note.execute(["x", "y"]);
    };
    expect(attempt).toThrow(ImpureFoldError);
    expect(note.version).toBeLessThan(2);
    expect(note.state.notes).toHaveLength(note.version);
    const again = () => note.execute(["x"]);
    expect(again).toThrow(problem);
    expect(again).toThrow(expect.objectContaining({ code: "IMPURE_FOLD", eventType: "Noted" }));
  });

  it("when stored events are replayed", async () => {
    const { checked, eventStore } = notesWith(evolve);
    const stream = { aggregateType: "Notes", aggregateId: "a" };
    const events = [1, 2, 3].map(() =>
      newEvent({ type: "Noted", data: { tags: ["x", "y"] }, metadata: { actor: "a" } }),
    );
    await eventStore.append(stream, events, { expectedVersion: 0 });
    await expect(checked.load("a")).rejects.toThrow(ImpureFoldError);
  });
});

it.each([{}, { freeze: true }])("checkPurity lets a pure fold pass, beside %o", async (options) => {
  const { checked, unchecked } = notesWith(
    add(({ data, occurredAt, version }) => [data.tags, new Date(occurredAt).getTime(), version]),
    options,
  );
  const note = checked.createNew("a");
  for (const tags of [["x"], [], ["y", "z"]]) note.execute(tags);
  await checked.save(note);
  expect((await checked.load("a")).state).toEqual((await unchecked.load("a")).state);
});

const codecs: [string, Codec][] = [
  ["superjson", superjson],
  [
    "Zod",
    z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() }),
  ],
];

it.each(codecs)("checkPurity lets a pure fold over dates pass, with %s", (_name, codec) => {
  class Clocked extends AggregateRoot<Date, DomainEvent<"Moved", Date>> {
    static readonly aggregateType = "Clocked";
    static readonly dataCodec = codec;
    static readonly stateCodec = codec;

    protected initialState = () => new Date(0);

    protected evolve(state: Date, { data }: DomainEvent<"Moved", Date>): Date {
      if (!(state instanceof Date && data instanceof Date)) throw new TypeError("no date");
      return new Date(Math.max(Date.UTC(2020, 0), state.getTime(), data.getTime()));
    }

    move(to: Date): void {
      this.raise("Moved", to);
    }
  }
  const eventStore = new InMemoryEventStore();
  const clocked = new AggregateRepository(Clocked, { eventStore, checkPurity: true }).createNew("a");
  clocked.move(new Date(5));
  clocked.move(new Date("2026-01-01"));
  expect(clocked.state).toEqual(new Date("2026-01-01"));
});

it.each(["returns", "throws"])("clock and random numbers are as they were after a fold that %s", (ending) => {
  const before = { Date, random: Math.random, now: performance.now, own: Object.hasOwn(performance, "now") };
  const { checked } = notesWith((state) => {
    if (ending === "throws") throw new RangeError("unwanted");
    return state;
  });
  const attempt = () => checked.createNew("a").execute([]);
  if (ending === "throws") expect(attempt).toThrow(RangeError);
  else attempt();
  expect({ Date, random: Math.random, now: performance.now, own: Object.hasOwn(performance, "now") }).toEqual(before);
  expect(globalThis.Date).toBe(before.Date);
});

it("without checkPurity nothing is folded twice", () => {
  let folds = 0;
  const evolve: Evolve = (state) => {
    folds += 1;
    return state;
  };
  notesWith(evolve).unchecked.createNew("a").execute([]);
  expect(folds).toBe(1);
  notesWith(evolve).checked.createNew("a").execute([]);
  expect(folds).toBe(3);
});

it("a fold that gives no state is an EvolveError under checkPurity too", () => {
  const { checked } = notesWith(() => undefined as unknown as NoteState);
  expect(() => checked.createNew("a").execute([])).toThrow(EvolveError);
});

it("checkPurity catches a clock in a class as well", async () => {
  class Hasty extends Account {
    protected override evolve(...args: Parameters<Account["evolve"]>) {
      return { ...super.evolve(...args), balance: Date.now() };
    }
  }
  const accounts = new AggregateRepository(Hasty, { eventStore: new InMemoryEventStore(), checkPurity: true });
  expect(() => accounts.createNew("a").open()).toThrow(ImpureFoldError);
});
