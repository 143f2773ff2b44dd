import {
  AggregateRepository,
  AggregateRoot,
  type Codec,
  type DomainEvent,
  defineAggregate,
  SerializationError,
} from "eventfold";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Facts } from "./facts.ts";
import { setUp } from "./setup.ts";
import { Sketch } from "./sketch.ts";
import { eachStorage } from "./stores.ts";

interface Visit {
  at: Date;
  cents: bigint;
}

interface VisitorState {
  visits: Visit[];
  byDay: Map<string, bigint>;
}

type Visited = DomainEvent<"Visited", Visit>;

const zodVisit = z.codec(
  z.object({ at: z.iso.datetime(), cents: z.string() }),
  z.object({ at: z.date(), cents: z.bigint() }),
  {
    decode: ({ at, cents }) => ({ at: new Date(at), cents: BigInt(cents) }),
    encode: ({ at, cents }) => ({ at: at.toISOString(), cents: cents.toString() }),
  },
);

const zodState = z.object({
  visits: z.array(zodVisit),
  byDay: z.codec(z.array(z.tuple([z.string(), z.string()])), z.map(z.string(), z.bigint()), {
    decode: (pairs) => new Map(pairs.map(([day, cents]) => [day, BigInt(cents)])),
    encode: (map) => [...map].map(([day, cents]): [string, string] => [day, cents.toString()]),
  }),
});

/** An aggregate whose data and state hold what JSON has no word for. */
function visitorWith(dataCodec: Codec, stateCodec: Codec) {
  return class Visitor extends AggregateRoot<VisitorState, Visited> {
    static readonly aggregateType = "Visitor";
    static readonly dataCodec = dataCodec;
    static readonly stateCodec = stateCodec;
    readonly seen: Visited[] = [];

    protected initialState(): VisitorState {
      return { visits: [], byDay: new Map() };
    }

    protected evolve(state: VisitorState, event: Visited): VisitorState {
      this.seen.push(event);
      const { at, cents } = event.data;
      const day = at.toISOString().slice(0, 10);
      const total = (state.byDay.get(day) ?? 0n) + cents;
      return { visits: [...state.visits, { at, cents }], byDay: new Map([...state.byDay, [day, total]]) };
    }

    visit(data: Visit): void {
      this.raise("Visited", data);
    }
  };
}

const codecs: [string, Codec, Codec][] = [
  ["superjson", superjson, superjson],
  ["Zod codecs", zodVisit, zodState],
];

const visits: Visit[] = [
  { at: new Date("2026-01-31T12:00:00.001Z"), cents: 2n ** 70n },
  { at: new Date("2026-01-31T13:00:00Z"), cents: -1n },
  { at: new Date("2026-02-01T00:00:00Z"), cents: 0n },
];

describe.each(codecs)("%s without an adapter", (_name, dataCodec, stateCodec) => {
  eachStorage((open) => {
    it("bring dates, maps and bigints through replay and through a snapshot", async () => {
      const Visitor = visitorWith(dataCodec, stateCodec);
      const { eventStore, snapshotStore } = await open();
      const facts = new Facts();
      const visitors = new AggregateRepository(Visitor, {
        eventStore,
        snapshots: { store: snapshotStore, threshold: 2 },
        observer: facts.observer,
        logger: false,
      });
      const visitor = visitors.createNew();
      for (const visit of visits) visitor.visit(visit);
      await visitors.save(visitor);
      const restored = await visitors.load(visitor.id);
      const replayed = await new AggregateRepository(Visitor, { eventStore }).load(visitor.id);
      expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: 3 }]);
      expect(restored.state).toStrictEqual(visitor.state);
      expect(replayed.state).toStrictEqual(visitor.state);
      expect(replayed.seen).toStrictEqual(visitor.seen);
      expect(visitor.state.visits).toStrictEqual(visits);
    });
  });

  it("raise copies: changing what was passed changes nothing", () => {
    const Visitor = visitorWith(dataCodec, stateCodec);
    const visitor = new Visitor("a");
    const at = new Date(0);
    visitor.visit({ at, cents: 1n });
    at.setFullYear(1999);
    expect(visitor.state.visits).toEqual([{ at: new Date(0), cents: 1n }]);
  });
});

it("a decider declares its codecs as a class does", async () => {
  const Diary = defineAggregate({
    type: "Diary",
    dataCodec: superjson,
    stateCodec: superjson,
    initialState: () => ({ days: new Set<string>() }),
    decide: (_state, at: Date) => [{ type: "Wrote", data: { at } }],
    evolve: (state, event: DomainEvent<"Wrote", { at: Date }>) => ({
      days: new Set([...state.days, event.data.at.toISOString().slice(0, 10)]),
    }),
  });
  const { eventStore, snapshotStore, facts } = setUp();
  const snapshots = { store: snapshotStore, threshold: 1 };
  const diaries = new AggregateRepository(Diary, { eventStore, snapshots, observer: facts.observer });
  const diary = diaries.createNew("a");
  for (const { at } of visits) diary.execute(at);
  await diaries.save(diary);
  const days = new Set(["2026-01-31", "2026-02-01"]);
  expect((await diaries.load("a")).state).toStrictEqual({ days });
  expect((await new AggregateRepository(Diary, { eventStore }).load("a")).state).toStrictEqual({ days });
  expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: 3 }]);
});

