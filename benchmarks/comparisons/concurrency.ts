import type { AggregateRepository } from "eventfold";
import type { Account } from "../account.ts";
import { SHORT } from "../axes.ts";
import { BareAccount } from "../bare-account.ts";
import type { Comparison } from "../comparison.ts";
import { withoutSnapshots, withSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

/** In one run, by each caller. */
export const OPERATIONS_EACH = 8;

export const concurrentSaves: Comparison = {
  id: "concurrent-saves",
  title: "Saves of one event, by the number of callers at the same time",
  axis: "callers",
  baseline: "bare insert",
  candidate: "save",
  counted: "saves",
  note: "Each caller has an account of its own and waits for its save. Bare insert: over a pool of the same size.",
  measureIn: async ({ storage, axes, compare }) => {
    if (storage.name === "memory") return;
    const accounts = withoutSnapshots(storage);
    for (const callers of axes.callers) {
      const saves = savesBy(callers, accounts);
      const bareAccounts = Array.from({ length: callers }, () => new BareAccount());
      await compare({
        point: count(callers),
        x: callers,
        operations: callers * OPERATIONS_EACH,
        baseline: () => together(bareAccounts, (account) => account.save(storage.bare, 1)),
        candidate: saves,
      });
    }
  },
};

export const concurrentLoads: Comparison = {
  id: "concurrent-loads",
  title: "Loads with a snapshot at the head, by the number of callers at the same time",
  axis: "callers",
  baseline: "bare row",
  candidate: "load",
  counted: "loads",
  note: "Over as many connections. In memory and in SQLite nothing waits, so that callers make no difference.",
  measureIn: async ({ storage, histories, axes, compare }) => {
    if (storage.roundTrips === undefined) return;
    const accounts = withSnapshots(storage);
    const id = await histories.make({ events: SHORT });
    await histories.expectAlike(id, 0);
    for (const callers of axes.callers) {
      const everybody = Array.from({ length: callers }, () => id);
      await compare({
        point: count(callers),
        x: callers,
        operations: callers * OPERATIONS_EACH,
        baseline: () => together(everybody, (each) => storage.bare.snapshot(each)),
        candidate: () => together(everybody, (each) => accounts.load(each)),
      });
    }
  },
};

/** Saves of one event each, by callers with an account of their own. */
export function savesBy(callers: number, accounts: AggregateRepository<Account>): () => Promise<void> {
  const instances = Array.from({ length: callers }, () => accounts.createNew());
  return () =>
    together(instances, (account) => {
      account.move(1);
      return accounts.save(account);
    });
}

/** Each one of `callers` does its work several times, one after the other, and all of them at the same time. */
export async function together<Caller>(callers: readonly Caller[], work: (caller: Caller) => unknown): Promise<void> {
  await Promise.all(
    callers.map(async (caller) => {
      for (let done = 0; done < OPERATIONS_EACH; done += 1) await work(caller);
    }),
  );
}
