import { AggregateRepository } from "eventfold";
import type { Bank } from "./bank.ts";
import { BankAccount, type Transaction } from "./bank-account.ts";
import type { Progress } from "./progress.ts";

/** What a visit to the bank books at once. */
export const TRANSACTIONS_PER_SAVE = 5;

const PURPOSES = ["salary", "rent", "groceries", "insurance", "dinner", "savings", "travel"] as const;

export interface MadeUpAccounts {
  readonly ids: readonly string[];
  /** Of all accounts together. */
  readonly events: number;
  readonly snapshotsStored: number;
}

/** Makes one account for each length, in the way that a bank would: load, book a few transactions, save. */
export async function makeUpAccounts(
  bank: Bank,
  eventCounts: readonly number[],
  threshold: number,
  progress: Progress,
): Promise<MadeUpAccounts> {
  const storage = await bank.open();
  let snapshotsStored = 0;
  const accounts = new AggregateRepository(BankAccount, {
    eventStore: storage.eventStore,
    snapshots: { store: storage.snapshotStore, threshold },
    observer: (fact) => {
      if (fact.kind === "snapshot-stored") snapshotsStored += 1;
    },
  });
  const ids: string[] = [];
  let events = 0;
  try {
    for (const eventCount of eventCounts) {
      const { id } = accounts.createNew();
      ids.push(id);
      for (let booked = 0; booked < eventCount; ) {
        const account = await accounts.loadOrCreate(id);
        const until = Math.min(booked + TRANSACTIONS_PER_SAVE, eventCount);
        for (; booked < until; booked += 1) account.book(madeUpTransaction(booked));
        await accounts.save(account);
        await progress.update(events + booked);
      }
      events += eventCount;
    }
  } finally {
    await accounts.close();
    await storage.close();
  }
  return { ids, events, snapshotsStored };
}

/** The same ones in every run. */
function madeUpTransaction(index: number): Transaction {
  const purpose = PURPOSES[index % PURPOSES.length] ?? "salary";
  const credit = purpose === "salary";
  return {
    direction: credit ? "credit" : "debit",
    amountHundredths: credit ? 250_000 : 1_000 + ((index * 7_919) % 40_000),
    bookedOn: new Date(Date.UTC(2000, 0, 1 + Math.floor(index / TRANSACTIONS_PER_SAVE))).toISOString().slice(0, 10),
    operation: credit ? "transfer in" : "card payment",
    purpose,
  };
}
