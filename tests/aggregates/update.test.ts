import { AggregateNotFoundError, ConfigurationError, OptimisticConcurrencyError } from "eventfold";
import { expect, it } from "vitest";
import { fullReplay, saveEvents, setUp } from "./setup.ts";

it("loads, changes and saves, and gives the saved aggregate", async () => {
  const { accounts, eventStore } = setUp();
  await saveEvents(accounts, "a", 1);
  const account = await accounts.update("a", (loaded) => loaded.deposit(5));
  expect(account.state).toMatchObject({ balance: 105 });
  expect((await fullReplay(eventStore, "a")).state).toEqual(account.state);
});

it("waits for a change that is asynchronous", async () => {
  const { accounts } = setUp();
  await saveEvents(accounts, "a", 1);
  const account = await accounts.update("a", async (loaded) => {
    await Promise.resolve();
    loaded.deposit(5);
  });
  expect(account.state.balance).toBe(105);
});

it("starts over on a fresh instance after a conflict", async () => {
  const { accounts } = setUp();
  await saveEvents(accounts, "a", 1);
  const seen: number[] = [];
  const account = await accounts.update("a", async (loaded) => {
    seen.push(loaded.version);
    if (seen.length < 3) await saveEvents(accounts, "a", 1);
    loaded.deposit(5);
  });
  expect(seen).toEqual([1, 2, 3]);
  expect(account.version).toBe(4);
});

it("carries out twenty changes at once, each exactly once", async () => {
  const { accounts, eventStore } = setUp({ snapshots: { threshold: 3 } });
  await saveEvents(accounts, "a", 1);
  const changes = Array.from({ length: 20 }, () => accounts.update("a", (a) => a.deposit(5), { attempts: 20 }));
  await Promise.all(changes);
  expect((await fullReplay(eventStore, "a")).state).toMatchObject({ balance: 200, transactionCount: 20 });
});

it.each([
  [undefined, 5],
  [{ attempts: 1 }, 1],
  [{ attempts: 7 }, 7],
])("gives up with the conflict after the attempts of %o", async (options, attempts) => {
  const { accounts } = setUp();
  await saveEvents(accounts, "a", 1);
  let tried = 0;
  const updating = accounts.update(
    "a",
    async (loaded) => {
      tried += 1;
      await saveEvents(accounts, "a", 1);
      loaded.deposit(5);
    },
    options,
  );
  await expect(updating).rejects.toThrow(OptimisticConcurrencyError);
  expect(tried).toBe(attempts);
});

it.each([0, -1, 1.5, 1_001, Number.NaN])("refuses %s attempts before anything is loaded", async (attempts) => {
  const { accounts, faults } = setUp();
  await expect(accounts.update("a", () => undefined, { attempts })).rejects.toThrow(ConfigurationError);
  expect(faults.callsOf("readPage")).toBe(0);
});

it("passes on what the change throws, without saving and without another attempt", async () => {
  const { accounts, faults } = setUp();
  await saveEvents(accounts, "a", 1);
  let tried = 0;
  const updating = accounts.update("a", (loaded) => {
    tried += 1;
    loaded.deposit(1);
    loaded.deposit(-1);
  });
  await expect(updating).rejects.toThrow(RangeError);
  expect([tried, faults.callsOf("append")]).toEqual([1, 1]);
});

it("rejects for an aggregate that does not exist", async () => {
  const { accounts } = setUp();
  await expect(accounts.update("a", () => undefined)).rejects.toThrow(AggregateNotFoundError);
});

it("trap: a snapshot's failure is not taken for a failed command, which would be doubled", async () => {
  const { accounts, eventStore, faults } = setUp({ snapshots: { threshold: 1 } });
  await saveEvents(accounts, "a", 1);
  faults.every("saveSnapshot", async () => {
    throw new OptimisticConcurrencyError({
      stream: { aggregateType: "Account", aggregateId: "a" },
      expectedVersion: 1,
      actualVersion: 2,
    });
  });
  await accounts.update("a", (loaded) => loaded.deposit(5));
  expect((await fullReplay(eventStore, "a")).state.balance).toBe(105);
});

it("carries out fifty changes at once with the attempts that it has by default", async () => {
  const { accounts, eventStore } = setUp();
  await saveEvents(accounts, "a", 1);
  await Promise.all(Array.from({ length: 50 }, () => accounts.update("a", (account) => account.deposit(1))));
  expect((await fullReplay(eventStore, "a")).version).toBe(51);
});
