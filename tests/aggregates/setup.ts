import {
  AggregateRepository,
  InMemoryEventStore,
  InMemorySnapshotStore,
  Snapshot,
  type SnapshotOptions,
  type SnapshotRow,
  type StoredEvent,
} from "eventfold";
import { Faults, FaultyEventStore, FaultySnapshotStore } from "eventfold/testing";
import { snapshotChecksum } from "../../src/snapshots/snapshot-checksum.ts";
import { Account } from "./account.ts";
import { Facts } from "./facts.ts";

type Options = ConstructorParameters<typeof AggregateRepository<Account>>[1];

export interface SetupOptions extends Partial<Omit<Options, "snapshots">> {
  readonly type?: typeof Account;
  /** `false` for a repository without a snapshot store. */
  readonly snapshots?: Partial<SnapshotOptions<Account>> | false;
}

/** A repository of accounts over stores in memory that can be made to fail, and a clock that stands still. */
export function setUp({ type = Account, snapshots, ...options }: SetupOptions = {}) {
  const faults = new Faults();
  const memory = { events: new InMemoryEventStore(), snapshots: new InMemorySnapshotStore() };
  const eventStore = new FaultyEventStore(memory.events, faults);
  const snapshotStore = new FaultySnapshotStore(memory.snapshots, faults);
  const facts = new Facts();
  const clock = new TestClock();
  /** Another repository over the same stores, as in another process. */
  const repositoryOf = (otherType: typeof Account, other: SetupOptions["snapshots"] = snapshots) =>
    new AggregateRepository(otherType, {
      eventStore,
      observer: facts.observer,
      logger: false,
      clock: clock.now,
      ...options,
      ...(other !== false && { snapshots: { store: snapshotStore, ...other } }),
    });
  const accounts = repositoryOf(type);
  return { accounts, faults, facts, clock, eventStore, snapshotStore, memory, repositoryOf };
}

/** Shows the time that it was set to. */
export class TestClock {
  #ms = Date.UTC(2026, 0, 31, 12);
  readonly now = (): Date => new Date(this.#ms);

  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** Saves `count` events for `id`, in one save. */
export async function saveEvents(accounts: AggregateRepository<Account>, id: string, count: number): Promise<Account> {
  const account = await accounts.loadOrCreate(id);
  account.grow(count);
  await accounts.save(account);
  return account;
}

/** What replaying every event gives. */
export async function fullReplay(eventStore: Options["eventStore"], id: string): Promise<Account> {
  return new AggregateRepository(Account, { eventStore }).load(id);
}

/** The events of an account as they are stored. */
export async function storedEvents(eventStore: Options["eventStore"], id: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of eventStore.read({ aggregateType: "Account", aggregateId: id })) events.push(event);
  return events;
}

/** A snapshot as a store would give it back whose row was changed behind its back. */
export function tampered(snapshot: Snapshot, change: Partial<SnapshotRow>): Snapshot {
  const { aggregateType, aggregateId, version, schemaVersion, fingerprint, createdAt } = snapshot;
  const { lastEventId, checksum, stateText } = snapshot;
  const key = { aggregateType, aggregateId, version, schemaVersion, fingerprint };
  return new Snapshot({ ...key, createdAt, lastEventId, checksum, stateText, ...change });
}

/** The same with a checksum that fits, as an earlier build or a bug of one could have written it. */
export function forged(snapshot: Snapshot, change: Partial<SnapshotRow>): Snapshot {
  const row = tampered(snapshot, change);
  return tampered(row, { checksum: snapshotChecksum(row) });
}
