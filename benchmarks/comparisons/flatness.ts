import type { Comparing } from "../comparison.ts";
import { expectReplayed, makeAccount, move, THRESHOLD, withSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

const RATIO_MAX = 1.3;

/** Whether a load with a snapshot takes longer when the history is longer, with as many events after the snapshot. */
export const compareFlatness: Comparing = async (storage, lengths, compare) => {
  const accounts = withSnapshots(storage);
  const short = await makeAccount(accounts, lengths.short);
  const long = await makeAccount(accounts, lengths.long);
  for (const tail of [0, THRESHOLD - 1]) {
    for (const id of [short, long]) {
      await accounts.update(id, (account) => move(account, tail));
      await expectReplayed(storage, id, tail);
    }
    await storage.settle([short, long]);
    await compare({
      title: `Load with a snapshot ${tail === 0 ? "at the head" : `and ${tail} newer events`}: a long history against a short one`,
      baseline: { name: `${count(lengths.short)} events`, run: () => accounts.load(short) },
      candidate: { name: `${count(lengths.long)} events`, run: () => accounts.load(long) },
      target: { ratioMax: RATIO_MAX },
    });
  }
};
