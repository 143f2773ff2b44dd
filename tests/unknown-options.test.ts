import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AggregateCache,
  AggregateRepository,
  adaptive,
  ConfigurationError,
  defineAggregate,
  type EventStore,
  InMemoryEventStore,
  InMemorySnapshotStore,
  olderThan,
  type SnapshotStore,
  upgradeState,
} from "eventfold";
import { checkFolds, updateFoldLock } from "eventfold/check";
import {
  InstrumentedEventStore,
  InstrumentedRepository,
  InstrumentedSnapshotStore,
  metricsObserver,
} from "eventfold/opentelemetry";
import { connectPostgres, migratePostgres, postgresMigrationSql } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { scenario } from "eventfold/testing";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someEvents } from "../src/testing/contracts/contract.ts";
import { someSnapshot } from "../src/testing/contracts/some-snapshot.ts";
import { Account } from "./aggregates/account.ts";
import { setUp } from "./aggregates/setup.ts";
import { Wallet } from "./aggregates/wallet.ts";
import { freshSchema } from "./setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const postgres = await connectPostgres(pool);
const sqlite = openSqlite(":memory:");
const memory = { eventStore: new InMemoryEventStore(), snapshotStore: new InMemorySnapshotStore() };
beforeAll(() => postgres.migrate());
afterAll(() => Promise.all([pool.end(), sqlite.close()]));

/** What JavaScript passes, and a variable in TypeScript: a slip of the pen beside what must be there. */
type Call = (slip: object) => unknown;

const { accounts } = setUp({ snapshots: { threshold: 10 } });
const snapshotStore = memory.snapshotStore;
const { eventStore } = memory;
const decider = { type: "Any", initialState: () => 0, decide: () => [], evolve: (state: number) => state };
const stream = { aggregateType: "Account", aggregateId: "a" };

/** Every public interface of options, and the calls that take it. A test below holds the list against the entry points. */
const repositoryCalls: Readonly<Record<string, readonly Call[]>> = {
  RepositoryOptions: [(slip) => new AggregateRepository(Account, { eventStore, ...slip })],
  SnapshotOptions: [
    (slip) => new AggregateRepository(Account, { eventStore, snapshots: { store: snapshotStore, ...slip } }),
  ],
  RaiseOptions: [(slip) => accounts.createNew("a", slip)],
  LoadOptions: [
    (slip) => accounts.load("a", slip),
    (slip) => accounts.find("a", slip),
    (slip) => accounts.loadMany(["a"], slip),
    (slip) => accounts.loadMany([], slip),
    (slip) => accounts.loadOrCreate("a", slip),
  ],
  UpdateOptions: [(slip) => accounts.update("a", () => {}, slip)],
  WalkOptions: [],
  WarmOptions: [(slip) => accounts.warm(slip)],
  VerifyOptions: [(slip) => accounts.verifySnapshots(slip)],
  PruneOptions: [(slip) => accounts.pruneSnapshots({ notWrittenForMs: 0, ...slip })],
  EraseOptions: [(slip) => accounts.erase("a", slip)],
  StateUpgradeOptions: [(slip) => upgradeState<object>().to(() => 0, slip)],
  Decider: [(slip) => defineAggregate({ ...decider, ...slip })],
  AggregateCacheOptions: [(slip) => new AggregateCache({ entriesMax: 1, ...slip })],
  AdaptiveOptions: [(slip) => adaptive(slip)],
  Duration: [(slip) => olderThan({ days: 1, ...slip })],
  HealthOptions: [(slip) => sqlite.snapshots.health(slip)],
  StatisticsOptions: [(slip) => sqlite.snapshots.statistics(slip)],
  StaleOptions: [(slip) => sqlite.snapshots.stale(slip)],
  LargestOptions: [(slip) => sqlite.snapshots.largest(slip)],
  SqliteOptions: [(slip) => openSqlite(":memory:", slip)],
  PostgresOptions: [(slip) => connectPostgres(pool, slip)],
  MigrateOptions: [(slip) => migratePostgres(pool, slip), (slip) => postgresMigrationSql(slip)],
  TelemetryOptions: [
    (slip) => new InstrumentedEventStore(eventStore, slip),
    (slip) => new InstrumentedSnapshotStore(snapshotStore, slip),
    (slip) => new InstrumentedRepository(Account, { eventStore }, slip),
    (slip) => new InstrumentedRepository(Account, { eventStore: new InstrumentedEventStore(eventStore) }, slip),
  ],
  MetricsObserverOptions: [(slip) => metricsObserver(slip)],
  CheckFoldsOptions: [
    (slip) => checkFolds({ root: import.meta.dirname, ...slip }),
    (slip) => updateFoldLock({ root: import.meta.dirname, ...slip }),
  ],
  Scenario: [(slip) => scenario(Wallet, { raises: [], ...slip })],
};

