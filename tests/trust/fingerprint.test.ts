import { type } from "arktype";
import {
  type AggregateType,
  ConfigurationError,
  defineAggregate,
  defineEvents,
  type StateSchema,
  upgraded,
  upgradeState,
} from "eventfold";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Account } from "../aggregates/account.ts";
import { saveEvents } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

type Declared = Partial<Pick<AggregateType<Account>, "schemaVersion" | "stateSchema" | "stateUpgrades" | "events">>;

function accountWith(declared: Declared): typeof Account {
  return Object.assign(class extends Account {}, declared);
}

const shape = { ownerName: z.string(), balance: z.number(), transactionCount: z.number() };
const stateSchema = z.object(shape);
const { ownerName: holder, ...others } = shape;
const renamed = { holder, ...others };
const opened = z.object({ ownerName: z.string(), initialBalance: z.number() });
const moved = z.object({ amount: z.number() });
const events = defineEvents({ AccountOpened: opened, MoneyDeposited: moved, MoneyWithdrawn: moved });
const toCents = (old: { euros: number }) => ({ amount: old.euros * 100 });
const toDollars = (old: { euros: number }) => ({ amount: old.euros * 110 });
const withUpgrade = (step: typeof toCents) =>
  defineEvents({ AccountOpened: opened, MoneyDeposited: upgraded(moved, step), MoneyWithdrawn: moved });

/** The fingerprint that a class writes its snapshots with. */
async function fingerprintOf(declared: Declared): Promise<string> {
  const { repositoryOf, id } = await setUpOn(open);
  const accounts = repositoryOf(accountWith(declared));
  return (await accounts.createSnapshot(await saveEvents(accounts, id, 1))).fingerprint;
}

let open: Parameters<Parameters<typeof eachStorage>[0]>[0];

