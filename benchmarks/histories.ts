import { AggregateRepository, type RepositoryFact } from "eventfold";
import { Account } from "./account.ts";
import type { Storage } from "./storages/storage.ts";

/** Events between two snapshots of an account. */
export const THRESHOLD = 100;

const EVENTS_PER_SAVE = 100;
const OWNER_NAME = "Ada Lovelace";

/** Takes a snapshot each 100 events. */
export function withSnapshots({ eventStore, snapshotStore: store }: Storage): AggregateRepository<Account> {
  return new AggregateRepository(Account, { eventStore, snapshots: { store, threshold: THRESHOLD } });
}

/** Replays every event. */
export function withoutSnapshots({ eventStore }: Storage): AggregateRepository<Account> {
  return new AggregateRepository(Account, { eventStore });
}

/** Saves an account with so many events, by a hundred. @returns its id */
export async function makeAccount(
  accounts: AggregateRepository<Account>,
  events: number,
  ownerName = OWNER_NAME,
): Promise<string> {
  const account = accounts.createNew();
  account.open(ownerName);
  while (account.version < events) {
    move(account, Math.min(EVENTS_PER_SAVE - (account.version % EVENTS_PER_SAVE), events - account.version));
    await accounts.save(account);
  }
  return account.id;
}

/**
 * Makes sure that loads will do what is to be measured.
 *
 * @throws {Error} when a load with snapshots replays another number of events.
 */
export async function expectReplayed(storage: Storage, accountId: string, expected: number): Promise<void> {
  let replayed: number | undefined;
  const { eventStore, snapshotStore: store } = storage;
  const observer = (fact: RepositoryFact): void => {
    if (fact.kind === "loaded") replayed = fact.eventsReplayed;
  };
  await new AggregateRepository(Account, { eventStore, snapshots: { store }, observer }).load(accountId);
  if (replayed !== expected) throw new Error(`A load replayed ${replayed} events instead of ${expected}.`);
}

/** Raises so many events. */
export function move(account: Account, events: number): void {
  for (let raised = 0; raised < events; raised += 1) {
    const number = account.version;
    if (number === 0) account.open(OWNER_NAME);
    else if (number % 3 === 0) account.withdraw({ amount: number % 97, counterparty: "Grocer", reference: "weekly" });
    else account.deposit({ amount: (number % 89) + 0.25, counterparty: "Employer", reference: `invoice ${number}` });
  }
}
