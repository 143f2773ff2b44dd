import { AggregateRepository, type SnapshotMode } from "eventfold";
import { Account } from "../account.ts";
import { SHORT } from "../axes.ts";
import type { Bench, Comparison } from "../comparison.ts";
import { withoutSnapshots, withSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

/** Counted by the answers of the server, not timed. */
export const roundTrips: Comparison = {
  id: "round-trips",
  title: "Round trips of",
  measureIn: async (bench) => {
    const { storage, histories, axes } = bench;
    if (storage.roundTrips === undefined) return;
    const plain = withoutSnapshots(storage);
    for (const tail of axes.tails.filter((newer) => newer <= 100)) {
      const id = await histories.make({ events: SHORT + tail, tail });
      const load = () => withSnapshots(storage).load(id);
      await expectTrips(bench, `a load with a snapshot and ${tail} newer events`, 1, load);
    }
    for (const events of axes.saveSizes) {
      await expectTrips(bench, `a save of ${count(events)}`, 1, () => saveNew(plain, events));
    }
    await expectTrips(bench, "a save with an atomic snapshot", 1, () => saveNew(snapshotting(bench, "atomic"), 1));
    await expectTrips(bench, "a save with a sync snapshot", 2, () => saveNew(snapshotting(bench, "sync"), 1));
  },
};

async function expectTrips(
  { storage, check }: Bench,
  title: string,
  most: number,
  work: () => Promise<unknown>,
): Promise<void> {
  await check(title, async () => {
    // A connection that is opened asks more.
    await work();
    const before = storage.roundTrips?.() ?? 0;
    await work();
    const trips = (storage.roundTrips?.() ?? 0) - before;
    return { target: `≤ ${most}`, measured: String(trips), reached: trips <= most };
  });
}

function snapshotting({ storage }: Bench, mode: SnapshotMode): AggregateRepository<Account> {
  const { eventStore, snapshotStore: store } = storage;
  return new AggregateRepository(Account, { eventStore, snapshots: { store, mode, threshold: 1 } });
}

async function saveNew(accounts: AggregateRepository<Account>, events: number): Promise<void> {
  const account = accounts.createNew();
  account.move(events);
  await accounts.save(account);
}
