import { AggregateCache, AggregateRepository, InMemoryEventStore } from "eventfold";
import { InstrumentedRepository } from "eventfold/opentelemetry";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { startSdk } from "./sdk.ts";

const sdk = startSdk();

it("trap: repositories over one store share a cache, whichever of them are instrumented", async () => {
  const options = { eventStore: new InMemoryEventStore(), cache: new AggregateCache({ entriesMax: 10 }) };
  const repositories = [
    new InstrumentedRepository(Account, options),
    new InstrumentedRepository(Account, options, { aggregateIds: true }),
    new AggregateRepository(Account, options),
  ];
  const [first] = repositories as [InstrumentedRepository<Account>];
  const account = first.createNew("a");
  account.open();
  await first.save(account);
  for (const writer of repositories) {
    await writer.update("a", (loaded) => loaded.deposit(1));
    const { version } = await new AggregateRepository(Account, { eventStore: options.eventStore }).load("a");
    // What one of them saved is seen by all, also by those that do not ask the store.
    for (const reader of repositories) expect((await reader.load("a", { staleMs: 60_000 })).version).toBe(version);
  }
  expect(options.cache.entryCount).toBe(1);
});

it("a load from the cache says so, and so does one that had to drop what the cache held", async () => {
  const cache = new AggregateCache({ entriesMax: 10 });
  const eventStore = new InMemoryEventStore();
  const accounts = new InstrumentedRepository(Account, { eventStore, cache, logger: false });
  const account = accounts.createNew("a");
  account.grow(3);
  await accounts.save(account);
  await sdk.reset();
  await accounts.load("a");
  const load = sdk.spans.find(({ name }) => name === "load Account");
  expect(load?.attributes).toMatchObject({ "eventfold.load.source": "cache", "eventfold.events_replayed": 0 });
  const fromCache = { "eventfold.aggregate.type": "Account", "eventfold.load.source": "cache" };
  expect((await sdk.collect()).histogram("eventfold.load.duration", fromCache).count).toBe(1);
  // As after a restore: the events that the cache holds a state of are gone.
  await eventStore.eraseStream({ aggregateType: "Account", aggregateId: "a" });
  expect(await accounts.find("a")).toBeUndefined();
  const dropped = { "eventfold.aggregate.type": "Account", "eventfold.cache.drop_reason": "ahead-of-stream" };
  expect((await sdk.collect()).sum("eventfold.cache.drops", dropped)).toBe(1);
});

it("many loads are one span, and as many in the metrics as there were", async () => {
  const accounts = new InstrumentedRepository(Account, { eventStore: new InMemoryEventStore() });
  for (const id of ["a", "b", "c"]) {
    const account = accounts.createNew(id);
    account.grow(3);
    await accounts.save(account);
  }
  await sdk.reset();
  await accounts.loadMany(["a", "b", "c", "nobody"]);
  expect(sdk.spans.map(({ name, parent }) => [name, parent])).toEqual([
    ["readManyPages events", "loadMany Account"],
    ["loadMany Account", undefined],
  ]);
  expect(sdk.spans.at(-1)?.attributes).toEqual({
    "eventfold.aggregate.type": "Account",
    "eventfold.aggregates.count": 3,
  });
  const measured = await sdk.collect();
  const type = { "eventfold.aggregate.type": "Account", "eventfold.load.source": "events" };
  expect(measured.histogram("eventfold.load.events_replayed", type)).toMatchObject({ count: 3, sum: 9 });
});
