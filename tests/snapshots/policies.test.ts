import {
  adaptive,
  allOf,
  anyOf,
  ConfigurationError,
  type DomainEvent,
  everyEvents,
  never,
  olderThan,
  onEvent,
  type ReplayDebt,
  replayLongerThan,
  type SnapshotFacts,
  type SnapshotPolicy,
  when,
} from "eventfold";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterLoad } from "../../src/snapshots/snapshot-policy.ts";

const free: ReplayDebt = {
  events: 0,
  loadsSinceSave: 0,
  loadsPerEvent: 0.001,
  replayMs: 0,
  replayMsPerEvent: 0.01,
  writeMs: 1,
  writeEvents: 100,
};

function facts(known: Partial<SnapshotFacts> = {}, debt: Partial<ReplayDebt> = {}): SnapshotFacts {
  const stream = { aggregateType: "Account", aggregateId: "a" };
  return { ...stream, version: 10, snapshotVersion: 0, events: [], state: {}, debt: { ...free, ...debt }, ...known };
}

function event(type: string, version: number): DomainEvent {
  return {
    id: `e-${version}`,
    type,
    data: {},
    version,
    occurredAt: "2026-01-31T12:00:00.000Z",
    metadata: {},
    schemaVersion: 1,
  };
}

function loaded(eventsReplayed: number, debt: Partial<ReplayDebt> = {}) {
  const { events: _none, state: _unseen, ...known } = facts({ version: 100_000 }, { events: eventsReplayed, ...debt });
  return { ...known, debt: known.debt, eventsReplayed };
}

const DAY_MS = 86_400_000;

describe("says why", () => {
  const decisions: [policy: SnapshotPolicy, facts: SnapshotFacts, why: boolean | string][] = [
    [everyEvents(100), facts({ version: 130 }), "every 100 events: version 130 reached 100"],
    [everyEvents(100), facts({ version: 99 }), false],
    [onEvent("Closed", "Shipped"), facts({ events: [event("A", 9), event("Shipped", 10)] }), "Shipped at version 10"],
    [onEvent("Closed"), facts({ events: [event("Shipped", 10)] }), false],
    [when(() => true), facts(), true],
    [when(({ version }) => version > 9 && "tenth"), facts(), "tenth"],
    [never, facts(), false],
    [
      olderThan({ days: 1 }),
      facts({ snapshotVersion: 4, snapshotAgeMs: 1.5 * DAY_MS }),
      "the snapshot at 4 is 1.5 d old, more than 1 d",
    ],
    [olderThan(500), facts({ snapshotAgeMs: 700 }), "no snapshot, and the first event is 700 ms old, more than 500 ms"],
    [replayLongerThan(50), facts({}, { replayMs: 61.23 }), "the load replayed for 61 ms, longer than 50 ms"],
    [adaptive(), facts({}, { events: 310, writeMs: 2.8, writeEvents: 280 }), "replay debt 3.1 ms ≥ write cost 2.8 ms"],
    [
      adaptive(),
      facts({}, { events: 100, writeMs: undefined }),
      "replay debt 100 events ≥ write cost 100 events (not measured yet)",
    ],
    [
      adaptive(),
      facts({}, { events: 70, loadsSinceSave: 3 }),
      "replay debt 0.7 ms + 0.3 ms expected before the next save ≥ write cost 1 ms",
    ],
    [
      adaptive(),
      facts({ version: 500 }, { loadsPerEvent: 0.001 }),
      "replays to expect of a tail of 500 events: 1.3 ms ≥ write cost 1 ms",
    ],
    [adaptive({ tailMax: 10 }), facts(), "tail of 10 events ≥ tailMax 10"],
    [adaptive(), facts(), false],
    [
      anyOf(
        everyEvents(100),
        onEvent("A"),
        when(() => true),
      ),
      facts({ events: [event("A", 10)] }),
      "A at version 10",
    ],
    [anyOf(never, everyEvents(100)), facts(), false],
    [
      allOf(
        everyEvents(10),
        when(() => true),
        onEvent("A"),
      ),
      facts({ events: [event("A", 10)] }),
      "every 10 events: version 10 reached 10, and A at version 10",
    ],
    [allOf(when(() => true)), facts(), true],
    [allOf(everyEvents(10), never), facts(), false],
  ];

  it.each(decisions)("%# %s", (policy, known, why) => {
    expect(policy(known)).toBe(why);
  });

  it("in a form that && and || of one's own function pass on", () => {
    const own: SnapshotPolicy = (known) => everyEvents(10)(known) && (onEvent("A")(known) || "no A");
    expect(own(facts())).toBe("no A");
    expect(own(facts({ version: 9 }))).toBe(false);
  });
});

