import { randomUUID } from "node:crypto";
import {
  AggregateRepository,
  type AggregateType,
  type AnyAggregate,
  type EventStore,
  type RepositoryOptions,
  type SnapshotOptions,
  type SnapshotStore,
} from "eventfold";
import { Faults, FaultyEventStore, FaultySnapshotStore } from "eventfold/testing";
import { Facts } from "../aggregates/facts.ts";
import { fullReplay, TestClock } from "../aggregates/setup.ts";

type Options<A extends AnyAggregate> = Partial<Omit<RepositoryOptions<A>, "snapshots">>;

/** Stores that can be made to fail, what is reported over them, and an id that no other test uses. */
export async function setUpOn<Opened extends { eventStore: EventStore; snapshotStore: SnapshotStore }>(
  open: () => Promise<Opened>,
) {
  const storage = await open();
  const faults = new Faults();
  const facts = new Facts();
  const clock = new TestClock();
  const eventStore = new FaultyEventStore(storage.eventStore, faults);
  const snapshotStore = new FaultySnapshotStore(storage.snapshotStore, faults);
  const id = randomUUID();
  /** A repository of its own each time, as in another process. */
  const repositoryOf = <A extends AnyAggregate>(
    type: AggregateType<A>,
    snapshots: Omit<SnapshotOptions<A>, "store"> = {},
    options: Options<A> = {},
  ): AggregateRepository<A> =>
    new AggregateRepository(type, {
      eventStore,
      snapshots: { store: snapshotStore, ...snapshots },
      observer: facts.observer,
      logger: false,
      clock: clock.now,
      ...options,
    });
  /** What replaying every event of the account gives. */
  const replayed = () => fullReplay(storage.eventStore, id);
  return { storage, faults, facts, clock, eventStore, snapshotStore, id, repositoryOf, replayed };
}
