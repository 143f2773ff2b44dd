import assert from "node:assert/strict";
import type { SnapshotStore } from "eventfold";
import { SHORT } from "../axes.ts";
import type { Comparison } from "../comparison.ts";
import { copyLibrary } from "../library-copy.ts";
import { bytes } from "../wording.ts";

const ratioMaxByStore: Readonly<Record<string, number>> = { memory: 1.3, SQLite: 1.3, PostgreSQL: 1.1 };
/** Above, the cost is that of hashing the bytes, and reported. */
const STATE_BYTES_MAX = 5_000;

export const proof: Comparison = {
  id: "proof",
  title: "A load's checksum, guards and observer, by the size of the state",
  axis: "state",
  baseline: "without",
  candidate: "load",
  note: "Without: another copy of the library that believes the snapshot, reads no event to prove it, and tells nobody.",
  measureIn: async ({ storage, histories, axes, compare }) => {
    const proving = await copyLibrary(storage.name, "verified");
    const believing = await copyLibrary(storage.name, "believed");
    const snapshotStore = Object.create(storage.snapshotStore, {
      jointWith: { value: () => ({ readForLoad: storage.readUnproven, readForLoadSync: storage.readUnprovenSync }) },
    }) as SnapshotStore;
    let facts = 0;
    const accounts = proving.withSnapshots(storage, () => {
      facts += 1;
    });
    const unproven = believing.withSnapshots({ ...storage, snapshotStore });
    for (const stateBytes of axes.stateBytes) {
      const id = await histories.make({ events: SHORT, stateBytes });
      await histories.settle();
      assert.deepEqual((await unproven.load(id)).state, (await accounts.load(id)).state);
      assert(facts > 0);
      const ratioMax = stateBytes <= STATE_BYTES_MAX ? ratioMaxByStore[storage.name] : undefined;
      await compare({
        point: bytes(stateBytes),
        x: stateBytes,
        baseline: () => unproven.load(id),
        candidate: () => accounts.load(id),
        target: ratioMax === undefined ? undefined : { ratioMax },
      });
    }
  },
};