eachStorage((openStorage, kind) => {
  if (kind === "memory") open = openStorage;

  it("two builds side by side keep rows of their own, and rolling back finds the old ones", async () => {
    const { repositoryOf, id, facts, replayed } = await setUpOn(openStorage);
    const builds = [stateSchema, z.object({ ...shape, note: z.string().optional() })].map((schema) =>
      repositoryOf(accountWith({ stateSchema: schema }), { threshold: 5 }),
    );
    for (let round = 0; round < 4; round += 1) for (const build of builds) await saveEvents(build, id, 3);
    // The older build alone again.
    facts.all.length = 0;
    const loaded = await builds[0]!.load(id);
    expect(loaded.state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual([]);
    const [{ snapshotVersion } = { snapshotVersion: undefined }] = facts.of("loaded");
    expect(snapshotVersion).toBeGreaterThanOrEqual(15);
  });

  it("a row of another fingerprint is a miss with its reason, and stays", async () => {
    const { repositoryOf, id, facts, snapshotStore, replayed } = await setUpOn(openStorage);
    const log: [string, string][] = [];
    const logger = {
      info: (line: string) => void log.push(["info", line]),
      warn: (line: string) => void log.push(["warn", line]),
    };
    const former = repositoryOf(accountWith({ stateSchema }), { threshold: 5 });
    await saveEvents(former, id, 5);
    const row = await snapshotStore.getSnapshot(id, "Account");
    facts.all.length = 0;
    const changed = accountWith({ stateSchema: z.object({ ...shape, balance: z.int() }) });
    const current = repositoryOf(changed, { threshold: 5 }, { logger });
    expect((await current.load(id)).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual(["fingerprint-mismatch"]);
    expect(facts.of("missed")).toMatchObject([{ row: { fingerprint: row!.fingerprint, version: 5 } }]);
    expect(log).toEqual([["warn", expect.stringContaining("fingerprint-mismatch")]]);
    await saveEvents(current, id, 1);
    expect(await snapshotStore.getSnapshot(id, "Account", { prefer: row! })).toEqual(row);
  });
});

describe("is the same", () => {
  it("whichever event types are added", async () => {
    const more = defineEvents({ ...events.schemas, Closed: z.object({ reason: z.string() }) });
    expect(await fingerprintOf({ stateSchema, events: more })).toBe(await fingerprintOf({ stateSchema, events }));
    expect(await fingerprintOf({ events: more })).toBe("");
  });

  it("in whatever order the properties of the state stand", async () => {
    const { ownerName, balance, transactionCount } = shape;
    const turned = z.object({ transactionCount, balance, ownerName });
    expect(await fingerprintOf({ stateSchema: turned })).toBe(await fingerprintOf({ stateSchema }));
  });

  it("in another class that declares the same, and in functional style", async () => {
    expect(await fingerprintOf({ stateSchema: z.object({ ...shape }) })).toBe(await fingerprintOf({ stateSchema }));
    const { repositoryOf, id } = await setUpOn(open);
    const Decided = defineAggregate({
      type: "Account",
      stateSchema,
      initialState: () => ({ ownerName: "", balance: 0, transactionCount: 0 }),
      decide: () => [{ type: "Opened", data: {} }],
      evolve: (state) => state,
    });
    const decided = repositoryOf(Decided);
    const aggregate = decided.createNew(id);
    aggregate.execute(undefined);
    await decided.save(aggregate);
    const { fingerprint } = await decided.createSnapshot(aggregate);
    expect(fingerprint).toBe(await fingerprintOf({ stateSchema }));
  });

  it("empty, when a class declares neither the shape of its state nor upgrades", async () => {
    expect(await fingerprintOf({})).toBe("");
    expect(await fingerprintOf({ schemaVersion: 3 })).toBe("");
  });
});

const steps = upgradeState<{ balance: number }>().to(() => ({ ownerName: "", balance: 0, transactionCount: 0 }));
const otherSteps = upgradeState<{ balance: number }>().to(() => ({ ownerName: "", balance: 1, transactionCount: 0 }));

const changes: [what: string, before: Declared, after: Declared][] = [
  ["a property of the state is added", { stateSchema }, { stateSchema: z.object({ ...shape, note: z.string() }) }],
  [
    "trap: an optional property is added, which the old snapshots lack",
    { stateSchema },
    { stateSchema: z.object({ ...shape, note: z.string().optional() }) },
  ],
  [
    "a property is taken away",
    { stateSchema },
    { stateSchema: z.object({ ownerName: z.string(), balance: z.number() }) },
  ],
  ["a property is renamed", { stateSchema }, { stateSchema: z.object(renamed) }],
  ["a property changes its type", { stateSchema }, { stateSchema: z.object({ ...shape, balance: z.string() }) }],
  ["the shape is declared at last", {}, { stateSchema }],
  ["an upgrade of an event is added", { events }, { events: withUpgrade(toCents) }],
  ["an upgrade of an event is changed", { events: withUpgrade(toCents) }, { events: withUpgrade(toDollars) }],
  [
    "an upgrade of a state is added",
    { schemaVersion: 2, stateSchema },
    { schemaVersion: 2, stateSchema, stateUpgrades: steps },
  ],
  [
    "an upgrade of a state is changed",
    { schemaVersion: 2, stateUpgrades: steps },
    { schemaVersion: 2, stateUpgrades: otherSteps },
  ],
  ["schemaVersion is raised", { stateSchema }, { stateSchema, schemaVersion: 2 }],
];

it.each(changes)("is another one when %s", async (_what, before, after) => {
  expect(await fingerprintOf(after)).not.toBe(await fingerprintOf(before));
});

const arkState = { ownerName: "string", balance: "number", transactionCount: "number" } as const;

describe("from a schema of", () => {
  it.each([
    ["Zod", z.object(shape), z.object({ ...shape, balance: z.string() })],
    ["ArkType", type(arkState), type({ ...arkState, balance: "string" })],
  ] satisfies [string, StateSchema, StateSchema][])("%s tells shapes apart", async (_library, one, other) => {
    const fingerprint = await fingerprintOf({ stateSchema: one });
    expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
    expect(await fingerprintOf({ stateSchema: other })).not.toBe(fingerprint);
  });

  it("Valibot alone is a ConfigurationError that says what to use", () => {
    const schema = v.object({ balance: v.number() }) as unknown as StateSchema;
    const attempt = () => new (accountWith({ stateSchema: schema }))("a");
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(/toStandardJsonSchema/);
  });

  it("what has no JSON Schema is a ConfigurationError with its cause", () => {
    const attempt = () => new (accountWith({ stateSchema: z.object({ at: z.date() }) }))("a");
    expect(attempt).toThrow(expect.objectContaining({ code: "CONFIGURATION", cause: expect.any(Error) as unknown }));
  });

  it("a codec is taken as what it stores", async () => {
    const at = z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    });
    expect(await fingerprintOf({ stateSchema: z.object({ at }) })).toBe(
      await fingerprintOf({ stateSchema: z.object({ at: z.iso.datetime() }) }),
    );
  });
});
