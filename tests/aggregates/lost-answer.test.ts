import { AggregateCache, AggregateRepository, CommitUnknownError, OptimisticConcurrencyError } from "eventfold";
import { type Fault, failing, losingAnswer } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account } from "./account.ts";
import { fullReplay, saveEvents, setUp } from "./setup.ts";

const stream = { aggregateType: "Account", aggregateId: "a" };
const lost = new CommitUnknownError({ stream, cause: new Error("connection reset") });

const outcomes: [string, Fault, number][] = [
  ["its events stand", losingAnswer(lost), 2],
  ["its events do not stand", failing(lost), 0],
];

describe.each(outcomes)("after an answer that was lost, when %s", (_title, fault, standing) => {
  async function loseAnswer() {
    const set = setUp({ snapshots: { threshold: 2 } });
    set.faults.next("append", fault);
    const account = set.accounts.createNew("a");
    account.grow(2);
    await expect(set.accounts.save(account)).rejects.toBe(lost);
    expect(await set.eventStore.versionOf(stream)).toBe(standing);
    return { ...set, account };
  }

  it("saving the same instance again succeeds, and the events stand once", async () => {
    const { accounts, account, eventStore } = await loseAnswer();
    await accounts.save(account);
    expect((await fullReplay(eventStore, "a")).version).toBe(2);
    await accounts.save(account);
    expect((await fullReplay(eventStore, "a")).state).toEqual(account.state);
  });

  it("saving it again takes the snapshot that was due", async () => {
    const { accounts, account, facts } = await loseAnswer();
    expect(facts.snapshotVersions).toEqual([]);
    await accounts.save(account);
    expect(facts.snapshotVersions).toEqual([2]);
  });

  it("saving it again also saves what was raised in between", async () => {
    const { accounts, account, eventStore } = await loseAnswer();
    account.grow(3);
    await accounts.save(account);
    expect((await fullReplay(eventStore, "a")).state).toEqual(account.state);
    expect((await accounts.load("a")).version).toBe(5);
  });

  it("saving it again succeeds although the answer is lost once more", async () => {
    const { accounts, account, eventStore, faults } = await loseAnswer();
    account.grow(1);
    faults.next("append", fault);
    await accounts.save(account).catch((error: unknown) => expect(error).toBe(lost));
    await accounts.save(account);
    expect((await fullReplay(eventStore, "a")).state).toEqual(account.state);
  });

  it("nothing can be snapshotted before it is saved again", async () => {
    const { accounts, account, facts } = await loseAnswer();
    await expect(accounts.createSnapshot(account)).rejects.toThrow("unsaved");
    expect(facts.snapshotVersions).toEqual([]);
  });
});

it("saving again succeeds when the events stand and somebody else has written meanwhile", async () => {
  const { accounts, faults, eventStore } = setUp();
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.grow(2);
  await expect(accounts.save(account)).rejects.toBe(lost);
  await saveEvents(accounts, "a", 1);
  await accounts.save(account);
  expect((await fullReplay(eventStore, "a")).version).toBe(3);
});

it("what was raised in between is a conflict when somebody else has written meanwhile", async () => {
  const { accounts, faults, eventStore } = setUp();
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.grow(2);
  await expect(accounts.save(account)).rejects.toBe(lost);
  account.grow(1);
  await saveEvents(accounts, "a", 1);
  await expect(accounts.save(account)).rejects.toThrow(OptimisticConcurrencyError);
  expect((await fullReplay(eventStore, "a")).version).toBe(3);
});

it("a conflict after an answer that was lost leaves no snapshot of what was never committed", async () => {
  const { accounts, faults, facts } = setUp({ snapshots: { threshold: 2 } });
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.grow(2);
  await expect(accounts.save(account)).rejects.toBe(lost);
  account.grow(1);
  const theirs = await accounts.load("a");
  theirs.withdraw(1);
  await accounts.save(theirs);
  facts.all.length = 0;
  await expect(accounts.save(account)).rejects.toThrow(OptimisticConcurrencyError);
  expect(facts.snapshotVersions).toEqual([]);
});

it("saving again is a conflict when the events do not stand and somebody else has written meanwhile", async () => {
  const { accounts, faults, eventStore } = setUp();
  faults.next("append", failing(lost));
  const account = accounts.createNew("a");
  account.grow(2);
  await expect(accounts.save(account)).rejects.toBe(lost);
  await saveEvents(accounts, "a", 2);
  const conflict = await accounts.save(account).catch((error: unknown) => error);
  expect(conflict).toBeInstanceOf(OptimisticConcurrencyError);
  expect(account.version).toBe(2);
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("trap: a publisher that fails for a batch whose answer was lost leaves nothing unsaved, as its error says", async () => {
  const published: number[] = [];
  const publisher = {
    publish: (events: readonly { version: number }[]) => {
      if (events.some(({ version }) => version === 1)) throw new Error("broker down");
      published.push(...events.map(({ version }) => version));
    },
  };
  const { accounts, faults, eventStore } = setUp({ publisher });
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.open();
  await expect(accounts.save(account)).rejects.toBe(lost);
  account.grow(2);
  await expect(accounts.save(account)).rejects.toMatchObject({ code: "PUBLISH", version: 1 });
  expect((await fullReplay(eventStore, "a")).state).toEqual(account.state);
  expect(published).toEqual([2, 3]);
});

it("trap: when what follows a settled batch fails too, neither error is lost", async () => {
  const broken = new Error("broker down");
  const publish = () => {
    throw broken;
  };
  const { accounts, faults, eventStore } = setUp({ publisher: { publish } });
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.open();
  await expect(accounts.save(account)).rejects.toBe(lost);
  await saveEvents(new AggregateRepository(Account, { eventStore }), "a", 1);
  account.grow(2);
  const error = await accounts.save(account).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(AggregateError);
  const { errors } = error as AggregateError;
  expect(errors).toMatchObject([{ code: "PUBLISH", version: 1, cause: broken }, { code: "OPTIMISTIC_CONCURRENCY" }]);
});

it("trap: a state whose save turns out to stand is not held as the newest: others may have saved since", async () => {
  const cache = new AggregateCache({ entriesMax: 10 });
  const { accounts, faults, eventStore } = setUp({ cache });
  const elsewhere = new AggregateRepository(Account, { eventStore });
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.grow(2);
  await expect(accounts.save(account)).rejects.toBe(lost);
  await saveEvents(elsewhere, "a", 3);
  await accounts.save(account);
  expect((await accounts.load("a", { staleMs: 3_600_000 })).version).toBe(5);
});

it("publishes events once whose answer was lost", async () => {
  const published: number[] = [];
  const publisher = {
    publish: (events: readonly { version: number }[]) => published.push(...events.map((e) => e.version)),
  };
  const { accounts, faults } = setUp({ publisher });
  faults.next("append", losingAnswer(lost));
  const account = accounts.createNew("a");
  account.grow(2);
  await expect(accounts.save(account)).rejects.toBe(lost);
  expect(published).toEqual([]);
  account.grow(1);
  await accounts.save(account);
  expect(published).toEqual([1, 2, 3]);
});
