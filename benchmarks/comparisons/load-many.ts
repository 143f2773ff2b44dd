import type { Comparison } from "../comparison.ts";
import { withSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

const HISTORY = { events: 20, tail: 10 };

export const loadMany: Comparison = {
  id: "load-many",
  title: "Loads of many accounts, by their number",
  axis: "accounts",
  baseline: "one by one",
  candidate: "loadMany",
  counted: "loads",
  note: `One by one: loads of the library, each waited for. Accounts with a snapshot and ${HISTORY.tail} newer events.`,
  measureIn: async ({ storage, histories, axes, compare }) => {
    const accounts = withSnapshots(storage);
    for (const many of axes.batches) {
      const ids = await histories.makeMany(many, HISTORY);
      await histories.settle();
      await compare({
        point: count(many),
        x: many,
        operations: many,
        baseline: async () => {
          for (const id of ids) await accounts.load(id);
        },
        candidate: () => accounts.loadMany(ids),
      });
    }
  },
};
