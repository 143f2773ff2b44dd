import { type Codec, newEvent } from "eventfold";
import { delayedUntil, failing } from "eventfold/testing";
import { expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { saveEvents } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

eachStorage((open, kind) => {
  /** An account of 30 events without a snapshot, to be read in pages of 10. */
  async function unsnapshotted(type: typeof Account = Account) {
    const set = await setUpOn(open);
    await saveEvents(set.repositoryOf(Account), set.id, 30);
    const accounts = set.repositoryOf(type, {}, { pageSize: 10 });
    set.facts.all.length = 0;
    const before = set.faults.callsOf("readPage");
    /** Beside the read that each load begins with. */
    const furtherPages = (loads: number) => set.faults.callsOf("readPage") - before - (kind === "memory" ? loads : 0);
    return { ...set, accounts, furtherPages };
  }

  it("200 loads at once after a schema change read the stream once", async () => {
    const { accounts, id, faults, facts, furtherPages, replayed } = await unsnapshotted(AccountOfSchema2);
    // The second page comes once each of them has seen that there is no snapshot; in memory they go in step by themselves.
    const { promise: all, resolve: allSeen } = Promise.withResolvers<void>();
    let seen = 0;
    if (kind !== "memory") faults.every("readPage", delayedUntil(all));
    faults.every("readForLoad", async (call) => {
      const answer = await call();
      seen += 1;
      if (seen === 200) setImmediate(allSeen);
      return answer;
    });
    const loads = Array.from({ length: 200 }, () => accounts.load(id));
    const { state } = await replayed();
    for (const account of await Promise.all(loads)) expect([account.version, account.state]).toEqual([30, state]);
    // Where the first page tells the end, whoever began after it looks whether the last event stands there still.
    expect(furtherPages(200)).toBe(kind === "PostgreSQL" ? 2 : 2 + 199);
    const replays = facts.of("loaded").map(({ eventsReplayed }) => eventsReplayed);
    expect(replays.filter((events) => events > 0)).toEqual([30]);
    expect(facts.missReasons).toEqual(Array.from({ length: 200 }, () => "missing"));
  });

  it("each caller gets an instance of its own: what one does to it the others do not see", async () => {
    const { accounts, id, replayed } = await unsnapshotted();
    const [first, ...others] = await Promise.all(
      [1, 2, 3].map(async () => {
        const account = await accounts.load(id);
        // Whoever comes first changes the state in place, which nobody should, and raises an event.
        if (account.state.ownerName !== "Eve") {
          account.state.ownerName = "Eve";
          account.deposit(1_000);
        }
        return account;
      }),
    );
    expect(new Set([first, ...others]).size).toBe(3);
    expect(new Set([first, ...others].map((account) => account!.state)).size).toBe(3);
    expect([first, ...others].map((account) => account!.version)).toEqual([31, 31, 31]);
    const { balance } = (await replayed()).state;
    expect([first, ...others].map((account) => account!.state.balance)).toEqual([1, 1, 1].map(() => balance + 1_000));
  });

  it("a load that began later sees the events that were committed before it began", async () => {
    const { accounts, id, faults, eventStore, facts } = await unsnapshotted();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const stream = { aggregateType: "Account", aggregateId: id };
    const reached = Promise.withResolvers<void>();
    // The leader waits with its second page, which has told the end of the stream.
    if (kind === "memory") faults.next("readPage", (call) => call());
    faults.next("readPage", async (call) => {
      const answer = await call();
      reached.resolve();
      await released;
      return answer;
    });
    const leader = accounts.load(id);
    await reached.promise;
    const events = Array.from({ length: 5 }, () => newEvent({ type: "MoneyDeposited", data: { amount: 1 } }));
    await eventStore.append(stream, events, { expectedVersion: 30 });
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    faults.next(kind === "memory" ? "readPage" : "readForLoad", async (call) => {
      const answer = await call();
      begin();
      return answer;
    });
    const follower = accounts.load(id);
    await began;
    await Promise.resolve();
    release();
    expect((await leader).version).toBe(30);
    expect((await follower).version).toBe(35);
    expect((await follower).state.balance).toBe((await leader).state.balance + 5);
    expect(facts.of("loaded").map(({ eventsReplayed }) => eventsReplayed)).toEqual([30, 5]);
  });

  it("when the one that replays fails, the next one takes over", async () => {
    const { accounts, id, faults, replayed } = await unsnapshotted();
    const broken = new Error("connection reset");
    const loads = [1, 2, 3].map(() => accounts.load(id));
    if (kind === "memory") for (const _ of loads) faults.next("readPage", (call) => call());
    faults.next("readPage", failing(broken));
    const outcomes = await Promise.allSettled(loads);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "fulfilled", "rejected"]);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") expect(outcome.value.state).toEqual((await replayed()).state);
      else expect(outcome.reason).toBe(broken);
    }
  });

  it("a state that does not come back from its text is replayed by each load for itself", async () => {
    const oneWay: Codec = {
      encode: (state: unknown) => state,
      decode: () => {
        throw new TypeError("no way back");
      },
    };
    class OneWay extends Account {
      static readonly stateCodec = oneWay;
    }
    const { accounts, id, replayed } = await unsnapshotted(OneWay);
    const loaded = await Promise.all([1, 2, 3].map(() => accounts.load(id)));
    for (const account of loaded) expect(account.state).toEqual((await replayed()).state);
  });

  it("loads of different aggregates do not wait for each other", async () => {
    const { accounts, id, faults, repositoryOf } = await unsnapshotted();
    const other = crypto.randomUUID();
    await saveEvents(repositoryOf(Account), other, 12);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    if (kind === "memory") faults.next("readPage", (call) => call());
    faults.next("readPage", (call) => {
      reached.resolve();
      return delayedUntil(released)(call);
    });
    const hanging = accounts.load(id);
    await reached.promise;
    expect((await accounts.load(other)).version).toBe(12);
    release();
    expect((await hanging).version).toBe(30);
  });
});
