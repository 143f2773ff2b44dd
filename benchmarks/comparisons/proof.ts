import assert from "node:assert/strict";
import type { SnapshotStore } from "eventfold";
import type { Comparing, Target } from "../comparison.ts";
import { expectReplayed, makeAccount, withSnapshots } from "../histories.ts";
import { copyLibrary } from "../library-copy.ts";

const targets: Readonly<Record<string, Target>> = { SQLite: { ratioMax: 1.3 }, PostgreSQL: { ratioMax: 1.1 } };

const states = { small: "Ada Lovelace", "5 kB": "Ada Lovelace ".repeat(400) };

/** What it costs that a snapshot must prove itself: checksum, and the event that it stands on. */
export const compareProof: Comparing = async (storage, lengths, compare) => {
  const proving = await copyLibrary(storage.name, "verified");
  const believing = await copyLibrary(storage.name, "believed");
  const snapshotStore = Object.create(storage.snapshotStore, {
    jointWith: { value: () => ({ readForLoad: storage.readUnproven }) },
  }) as SnapshotStore;
  const accounts = proving.withSnapshots(storage);
  const unprovenAccounts = believing.withSnapshots({ ...storage, snapshotStore });
  for (const [size, ownerName] of Object.entries(states)) {
    const id = await makeAccount(withSnapshots(storage), lengths.short, ownerName);
    await storage.settle([id]);
    await expectReplayed(storage, id, 0);
    assert.deepEqual((await unprovenAccounts.load(id)).state, (await accounts.load(id)).state);
    await compare({
      title: `Load with a snapshot at the head (${size} state): proven against believed`,
      baseline: { name: "believed", run: () => unprovenAccounts.load(id) },
      candidate: { name: "proven", run: () => accounts.load(id) },
      target: targets[storage.name],
    });
  }
};
