import { ClosedError, CommitUnknownError, PublishError, StreamErasedError } from "eventfold";
import { type Fault, failing, losingAnswer } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { fullReplay, type SetupOptions, saveEvents, setUp } from "./setup.ts";

const stream = { aggregateType: "Account", aggregateId: "a" };
const broken = new Error("connection reset");
const lost = new CommitUnknownError({ stream, cause: broken });

/** An account of one event, and an update of it that deposits 5 and counts how often it was asked to. */
async function setUpUpdate(options: SetupOptions = {}) {
  const set = setUp(options);
  await saveEvents(set.accounts, "a", 1);
  const changes: number[] = [];
  const update = (attempts?: number, before?: () => Promise<unknown>) =>
    set.accounts.update(
      "a",
      async (account) => {
        changes.push(account.version);
        if (changes.length === 1) await before?.();
        account.deposit(5);
      },
      attempts === undefined ? {} : { attempts },
    );
  const appendsBefore = set.faults.callsOf("append");
  const appends = () => set.faults.callsOf("append") - appendsBefore;
  const replayed = () => fullReplay(set.memory.events, "a");
  return { ...set, update, changes, appends, replayed };
}

const outcomes: [string, Fault][] = [
  ["its events stand", losingAnswer(lost)],
  ["its events do not stand", failing(lost)],
];

describe.each(outcomes)("an update whose answer was lost, when %s", (_title, fault) => {
  it("saves the same events again, which stand once", async () => {
    const { update, changes, faults, replayed, facts } = await setUpUpdate({ snapshots: { threshold: 2 } });
    faults.next("append", fault);
    const account = await update();
    expect(changes).toEqual([1]);
    expect((await replayed()).state).toMatchObject({ balance: 105, transactionCount: 1 });
    expect(account.state).toEqual((await replayed()).state);
    expect(account.version).toBe(2);
    expect(facts.snapshotVersions).toEqual([2]);
  });

  it("publishes them once", async () => {
    const published: number[] = [];
    const publish = (events: readonly { version: number }[]) => published.push(...events.map(({ version }) => version));
    const { update, faults } = await setUpUpdate({ publisher: { publish } });
    faults.next("append", fault);
    await update();
    expect(published).toEqual([1, 2]);
  });

  it("says that the publisher failed with them", async () => {
    let failed = false;
    const publish = () => {
      if (failed) throw new Error("queue down");
    };
    const { update, faults, replayed, changes } = await setUpUpdate({ publisher: { publish } });
    failed = true;
    faults.next("append", fault);
    await expect(update()).rejects.toThrow(PublishError);
    expect(changes).toEqual([1]);
    expect((await replayed()).version).toBe(2);
  });

  it("goes on although the store then fails otherwise", async () => {
    const { update, faults, replayed, changes } = await setUpUpdate();
    faults.next("append", fault);
    faults.next("append", failing(new Error("connection refused")));
    await update();
    expect(changes).toEqual([1]);
    expect((await replayed()).version).toBe(2);
  });

  it("says that the aggregate was erased meanwhile", async () => {
    const { update, faults, memory } = await setUpUpdate();
    faults.next("append", async (call) => {
      try {
        return await fault(call);
      } finally {
        await memory.events.eraseStream(stream);
      }
    });
    await expect(update()).rejects.toThrow(StreamErasedError);
  });
});

it("an update whose answer was lost stands once when somebody else has written after it", async () => {
  const { update, faults, replayed, changes, accounts } = await setUpUpdate();
  faults.next("append", async (call) => {
    await call();
    await saveEvents(accounts, "a", 1);
    throw lost;
  });
  expect((await update()).version).toBe(2);
  expect(changes).toEqual([1]);
  expect((await replayed()).version).toBe(3);
});

it("an update whose events do not stand starts over when somebody else has written instead", async () => {
  const { update, faults, replayed, changes, accounts } = await setUpUpdate();
  faults.next("append", async () => {
    await saveEvents(accounts, "a", 1);
    throw lost;
  });
  expect((await update()).version).toBe(3);
  expect(changes).toEqual([1, 2]);
  expect((await replayed()).version).toBe(3);
});

describe("an update that cannot be told after its attempts", () => {
  it.each([
    [undefined, 5],
    [1, 1],
    [3, 3],
  ])("of %s has saved no oftener, and says how to go on without the instance", async (attempts, saves) => {
    const { update, faults, changes, appends } = await setUpUpdate();
    faults.every("append", failing(lost));
    const error: unknown = await update(attempts).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect(error).toMatchObject({ stream, attempts: saves, cause: broken });
    const { message } = error as Error;
    expect(message).toContain("looks first whether it was carried out");
    expect(message).not.toContain("same instance");
    expect(changes).toEqual([1]);
    expect(appends()).toBe(saves);
  });

  it("is not taken for one that stored nothing, whatever the store answers last", async () => {
    const { update, faults, changes, replayed } = await setUpUpdate();
    const refused = new Error("connection refused");
    faults.every("append", failing(refused));
    faults.next("append", losingAnswer(lost));
    await expect(update()).rejects.toMatchObject({ name: CommitUnknownError.name, cause: refused });
    expect(changes).toEqual([1]);
    expect((await replayed()).version).toBe(2);
  });

  it("is not taken for one that stored nothing when its events cannot be looked up", async () => {
    const { update, faults, changes } = await setUpUpdate();
    const refused = new Error("connection refused");
    faults.next("append", async (call) => {
      await call();
      faults.every("readPage", failing(refused));
      throw lost;
    });
    await expect(update()).rejects.toMatchObject({ name: CommitUnknownError.name, cause: refused });
    expect(changes).toEqual([1]);
  });

  it("is not taken for one that stored nothing when the repository is closed meanwhile", async () => {
    const { update, faults, accounts } = await setUpUpdate();
    faults.next("append", async (call) => {
      await call();
      // It waits for this very save.
      void accounts.close();
      throw lost;
    });
    const error: unknown = await update().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect((error as Error).cause).toBeInstanceOf(ClosedError);
  });

  it("can be repeated by a change that looks first", async () => {
    const { update, faults, accounts, replayed } = await setUpUpdate();
    faults.next("append", losingAnswer(lost));
    await expect(update(1)).rejects.toThrow(CommitUnknownError);
    await accounts.update("a", (account) => {
      if (account.state.balance === 100) account.deposit(5);
    });
    expect((await replayed()).state.balance).toBe(105);
  });
});