it("data that a codec refuses is a SerializationError with its cause, and raises nothing", () => {
  const visitor = new (visitorWith(zodVisit, zodState))("a");
  const attempt = () => visitor.visit({ at: "yesterday" as unknown as Date, cents: 1n });
  expect(attempt).toThrow(SerializationError);
  expect(attempt).toThrow(expect.objectContaining({ path: "data", cause: expect.any(Error) }));
  expect(visitor.version).toBe(0);
});

it("what a codec puts out must be plain JSON", () => {
  const lazy: Codec = { encode: (value: unknown) => value, decode: (json: unknown) => json };
  const visitor = new (visitorWith(lazy, lazy))("a");
  expect(() => visitor.visit(visits[0]!)).toThrow(expect.objectContaining({ path: "data.at" }));
});

it("trap: without a codec a date in the data is refused by its path, also over a store in memory", () => {
  const sketch = new Sketch("a");
  expect(() => sketch.draw({ x: new Date(0) as unknown as number })).toThrow(
    expect.objectContaining({ code: "SERIALIZATION", path: "data.x" }),
  );
});

it("trap: a state that cannot be stored fails no save, and is reported with its path", async () => {
  const { eventStore, snapshotStore, facts } = setUp();
  const log: string[] = [];
  const sketches = new AggregateRepository(Sketch, {
    eventStore,
    snapshots: { store: snapshotStore, threshold: 1 },
    observer: facts.observer,
    logger: { info: () => undefined, warn: (line) => void log.push(line) },
  });
  const sketch = sketches.createNew("a");
  sketch.draw({ x: 1 });
  await sketches.save(sketch);
  expect(await eventStore.versionOf({ aggregateType: "Sketch", aggregateId: "a" })).toBe(1);
  expect(facts.of("snapshot-failed")).toMatchObject([
    { version: 1, stage: "capture", error: { path: "state.drawnAt[0]" } },
  ]);
  expect(log).toEqual([expect.stringContaining("state.drawnAt[0]")]);
  expect((await sketches.load("a")).state).toEqual(sketch.state);
});

it("trap: a state with an undefined property is not stored without it, and is reported", async () => {
  const Optional = defineAggregate({
    type: "Optional",
    initialState: (): { note?: string | undefined } => ({ note: undefined }),
    decide: () => [{ type: "Happened", data: {} }],
    evolve: (state, _event: DomainEvent<"Happened", object>) => state,
  });
  const { eventStore, snapshotStore, facts } = setUp();
  const options = { eventStore, snapshots: { store: snapshotStore, threshold: 1 }, observer: facts.observer };
  const optionals = new AggregateRepository(Optional, { ...options, logger: false });
  const optional = optionals.createNew("a");
  optional.execute(undefined);
  await optionals.save(optional);
  expect(facts.of("snapshot-failed")).toMatchObject([{ stage: "capture", error: { path: "state.note" } }]);
  expect((await optionals.load("a")).state).toStrictEqual({ note: undefined });
});

it("a state that its codec cannot restore is replayed", async () => {
  const { eventStore, snapshotStore, facts } = setUp();
  const snapshots = { store: snapshotStore, threshold: 1 };
  const Old = visitorWith(zodVisit, superjson);
  const old = new AggregateRepository(Old, { eventStore, snapshots });
  const visitor = old.createNew("a");
  visitor.visit(visits[0]!);
  await old.save(visitor);
  const options = { eventStore, snapshots, observer: facts.observer, logger: false } as const;
  const loaded = await new AggregateRepository(visitorWith(zodVisit, zodState), options).load("a");
  expect(facts.missReasons).toEqual(["restore-failed"]);
  expect(loaded.state).toEqual(visitor.state);
});

it("trap: __proto__ as a key stays a key, in data and in state", async () => {
  const data = JSON.parse('{"__proto__":{"polluted":true}}') as object;
  class Box extends AggregateRoot<{ data: object }, DomainEvent<"Put", object>> {
    static readonly aggregateType = "Box";
    protected initialState = () => ({ data: {} });
    protected evolve = (_state: { data: object }, event: DomainEvent<"Put", object>) => ({ data: event.data });
    put(): void {
      this.raise("Put", data);
    }
  }
  const { eventStore, snapshotStore, facts } = setUp();
  const snapshots = { store: snapshotStore, threshold: 1 };
  const boxes = new AggregateRepository(Box, { eventStore, snapshots, observer: facts.observer });
  const box = boxes.createNew("a");
  box.put();
  await boxes.save(box);
  for (const { state } of [await boxes.load("a"), await new AggregateRepository(Box, { eventStore }).load("a")]) {
    expect(Object.keys(state.data)).toEqual(["__proto__"]);
    expect((state.data as { polluted?: boolean }).polluted).toBeUndefined();
  }
  expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: 1 }]);
});
