import { isDeepStrictEqual } from "node:util";
import { AggregateRepository, type RepositoryFact } from "eventfold";
import type { Bank, Storage } from "./bank.ts";
import { BankAccount } from "./bank-account.ts";
import type { Progress } from "./progress.ts";
import type { RecordedTransaction } from "./transactions-file.ts";
import { money } from "./wording.ts";

export interface RealAccounts {
  readonly transactions: number;
  /** Rows at which the folded balance was held against the recorded one, before the save and after the next load. */
  readonly rowsChecked: number;
  /** Account ids, the shortest history first. */
  readonly ids: readonly string[];
  readonly firstDay: string;
  readonly lastDay: string;
  readonly greatestDeviation: Deviation;
  /** How often repository and storage were closed and opened anew. */
  readonly reopened: number;
  readonly loads: number;
  readonly loadsFromSnapshot: number;
  readonly eventsReplayed: number;
  readonly snapshotsStored: number;
  /** Accounts whose full replay gave the state that a load with snapshots gave: all of them, or the demo fails. */
  readonly replayedAlike: number;
}

interface Deviation {
  readonly hundredths: number;
  readonly transaction: RecordedTransaction;
}

/** The bank rounded some balances that it wrote down. */
export const DEVIATION_HUNDREDTHS_MAX = 100;

/**
 * Books real transactions one by one, each with a load and a save. The folded balance is held against the recorded one before
 * each save, and against the same one again at the next load, which comes from a snapshot and the events after it.
 *
 * @throws {Error} naming the line at which the bank's own balance is another one.
 */
export async function bookRealTransactions(
  bank: Bank,
  transactions: readonly RecordedTransaction[],
  threshold: number,
  progress: Progress,
): Promise<RealAccounts> {
  const tally = new Tally();
  const lastOf = new Map<string, RecordedTransaction>();
  const reopenEvery = Math.min(1_000, Math.ceil(transactions.length / 10));
  let opened = await open(bank, threshold, tally);
  let reopened = 0;
  try {
    for (const [index, transaction] of transactions.entries()) {
      if (index > 0 && index % reopenEvery === 0) {
        await opened.close();
        opened = await open(bank, threshold, tally);
        reopened += 1;
      }
      const { accountId, line: _line, recordedBalanceHundredths: _recorded, ...booking } = transaction;
      const account = await opened.accounts.loadOrCreate(accountId);
      tally.compareLoaded(account, lastOf.get(accountId));
      account.book(booking);
      tally.compare(account, transaction);
      await opened.accounts.save(account);
      lastOf.set(accountId, transaction);
      await progress.update(index + 1);
    }
    const replayedAlike = await replayAll(opened, lastOf, tally);
    const days = transactions.map(({ bookedOn }) => bookedOn).sort();
    return {
      transactions: transactions.length,
      rowsChecked: tally.rowsChecked,
      ids: idsByLength(transactions),
      firstDay: days.at(0) ?? "",
      lastDay: days.at(-1) ?? "",
      greatestDeviation: tally.greatestDeviation(),
      reopened,
      loads: tally.loads,
      loadsFromSnapshot: tally.loadsFromSnapshot,
      eventsReplayed: tally.eventsReplayed,
      snapshotsStored: tally.snapshotsStored,
      replayedAlike,
    };
  } finally {
    await opened.close();
  }
}

interface OpenedBank {
  readonly storage: Storage;
  readonly accounts: AggregateRepository<BankAccount>;
  close(): Promise<void>;
}

async function open(bank: Bank, threshold: number, tally: Tally): Promise<OpenedBank> {
  const storage = await bank.open();
  const accounts = new AggregateRepository(BankAccount, {
    eventStore: storage.eventStore,
    snapshots: { store: storage.snapshotStore, threshold },
    observer: (fact) => tally.note(fact),
  });
  const close = async (): Promise<void> => {
    await accounts.close();
    await storage.close();
  };
  return { storage, accounts, close };
}

/** Loads every account once more, and compares it with a replay of all its events. */
async function replayAll(
  { storage, accounts }: OpenedBank,
  lastOf: ReadonlyMap<string, RecordedTransaction>,
  tally: Tally,
): Promise<number> {
  const withoutSnapshots = new AggregateRepository(BankAccount, { eventStore: storage.eventStore });
  let alike = 0;
  for (const [accountId, last] of lastOf) {
    const account = await accounts.load(accountId);
    tally.compareLoaded(account, last);
    const replayed = await withoutSnapshots.load(accountId);
    if (account.version !== replayed.version || !isDeepStrictEqual(account.state, replayed.state)) {
      throw new Error(`Account ${accountId} is another one with its snapshot than after a full replay`);
    }
    alike += 1;
  }
  return alike;
}

function idsByLength(transactions: readonly RecordedTransaction[]): readonly string[] {
  const lengths = new Map<string, number>();
  for (const { accountId } of transactions) lengths.set(accountId, (lengths.get(accountId) ?? 0) + 1);
  return [...lengths].sort(([, a], [, b]) => a - b).map(([id]) => id);
}

/** Counts what the repository does, and holds balances against those that the bank wrote down. */
class Tally {
  loads = 0;
  loadsFromSnapshot = 0;
  eventsReplayed = 0;
  snapshotsStored = 0;
  rowsChecked = 0;
  #greatest: Deviation | undefined;

  note(fact: RepositoryFact): void {
    if (fact.kind === "snapshot-stored") this.snapshotsStored += 1;
    if (fact.kind !== "loaded") return;
    this.loads += 1;
    this.eventsReplayed += fact.eventsReplayed;
    if (fact.snapshotVersion !== undefined) this.loadsFromSnapshot += 1;
  }

  /** @param last the transaction that was saved last; undefined for an account without any */
  compareLoaded(account: BankAccount, last: RecordedTransaction | undefined): void {
    if (last === undefined) return;
    this.compare(account, last);
    this.rowsChecked += 1;
  }

  compare(account: BankAccount, transaction: RecordedTransaction): void {
    const { balanceHundredths } = account.state;
    const { recordedBalanceHundredths, line } = transaction;
    const hundredths = Math.abs(balanceHundredths - recordedBalanceHundredths);
    if (hundredths > DEVIATION_HUNDREDTHS_MAX) {
      throw new Error(
        `Account ${account.id} has a balance of ${money(balanceHundredths)} after line ${line}, but ` +
          `${money(recordedBalanceHundredths)} was recorded: they are more than ${money(DEVIATION_HUNDREDTHS_MAX)} apart.`,
      );
    }
    if (this.#greatest === undefined || hundredths > this.#greatest.hundredths) {
      this.#greatest = { hundredths, transaction };
    }
  }

  greatestDeviation(): Deviation {
    if (this.#greatest === undefined) throw new Error("Nothing was compared");
    return this.#greatest;
  }
}
