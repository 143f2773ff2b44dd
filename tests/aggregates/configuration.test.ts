import {
  AggregateRepository,
  AggregateRoot,
  type AggregateType,
  allOf,
  anyOf,
  ConfigurationError,
  type DomainEvent,
  defineAggregate,
  everyEvents,
  InMemoryEventStore,
  InMemorySnapshotStore,
  InvalidNameError,
  onEvent,
} from "eventfold";
import { describe, expect, it } from "vitest";
import { Account } from "./account.ts";
import { saveEvents, setUp } from "./setup.ts";

const eventStore = new InMemoryEventStore();
const store = new InMemorySnapshotStore();
const policy = everyEvents(5);

/** As JavaScript passes it: options that TypeScript would refuse. */
function construct(options: object): AggregateRepository<Account> {
  return new AggregateRepository(Account, { eventStore, ...options });
}

const refused: [what: string, option: string, options: object][] = [
  ["no event store", "eventStore", { eventStore: undefined }],
  ["an event store that is none", "eventStore", { eventStore: {} }],
  ["snapshots without a store", "snapshots.store", { snapshots: { threshold: 10 } }],
  ["a policy without a store", "snapshots.store", { snapshots: { policy } }],
  ["a snapshot store that is none", "snapshots.store", { snapshots: { store: {} } }],
  ["a threshold below 1", "threshold", { snapshots: { store, threshold: 0 } }],
  ["a threshold that is no whole number", "threshold", { snapshots: { store, threshold: 2.5 } }],
  ["a mode that does not exist", "snapshots.mode", { snapshots: { store, mode: "async" } }],
  ["a threshold beside a policy", "snapshots.policy", { snapshots: { store, threshold: 10, policy } }],
  ["a policy that is no function", "snapshots.policy", { snapshots: { store, policy: 10 } }],
  ["a policy in manual mode", "snapshots.policy", { snapshots: { store, policy, mode: "manual" } }],
  ["background mode without a trigger", "snapshots.mode", { snapshots: { store, mode: "background" } }],
  ["a queue limit in sync mode", "snapshots.queueLimit", { snapshots: { store, threshold: 1, queueLimit: 5 } }],
  ["a queue limit in manual mode", "snapshots.queueLimit", { snapshots: { store, mode: "manual", queueLimit: 5 } }],
  ["waitUntil in sync mode", "snapshots.waitUntil", { snapshots: { store, threshold: 1, waitUntil: () => undefined } }],
  ["a read limit of no time", "snapshots.timeoutMs", { snapshots: { store, timeoutMs: 0 } }],
  ["a read limit without end", "snapshots.timeoutMs", { snapshots: { store, timeoutMs: Infinity } }],
  ["a read limit longer than a timer", "snapshots.timeoutMs", { snapshots: { store, timeoutMs: 2 ** 31 } }],
  ["a write limit of no time", "snapshots.writeTimeoutMs", { snapshots: { store, writeTimeoutMs: -1 } }],
  ["an empty page", "pageSize", { pageSize: 0 }],
  ["a page too large", "pageSize", { pageSize: 10_001 }],
  ["a publisher that cannot publish", "publisher", { publisher: {} }],
  ["a logger that cannot warn", "logger", { logger: { info: () => undefined } }],
  ["a logger that cannot inform", "logger", { logger: { warn: () => undefined } }],
  ["a logger that is no logger", "logger", { logger: true }],
  ["an observer that is no function", "observer", { observer: {} }],
  ["an option that does not exist", "snapshot", { snapshot: { store, threshold: 10 } }],
  ["a snapshot option that does not exist", "snapshots.treshold", { snapshots: { store, treshold: 10 } }],
];

it.each(refused)("refuses %s at construction, naming %s", (_what, option, options) => {
  const attempt = () => construct(options);
  expect(attempt).toThrow(ConfigurationError);
  expect(attempt).toThrow(expect.objectContaining({ option }));
});