describe("olderThan", () => {
  it.each([
    [1_000, 1_000, false],
    [1_000, 1_001, true],
    [{ seconds: 1 }, 1_001, true],
    [{ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, DAY_MS + 3_661_001, false],
    [{ days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, DAY_MS + 3_661_002, true],
    [{ days: undefined, hours: 1 } as unknown as number, 3_600_001, true],
    [1_000, -5_000, false],
    [1_000, Number.NaN, false],
    [1_000, undefined, false],
  ])("%j, with a snapshot of %s ms: %s", (age, snapshotAgeMs, due) => {
    expect(Boolean(olderThan(age)(facts({ snapshotAgeMs })))).toBe(due);
  });

  it("wants none while one of the version saved is on its way", () => {
    expect(olderThan(1)(facts({ snapshotVersion: 10, snapshotAgeMs: 5 }))).toBe(false);
  });
});

describe("replayLongerThan", () => {
  it.each([
    [49.9, false],
    [50, false],
    [50.1, true],
    [Number.NaN, false],
  ])("50 ms, after %s ms: %s, at a save and after a load", (replayMs, due) => {
    const policy = replayLongerThan(50);
    expect(Boolean(policy(facts({}, { replayMs })))).toBe(due);
    expect(Boolean(afterLoad(policy, loaded(5, { replayMs })))).toBe(due);
  });
});

describe("adaptive", () => {
  it.each([
    ["the debt is as much as writing one costs", { events: 100 }, {}, true],
    ["the debt is less", { events: 99.9 }, {}, false],
    ["as many loads as came since the last save would make it so", { events: 80, loadsSinceSave: 2 }, {}, true],
    ["they would not", { events: 79, loadsSinceSave: 2 }, {}, false],
    ["the tail reaches its greatest length", {}, { version: 10_000 }, true],
    ["it does not", { loadsPerEvent: 0 }, { version: 9_999 }, false],
    ["a tail that nobody loads would have cost as much", { loadsPerEvent: 0.02 }, { version: 100 }, true],
    ["it would not", { loadsPerEvent: 0.0199 }, { version: 100 }, false],
    ["one load of it would cost less", { loadsPerEvent: 1 }, { version: 99 }, false],
    [
      "an early tail counts from the last snapshot",
      { loadsPerEvent: 0.02 },
      { version: 199, snapshotVersion: 100 },
      false,
    ],
  ])("at a save, when %s", (_when, debt, known, due) => {
    expect(Boolean(adaptive()(facts(known, debt)))).toBe(due);
  });

  it.each([
    ["the debt is as much, and it was loaded before without a save", 100, { loadsSinceSave: 2 }, true],
    ["the debt is less", 99, { loadsSinceSave: 2 }, false],
    ["its save may follow", 199, { loadsSinceSave: 1 }, false],
    ["its save may follow, but the debt is twice as much", 200, { loadsSinceSave: 1 }, true],
    ["there is nothing to replay", 0, { events: 500, loadsSinceSave: 9 }, false],
    ["the tail is longer than its greatest length", 10_001, { events: 0 }, true],
  ])("after a load, when %s", (_when, replayed, debt, due) => {
    expect(Boolean(afterLoad(adaptive(), loaded(replayed, debt)))).toBe(due);
  });

  it("says so where nothing is measured for it, rather than to decide on nothing", () => {
    expect(() => adaptive()(facts({ debt: undefined }))).toThrow("anyOf");
    expect(() => replayLongerThan(1)(facts({ debt: undefined }))).toThrow("anyOf");
  });

  it("decides, whatever is measured", () => {
    const number = fc.oneof(fc.double(), fc.nat(100_000));
    const record = { events: number, loadsSinceSave: number, loadsPerEvent: number, writeEvents: number };
    fc.assert(
      fc.property(fc.record(record), fc.nat(), (debt, version) => {
        expect(["string", "boolean"]).toContain(typeof adaptive()(facts({ version }, debt)));
      }),
    );
  });
});

describe("combinations", () => {
  const some = fc.constantFrom(
    everyEvents(10),
    everyEvents(1_000),
    never,
    when(() => true),
    when(() => false),
    adaptive(),
    adaptive({ tailMax: 50 }),
    onEvent("A"),
    replayLongerThan(50),
  );
  const policies = fc.letrec<{ policy: SnapshotPolicy; list: readonly SnapshotPolicy[] }>((tie) => ({
    list: fc.array(tie("policy"), { minLength: 1, maxLength: 4 }),
    policy: fc.oneof(
      { maxDepth: 3 },
      some,
      tie("list").map((list) => anyOf(...list)),
      tie("list").map((list) => allOf(...list)),
    ),
  })).list;
  const known = fc
    .tuple(fc.nat(2_000), fc.nat(2_000), fc.nat(500), fc.nat(9), fc.double({ min: 0, max: 100, noNaN: true }))
    .map(([version, before, events, loadsSinceSave, replayMs]) =>
      facts({ version: before + version, snapshotVersion: before }, { events, loadsSinceSave, replayMs }),
    );

  it("of any depth want what some or all of their parts want", () => {
    fc.assert(
      fc.property(policies, known, (parts, each) => {
        expect(Boolean(anyOf(...parts)(each))).toBe(parts.some((part) => part(each)));
        expect(Boolean(allOf(...parts)(each))).toBe(parts.every((part) => part(each)));
      }),
    );
  });

  it("have what their parts need measured", () => {
    expect(anyOf(never, allOf(adaptive(), never)).measures).toBe(true);
    expect(anyOf(never, everyEvents(5)).measures).toBeUndefined();
  });

  it.each<[what: string, policy: SnapshotPolicy, replayed: number, debt: Partial<ReplayDebt>, heals: boolean]>([
    ["anyOf by what one of them says", anyOf(adaptive(), onEvent("A")), 201, {}, true],
    ["anyOf by the threshold of one of them", anyOf(adaptive(), everyEvents(10)), 21, {}, true],
    ["anyOf by none of them", anyOf(adaptive(), everyEvents(10)), 20, {}, false],
    ["anyOf with one that knows no threshold, by the others", anyOf(adaptive(), onEvent("A")), 150, {}, false],
    ["allOf by all of them", allOf(adaptive(), everyEvents(100)), 201, {}, true],
    ["allOf by one alone", allOf(adaptive(), everyEvents(1_000)), 201, {}, false],
    [
      "allOf with one that knows no threshold",
      allOf(
        adaptive(),
        when(() => true),
      ),
      200,
      {},
      false,
    ],
    ["allOf with never", allOf(adaptive(), never), 100_000, {}, false],
    ["anyOf with never", anyOf(adaptive(), never), 201, {}, true],
  ])("after a load, %s", (_what, policy, replayed, debt, heals) => {
    expect(Boolean(afterLoad(policy, loaded(replayed, debt)))).toBe(heals);
  });

  it("take no promise of a part for true", () => {
    const late = (() => Promise.reject(new Error("too late"))) as unknown as SnapshotPolicy;
    expect(() => anyOf(late, never)(facts())).toThrow(TypeError);
    expect(() => allOf(late, late)(facts())).toThrow(TypeError);
  });
});

describe("at construction", () => {
  const wrong: [what: string, make: () => unknown][] = [
    ...[
      0,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "1 day",
      null,
      undefined,
      {},
      { days: 0 },
      { days: -1, hours: 48 },
    ].map((age): [string, () => unknown] => [`the age ${JSON.stringify(age)}`, () => olderThan(age as number)]),
    ["a unit that is unknown", () => olderThan({ weeks: 1 } as object)],
    ["a unit of every object", () => olderThan({ toString: 1 } as object)],
    ["a limit of nothing", () => replayLongerThan(0)],
    ["a limit that is no number", () => replayLongerThan({ seconds: Number.NaN })],
    ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "10", null].map((tailMax): [string, () => unknown] => [
      `the tail ${String(tailMax)}`,
      () => adaptive({ tailMax: tailMax as number }),
    ]),
    ["a number as options", () => adaptive(500 as unknown as object)],
    ["null as options", () => adaptive(null as unknown as object)],
    ["a name mistyped", () => adaptive({ tailmax: 5 } as object)],
    ["a condition that is no function", () => when(true as unknown as () => boolean)],
    ["a type that is no text", () => onEvent(undefined as unknown as string)],
    ["no policies", () => anyOf()],
    ["a policy that is no function", () => anyOf(never, true as unknown as SnapshotPolicy)],
    ["a policy that is missing", () => allOf(undefined as unknown as SnapshotPolicy)],
  ];

  it.each(wrong)("refuses %s", (_what, make) => {
    expect(make).toThrow(ConfigurationError);
  });
});
