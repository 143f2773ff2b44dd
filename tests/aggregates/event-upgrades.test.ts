import {
  AggregateRepository,
  AggregateRoot,
  type DomainEvent,
  defineEvents,
  EventUpgradeError,
  InMemoryEventStore,
  newEvent,
  upgraded,
} from "eventfold";
import { expect, it } from "vitest";
import { z } from "zod";

interface Paid {
  cents: number;
  currency: string;
}

type PaidEvent = DomainEvent<"Paid", Paid>;

/** First `{ amount }` in whole units, then `{ cents }`, today `{ cents, currency }`. */
const today = upgraded(
  z.object({ cents: z.int(), currency: z.string() }),
  ({ amount }: { amount: number }) => ({ cents: amount * 100 }),
  ({ cents }: { cents: number }) => ({ cents, currency: "EUR" }),
);

class Till extends AggregateRoot<Paid[], PaidEvent> {
  static readonly aggregateType = "Till";
  static readonly events = defineEvents({ Paid: today });
  readonly seen: PaidEvent[] = [];

  protected initialState(): Paid[] {
    return [];
  }

  protected evolve(state: Paid[], event: PaidEvent): Paid[] {
    this.seen.push(event);
    return [...state, event.data];
  }

  pay(data: Paid): void {
    this.raise("Paid", data);
  }
}

const stream = { aggregateType: "Till", aggregateId: "a" };

/** A till whose events were stored by older builds. */
async function tillWith(...stored: [schemaVersion: number, data: unknown][]) {
  const eventStore = new InMemoryEventStore();
  const events = stored.map(([schemaVersion, data]) => newEvent({ type: "Paid", data, schemaVersion }));
  await eventStore.append(stream, events, { expectedVersion: 0 });
  return { eventStore, tills: new AggregateRepository(Till, { eventStore }) };
}

it("brings each event from the shape in which it was stored to today's, step by step", async () => {
  const { tills } = await tillWith([1, { amount: 3 }], [2, { cents: 5 }], [3, { cents: 7, currency: "USD" }]);
  const till = await tills.load("a");
  expect(till.state).toEqual([
    { cents: 300, currency: "EUR" },
    { cents: 5, currency: "EUR" },
    { cents: 7, currency: "USD" },
  ]);
  expect(till.seen.map((event) => event.schemaVersion)).toEqual([3, 3, 3]);
});

it("stores new events in today's shape", async () => {
  const { tills, eventStore } = await tillWith([1, { amount: 3 }]);
  await tills.update("a", (till) => till.pay({ cents: 1, currency: "GBP" }));
  const { events } = await eventStore.readPage(stream, { afterVersion: 0, limit: 9 });
  expect(events.map(({ schemaVersion, data }) => [schemaVersion, data])).toEqual([
    [1, { amount: 3 }],
    [3, { cents: 1, currency: "GBP" }],
  ]);
});

it("tells evolve today's schema version also when a step changes the data that it was given", async () => {
  class Mutating extends Till {
    static override readonly events = defineEvents({
      Paid: upgraded(z.any(), (data: Record<string, unknown>) => Object.assign(data, { cents: 1 })),
    });
  }
  const { eventStore } = await tillWith([1, { amount: 3 }]);
  const till = await new AggregateRepository(Mutating, { eventStore }).load("a");
  expect(till.seen).toMatchObject([{ schemaVersion: 2, data: { amount: 3, cents: 1 } }]);
});

it("refuses an event of a newer build", async () => {
  const { tills } = await tillWith([4, {}]);
  const error = await tills.load("a").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(EventUpgradeError);
  expect(error).toMatchObject({ eventType: "Paid", storedSchemaVersion: 4, message: expect.stringContaining("newer") });
});

it("refuses an event whose step throws, and keeps the cause", async () => {
  const { tills } = await tillWith([1, null]);
  const error = await tills.load("a").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(EventUpgradeError);
  expect(error).toMatchObject({ storedSchemaVersion: 1, cause: expect.any(TypeError) });
});

it("refuses an event of another shape where no definitions say how to read it", async () => {
  class Plain extends Till {
    static override readonly events = undefined as never;
  }
  const { eventStore } = await tillWith([2, { cents: 5 }]);
  await expect(new AggregateRepository(Plain, { eventStore }).load("a")).rejects.toThrow(EventUpgradeError);
});