const accepted: [what: string, options: object][] = [
  ["no snapshots", {}],
  ["a store alone", { snapshots: { store } }],
  ["every mode with a threshold", { snapshots: { store, threshold: 1, mode: "background", queueLimit: 1 } }],
  ["the largest page", { pageSize: 10_000 }],
  ["the longest limits", { snapshots: { store, timeoutMs: 2 ** 31 - 1, writeTimeoutMs: 2 ** 31 - 1 } }],
  ["options that are undefined", { logger: undefined, snapshots: { store, threshold: undefined, policy: undefined } }],
];

it.each(accepted)("accepts %s", (_what, options) => {
  expect(construct(options)).toBeInstanceOf(AggregateRepository);
});

it("accepts a threshold in manual mode, ignores it, and says so once", async () => {
  const log: string[] = [];
  const logger = { info: () => undefined, warn: (line: string) => void log.push(line) };
  const { accounts, facts } = setUp({ logger, snapshots: { threshold: 10, mode: "manual" } });
  await saveEvents(accounts, "a", 21);
  await saveEvents(accounts, "a", 21);
  expect(facts.of("threshold-ignored")).toEqual([
    { kind: "threshold-ignored", aggregateType: "Account", threshold: 10 },
  ]);
  expect(log).toEqual([expect.stringContaining("manual")]);
  expect(facts.snapshotVersions).toEqual([]);
});

it.each([() => onEvent(), () => anyOf(), () => allOf()])("refuses a policy of nothing: %s", (make) => {
  expect(make).toThrow(ConfigurationError);
});

it.each([Date, {}, undefined, "Account", () => undefined])("refuses %s instead of an aggregate", (type) => {
  const attempt = () => new AggregateRepository(type as unknown as typeof Account, { eventStore });
  expect(attempt).toThrow(ConfigurationError);
  expect(attempt).toThrow("does not extend AggregateRoot");
});

describe("of a class", () => {
  function typeWith(declared: object): AggregateType<AnyState> {
    return Object.assign(class extends AnyState {}, declared) as unknown as AggregateType<AnyState>;
  }

  it.each([0, -1, 1.5, Number.NaN, "2", null, 2 ** 53])("refuses the schema version %s", (schemaVersion) => {
    const type = typeWith({ aggregateType: "Account", schemaVersion });
    expect(() => new AggregateRepository(type, { eventStore })).toThrow(ConfigurationError);
  });

  it("takes 1 as its schema version when none is declared", async () => {
    const repository = new AggregateRepository(typeWith({ aggregateType: "Any" }), {
      eventStore,
      snapshots: { store },
    });
    const aggregate = repository.createNew();
    aggregate.happen();
    await repository.save(aggregate);
    expect((await repository.createSnapshot(aggregate)).schemaVersion).toBe(1);
  });

  it("refuses one without an aggregate type", () => {
    expect(() => new AggregateRepository(typeWith({}), { eventStore })).toThrow(ConfigurationError);
  });

  it.each(["", "x".repeat(256), "a\u0000b", "\ud800", 7])("refuses the aggregate type %j", (aggregateType) => {
    expect(() => new AggregateRepository(typeWith({ aggregateType }), { eventStore })).toThrow(InvalidNameError);
  });

  it("refuses the same of a decider", () => {
    const pure = { initialState: () => 0, decide: () => [], evolve: (state: number, _event: DomainEvent) => state };
    const type = defineAggregate({ type: "Any", schemaVersion: 0, ...pure });
    expect(() => new AggregateRepository(type, { eventStore })).toThrow(ConfigurationError);
  });
});

abstract class AnyState extends AggregateRoot<object, DomainEvent<"Happened", object>> {
  protected initialState(): object {
    return {};
  }

  protected evolve(state: object): object {
    return state;
  }

  happen(): void {
    this.raise("Happened", {});
  }
}
