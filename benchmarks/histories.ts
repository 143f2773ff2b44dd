import assert from "node:assert/strict";
import { AggregateRepository, type RepositoryFact, type RepositoryObserver } from "eventfold";
import { Account, STATE_BYTES } from "./account.ts";
import type { MadeAccount, Storage } from "./storages/storage.ts";
import { turn } from "./turn.ts";

/** Which account is wanted. */
export interface History {
  /** In total. */
  readonly events: number;
  /** Of them, those that are newer than the snapshot. @default 0 */
  readonly tail?: number;
  /** JSON of the state, about. @default 200 */
  readonly stateBytes?: number;
}

const EVENTS_PER_SAVE = 1_000;

/** Loads with snapshots, and writes none: what was made for a measurement stays as it is. */
export function withSnapshots(
  { eventStore, snapshotStore: store }: Pick<Storage, "eventStore" | "snapshotStore">,
  observer?: RepositoryObserver,
): AggregateRepository<Account> {
  const snapshots = { store, mode: "manual" } as const;
  return new AggregateRepository(Account, { eventStore, snapshots, ...(observer && { observer }) });
}

/** Replays every event. */
export function withoutSnapshots({ eventStore }: Pick<Storage, "eventStore">): AggregateRepository<Account> {
  return new AggregateRepository(Account, { eventStore });
}

/** Accounts in one store; those alike are made once. */
export class Histories {
  readonly #storage: Storage;
  readonly #signal: AbortSignal;
  readonly #ids = new Map<string, string>();
  readonly #unsettled: MadeAccount[] = [];

  constructor(storage: Storage, signal: AbortSignal) {
    this.#storage = storage;
    this.#signal = signal;
  }

  /** @returns the id of the account. A load of it replays `tail` events, and bare driver and library see the same state. */
  async make(history: History): Promise<string> {
    return await this.#make(history, "");
  }

  /** Accounts that are all alike. @returns their ids */
  async makeMany(accounts: number, history: History): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let nth = 1; nth <= accounts; nth += 1) ids.push(await this.#make(history, ` #${nth}`));
    return ids;
  }

  /** Before something is measured: tables and files as they become by themselves after a while. */
  async settle(): Promise<void> {
    if (this.#unsettled.length === 0) return;
    await this.#storage.settle(this.#unsettled.splice(0));
  }

  /**
   * Makes sure that what is to be measured does the same on both sides.
   *
   * @throws {assert.AssertionError} when a load replays another number of events, or comes to another state than the bare driver.
   */
  async expectAlike(id: string, tail: number): Promise<void> {
    await this.settle();
    let replayed: number | undefined;
    const observer = (fact: RepositoryFact): void => {
      if (fact.kind === "loaded") replayed = fact.eventsReplayed;
    };
    const { state } = await withSnapshots(this.#storage, observer).load(id);
    assert.equal(replayed, tail, "events that a load replays");
    assert.deepEqual(await this.#storage.bare.snapshotAndTail(id), state);
    if (tail === 0) assert.deepEqual(await this.#storage.bare.snapshot(id), state);
  }

  async #make({ events, tail = 0, stateBytes = STATE_BYTES }: History, nth: string): Promise<string> {
    const key = `${events} ${tail} ${stateBytes}${nth}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = await this.#save({ events, tail, stateBytes });
      this.#ids.set(key, id);
      this.#unsettled.push({ id, events, tail, stateBytes });
    }
    return id;
  }

  async #save({ events, tail, stateBytes }: Required<History>): Promise<string> {
    const accounts = withSnapshots(this.#storage);
    const account = accounts.createNew();
    const saveUpTo = async (version: number): Promise<void> => {
      while (account.version < version) {
        await turn(this.#signal);
        account.move(Math.min(EVENTS_PER_SAVE, version - account.version), stateBytes);
        await accounts.save(account);
      }
    };
    await saveUpTo(events - tail);
    if (events > tail) await accounts.createSnapshot(account);
    await saveUpTo(events);
    return account.id;
  }
}
