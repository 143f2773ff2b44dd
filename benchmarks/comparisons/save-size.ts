import { BareAccount } from "../bare-account.ts";
import type { Comparison, Target } from "../comparison.ts";
import { withoutSnapshots } from "../histories.ts";
import type { Storage } from "../storages/storage.ts";
import { count } from "../wording.ts";

const targets: Readonly<Record<string, Readonly<Record<number, Target>>>> = {
  SQLite: { 1: { ratioMax: 1.3 }, 100: { ratioMax: 1.3, perSecondMin: 40_000 } },
  PostgreSQL: { 1: { ratioMax: 1.3 }, 100: { ratioMax: 1.45, perSecondMin: 40_000 } },
};

/** From then on a new account, and in memory a new store. */
const VERSION_MAX = 20_000;

export const saveSize: Comparison = {
  id: "save-size",
  title: "Saves, by the number of events in each",
  axis: "events",
  baseline: "bare insert",
  candidate: "save",
  counted: "events",
  note: "Bare insert: the same events made, folded, turned to text and inserted, in one transaction, without a version check.",
  measureIn: async ({ storage, axes, compare }) => {
    for (const events of axes.saveSizes) {
      let { accounts, account, bare, bareAccount } = startOver(storage);
      await compare({
        point: count(events),
        x: events,
        operations: events,
        beforeSample: () => {
          if (account.version >= VERSION_MAX) ({ accounts, account, bare, bareAccount } = startOver(storage));
        },
        baseline: () => bareAccount.save(bare, events),
        candidate: () => {
          account.move(events);
          return accounts.save(account);
        },
        target: targets[storage.name]?.[events],
      });
    }
  },
};

function startOver(storage: Storage) {
  const stores = storage.forSaves();
  const accounts = withoutSnapshots(stores);
  return { accounts, account: accounts.createNew(), bare: stores.bare, bareAccount: new BareAccount() };
}
