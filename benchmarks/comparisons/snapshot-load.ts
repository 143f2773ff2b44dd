import assert from "node:assert/strict";
import type { Comparing } from "../comparison.ts";
import { expectReplayed, makeAccount, move, withoutSnapshots, withSnapshots } from "../histories.ts";

const TAIL = 100;

/** What a load with a snapshot costs beside the least that the driver can do: the row, or the row and the newer events. */
export const compareSnapshotLoad: Comparing = async (storage, lengths, compare) => {
  const accounts = withSnapshots(storage);
  const atHead = await makeAccount(accounts, lengths.short);
  const behind = await makeAccount(accounts, lengths.short);
  // A repository that takes no snapshots: the one at the old head stays the newest.
  await withoutSnapshots(storage).update(behind, (account) => move(account, TAIL));
  await storage.settle([atHead, behind]);
  await expectReplayed(storage, atHead, 0);
  await expectReplayed(storage, behind, TAIL);
  assert.deepEqual(await storage.bare.snapshot(atHead), (await accounts.load(atHead)).state);
  assert.deepEqual(await storage.bare.snapshotAndTail(behind), (await accounts.load(behind)).state);
  await compare({
    title: "Load with a snapshot at the head: the library against one bare row",
    baseline: { name: "bare row", run: () => storage.bare.snapshot(atHead) },
    candidate: { name: "repository.load", run: () => accounts.load(atHead) },
  });
  await compare({
    title: `Load with a snapshot and ${TAIL} newer events: the library against bare rows`,
    baseline: { name: "bare rows", run: () => storage.bare.snapshotAndTail(behind) },
    candidate: { name: "repository.load", run: () => accounts.load(behind) },
  });
};
