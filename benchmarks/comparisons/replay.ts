import assert from "node:assert/strict";
import type { Comparing } from "../comparison.ts";
import { makeAccount, withoutSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

const RATIO_MAX = 2;

/** What a full replay costs beside a loop over the rows of the driver. */
export const compareReplay: Comparing = async (storage, lengths, compare) => {
  const accounts = withoutSnapshots(storage);
  const id = await makeAccount(accounts, lengths.replay);
  await storage.settle([id]);
  assert.deepEqual(await storage.bare.replay(id), (await accounts.load(id)).state);
  await compare({
    title: `Full replay of ${count(lengths.replay)} events: the library against the bare driver`,
    baseline: { name: "bare loop", run: () => storage.bare.replay(id) },
    candidate: { name: "repository.load", run: () => accounts.load(id) },
    target: { ratioMax: RATIO_MAX },
  });
};