/** What every store of ours refuses; those of others may. */
const storeCalls: Readonly<Record<string, readonly ((stores: Stores, slip: object) => unknown)[]>> = {
  AppendOptions: [
    (stores, slip) => stores.eventStore.append(stream, someEvents(1), { expectedVersion: "any", ...slip }),
  ],
  ReadRange: [(stores, slip) => stores.eventStore.read(stream, slip)[Symbol.asyncIterator]().next()],
  StreamsRange: [(stores, slip) => stores.eventStore.streams("Account", slip)],
  PositionRange: [(stores, slip) => stores.eventStore.readAll(slip)],
  SaveSnapshotOptions: [(stores, slip) => stores.snapshotStore.saveSnapshot(someSnapshot(stream), slip)],
  GetSnapshotOptions: [
    (stores, slip) => stores.snapshotStore.getSnapshot("a", "Account", slip),
    (stores, slip) => stores.snapshotStore.getManySnapshots(["a"], "Account", slip),
    (stores, slip) => stores.snapshotStore.getManySnapshots([], "Account", slip),
  ],
  SchemaVersionOption: [(stores, slip) => stores.snapshotStore.snapshotExists("a", "Account", slip)],
  DeleteSnapshotOptions: [(stores, slip) => stores.snapshotStore.deleteSnapshot("a", "Account", slip)],
  DeleteByTypeOptions: [(stores, slip) => stores.snapshotStore.deleteSnapshotsByType("Account", slip)],
  EraseSnapshotsOptions: [
    (stores, slip) => stores.snapshotStore.eraseSnapshots("a", "Account", { throughVersion: 0, ...slip }),
  ],
};

interface Stores {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
}

/** Why these are not among them. */
const exempt: Readonly<Record<string, string>> = {
  JointAppendOptions: "not every store has a joint one; tested below",
  PageRange: "every load passes one: a check took 2 % of a load from memory",
  LengthRange: "an answer",
};

const cases = Object.entries(repositoryCalls).flatMap(([name, calls]) =>
  calls.map((call, index) => ({ name, index, call })),
);

it.each(cases)("$name with an unknown option are refused, naming the known ones ($index)", async ({ name, call }) => {
  await expectRefused(name, () => call({ slipOfThePen: 1 }));
});

describe.each(Object.entries({ memory, sqlite, postgres } satisfies Record<string, Stores>))(
  "in %s",
  (_name, stores) => {
    const calls = Object.entries(storeCalls).flatMap(([name, list]) =>
      list.map((call, index) => ({ name, index, call })),
    );
    it.each(calls)(
      "$name with an unknown option are refused, naming the known ones ($index)",
      async ({ name, call }) => {
        await expectRefused(name, () => call(stores, { slipOfThePen: 1 }));
      },
    );

    it("deletes no snapshot by an option of another method", async () => {
      await stores.snapshotStore.saveSnapshot(someSnapshot(stream));
      const prefer = { prefer: { schemaVersion: 7, fingerprint: "x" } } as object;
      await expect(stores.snapshotStore.deleteSnapshot("a", "Account", prefer)).rejects.toThrow(ConfigurationError);
      const slip = { schemaVersonBelow: 1 } as object;
      await expect(stores.snapshotStore.deleteSnapshotsByType("Account", slip)).rejects.toThrow(ConfigurationError);
      expect(await stores.snapshotStore.snapshotExists("a", "Account")).toBe(true);
    });
  },
);

it.each(Object.entries({ sqlite, postgres }))("so do appends with a snapshot in %s", async (_name, stores) => {
  const { eventStore: events, snapshotStore: snapshots } = stores as Stores;
  const options = { expectedVersion: 0, snapshot: someSnapshot(stream), slipOfThePen: 1 };
  await expectRefused("JointAppendOptions", () =>
    snapshots.jointWith?.(events)?.append(stream, someEvents(1), options),
  );
});

it("every public interface of options is among them", () => {
  const root = join(import.meta.dirname, "..");
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, { readonly types?: string }>;
  };
  const entries = Object.values(exports).flatMap(({ types }) => types ?? []);
  const names = entries.flatMap((types) => {
    const source = readFileSync(join(root, types.replace("dist", "src").replace(".d.ts", ".ts")), "utf8");
    return [...source.matchAll(/\b\w+(?:Options?|Range)\b/g)].map(([name]) => name);
  });
  expect(names.length).toBeGreaterThan(25);
  const known = new Set([...Object.keys(repositoryCalls), ...Object.keys(storeCalls), ...Object.keys(exempt)]);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

it("what is refused does nothing before", async () => {
  const { accounts: some, facts } = setUp({ snapshots: { threshold: 1, mode: "background" } });
  const account = some.createNew("b");
  account.open("Ada", 1);
  await some.save(account);
  await expect(some.erase("b", { event: true } as object)).rejects.toThrow(ConfigurationError);
  await some.awaitPendingSnapshots();
  expect(facts.of("snapshot-stored")).toHaveLength(1);
  expect((await some.load("b")).version).toBe(1);
});

it("a new aggregate has no age", async () => {
  expect(() => accounts.createNew("a", { staleMs: 0 } as object)).toThrow(
    "Option staleMs is not known. Known: metadata.",
  );
  expect((await accounts.loadOrCreate("new", { staleMs: 0, metadata: { actor: "Ada" } })).version).toBe(0);
});

it("what is no object is refused too", async () => {
  await expect(accounts.load("a", null as unknown as object)).rejects.toThrow(ConfigurationError);
  await expect(accounts.warm("all" as unknown as object)).rejects.toThrow(ConfigurationError);
});

async function expectRefused(name: string, call: () => unknown): Promise<void> {
  const error = await (async () => call())().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  if (name === "Duration") return;
  expect((error as ConfigurationError).option).toMatch(/(^|\.)slipOfThePen$/);
  expect((error as ConfigurationError).message).toMatch(/is not known\. Known: \w/);
}
