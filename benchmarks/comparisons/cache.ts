import { AggregateCache, AggregateRepository } from "eventfold";
import { Account } from "../account.ts";
import { SHORT } from "../axes.ts";
import type { Comparison } from "../comparison.ts";
import { withSnapshots } from "../histories.ts";
import { bytes } from "../wording.ts";

/** As many as a snapshot each 100 events leaves in the mean. */
const TAIL = 50;
const BYTES_MAX = 64_000_000;
const STALE_MS = 3_600_000;

export const cachedLoad: Comparison = {
  id: "cached-load",
  title: "Load through a cache that holds the newest state, by the size of the state",
  axis: "state",
  baseline: "snapshot",
  candidate: "cache",
  note: `Snapshot: a load without a cache, ${TAIL} newer events. Stale: what staleMs allows, without asking the store.`,
  measureIn: async ({ storage, histories, axes, compare }) => {
    const { eventStore, snapshotStore: store } = storage;
    const cache = new AggregateCache({ bytesMax: BYTES_MAX });
    const cached = new AggregateRepository(Account, { eventStore, cache, snapshots: { store, mode: "manual" } });
    const uncached = withSnapshots(storage);
    for (const stateBytes of axes.stateBytes) {
      const id = await histories.make({ events: SHORT + TAIL, tail: TAIL, stateBytes });
      await histories.expectAlike(id, TAIL);
      const baseline = () => uncached.load(id);
      await compare({ point: bytes(stateBytes), x: stateBytes, baseline, candidate: () => cached.load(id) });
      // On the connection that SQLite shares with its baseline, a state may be undone: there the store is always asked.
      if (eventStore.joinsTransactions) continue;
      await compare({
        point: `${bytes(stateBytes)}, stale`,
        baseline,
        candidate: () => cached.load(id, { staleMs: STALE_MS }),
      });
    }
  },
};
