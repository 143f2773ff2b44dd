import {
  AggregateRepository,
  type AnyAggregate,
  type DomainEvent,
  defineAggregate,
  type EventStore,
  type SnapshotStore,
} from "eventfold";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Kind {
  readonly type: string;
  readonly lengths: readonly number[];
  readonly minutesBetween: number;
  readonly threshold?: number;
}

const kinds: readonly Kind[] = [
  { type: "Account", lengths: numbers(40, (n) => 40 + 10 * n), minutesBetween: 48, threshold: 100 },
  { type: "Cart", lengths: numbers(60, (n) => (n % 3 === 0 ? 2 : 12)), minutesBetween: 2 },
  { type: "Sensor", lengths: [...numbers(19, (n) => 100 + n), 12_000], minutesBetween: 5, threshold: 1_000 },
];

/**
 * Fills a database that is always the same, as seen from now: accounts with snapshots, carts without, sensors of which one has
 * grown beyond all others.
 */
export async function fillBusyBank(storage: { eventStore: EventStore; snapshotStore: SnapshotStore }): Promise<void> {
  // In the middle of a day, so that ages in days do not change while a test runs.
  const end = Date.now() - 3.5 * DAY_MS;
  for (const kind of kinds) {
    let now = 0;
    const type = defineAggregate({
      type: kind.type,
      initialState: () => ({ count: 0, total: 0 }),
      decide: (_state, amount: number) => [{ type: "Happened", data: { amount } }],
      evolve: ({ count, total }, { data }: DomainEvent<"Happened", { amount: number }>) => {
        return { count: count + 1, total: total + data.amount };
      },
    });
    const { threshold } = kind;
    const repository = new AggregateRepository<AnyAggregate & { execute(amount: number): unknown }>(type, {
      eventStore: storage.eventStore,
      ...(threshold !== undefined && { snapshots: { store: storage.snapshotStore, threshold } }),
      clock: () => new Date(now),
    });
    for (const [index, length] of kind.lengths.entries()) {
      const aggregate = repository.createNew(`${kind.type.toLowerCase()}-${String(index + 1).padStart(3, "0")}`);
      for (let version = 1; version <= length; version += 1) {
        now = end - (length - version) * kind.minutesBetween * MINUTE_MS;
        aggregate.execute(version % 7);
        if (version % 100 === 0) await repository.save(aggregate);
      }
      await repository.save(aggregate);
    }
  }
}

function numbers(count: number, make: (index: number) => number): readonly number[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
