import { AggregateRepository, type SnapshotMode } from "eventfold";
import { Account, STATE_BYTES } from "../account.ts";
import type { Comparison } from "../comparison.ts";
import { withoutSnapshots } from "../histories.ts";
import type { Storage } from "../storages/storage.ts";
import { bytes } from "../wording.ts";

const THRESHOLD = 100;
/** From then on a new account, and in memory a new store. */
const VERSION_MAX = 5_000;
const BACKGROUND_STATE_BYTES_MAX = 5_000;

export const syncSnapshot: Comparison = costOfEach("sync", "by a statement of its own");

export const atomicSnapshot: Comparison = costOfEach("atomic", "in one with the event");

export const idleBackground: Comparison = {
  id: "background-idle",
  title: "Background mode: saves that take no snapshot",
  axis: "state",
  baseline: "no store",
  candidate: "save",
  measureIn: async ({ storage, compare }) => {
    const savers = saversIn(storage, { mode: "background", threshold: 1_000_000 }, STATE_BYTES);
    await compare({
      point: bytes(STATE_BYTES),
      beforeSample: savers.beforeSample,
      baseline: () => savers.without(1),
      candidate: () => savers.having(1),
      target: { ratioMax: 1.05 },
    });
  },
};

export const meanBackground: Comparison = {
  id: "background-mean",
  title: `Background mode: mean of ${THRESHOLD} saves, one with a snapshot, by the size of the state`,
  axis: "state",
  baseline: "no store",
  candidate: "save",
  note: "The snapshot falls due halfway, and all saves and the snapshot are waited for.",
  measureIn: async ({ storage, axes, compare }) => {
    for (const stateBytes of axes.stateBytes) {
      const savers = saversIn(storage, { mode: "background", threshold: THRESHOLD }, stateBytes);
      await compare({
        point: bytes(stateBytes),
        x: stateBytes,
        operations: THRESHOLD,
        beforeSample: savers.beforeSample,
        baseline: () => savers.without(THRESHOLD),
        candidate: () => savers.having(THRESHOLD),
        target: stateBytes <= BACKGROUND_STATE_BYTES_MAX ? { ratioMax: 1.1 } : undefined,
      });
    }
  },
};

function costOfEach(mode: SnapshotMode, how: string): Comparison {
  return {
    id: `${mode}-snapshot`,
    title: `A save of one event and a snapshot, ${how}, by the size of the state`,
    axis: "state",
    baseline: "no store",
    candidate: mode,
    measureIn: async ({ storage, axes, compare }) => {
      // Two stores in memory have no transaction.
      if (mode === "atomic" && storage.name === "memory") return;
      for (const stateBytes of axes.stateBytes) {
        const savers = saversIn(storage, { mode, threshold: 1 }, stateBytes);
        await compare({
          point: bytes(stateBytes),
          x: stateBytes,
          beforeSample: savers.beforeSample,
          baseline: () => savers.without(1),
          candidate: () => savers.having(1),
        });
      }
    },
  };
}

interface Savers {
  readonly beforeSample: () => void;
  /** Saves of one event, one after the other, by a repository without snapshots. */
  readonly without: (saves: number) => Promise<void>;
  /** By one that has them. */
  readonly having: (saves: number) => Promise<void>;
}

function saversIn(
  storage: Storage,
  options: { readonly mode: SnapshotMode; readonly threshold: number },
  stateBytes: number,
): Savers {
  const startOver = () => {
    const stores = storage.forSaves();
    const { eventStore, snapshotStore: store } = stores;
    const having = new AggregateRepository(Account, { eventStore, snapshots: { store, ...options } });
    return { without: new Saver(withoutSnapshots(stores), stateBytes), having: new Saver(having, stateBytes) };
  };
  let both = startOver();
  return {
    beforeSample: () => {
      if (both.having.account.version >= VERSION_MAX) both = startOver();
    },
    without: (saves) => both.without.save(saves),
    having: (saves) => both.having.save(saves),
  };
}

class Saver {
  readonly account: Account;
  readonly #accounts: AggregateRepository<Account>;
  readonly #stateBytes: number;

  constructor(accounts: AggregateRepository<Account>, stateBytes: number) {
    this.#accounts = accounts;
    this.#stateBytes = stateBytes;
    this.account = accounts.createNew();
  }

  async save(saves: number): Promise<void> {
    for (let saved = 0; saved < saves; saved += 1) {
      // A new account has no snapshot: with the first of many saves, one is due in the middle of every run.
      const first = this.account.version === 0 && saves > 1;
      this.account.move(first ? saves / 2 : 1, this.#stateBytes);
      await this.#accounts.save(this.account);
    }
    if (this.#accounts.pendingSnapshotCount > 0) await this.#accounts.awaitPendingSnapshots();
  }
}
