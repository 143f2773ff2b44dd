import { SHORT } from "../axes.ts";
import type { Comparison } from "../comparison.ts";
import { withSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

const TAIL = 100;
const RATIO_MAX = 1.2;

export const longHistory: Comparison = {
  id: "long-history",
  title: `Load with a snapshot and ${TAIL} newer events, by the length of the history`,
  axis: "events",
  baseline: "bare rows",
  candidate: "load",
  note: "Bare rows: the snapshot's row and those of the newer events, parsed and folded, in the quickest way found.",
  measureIn: async ({ storage, histories, axes, compare }) => {
    const accounts = withSnapshots(storage);
    for (const events of axes.lengths.filter((length) => length >= SHORT)) {
      const id = await histories.make({ events, tail: TAIL });
      await histories.expectAlike(id, TAIL);
      await compare({
        point: count(events),
        x: events,
        baseline: () => storage.bare.snapshotAndTail(id),
        candidate: () => accounts.load(id),
        target: { ratioMax: RATIO_MAX },
      });
    }
  },
};

export const flatness: Comparison = {
  id: "flatness",
  title: `The same load against one of ${count(SHORT)} events`,
  axis: "events",
  baseline: `load of ${count(SHORT)}`,
  candidate: "load",
  measureIn: async ({ storage, histories, axes, compare }) => {
    const accounts = withSnapshots(storage);
    const short = await histories.make({ events: SHORT, tail: TAIL });
    for (const events of axes.lengths.filter((length) => length > SHORT).slice(-1)) {
      const long = await histories.make({ events, tail: TAIL });
      await histories.settle();
      await compare({
        point: count(events),
        baseline: () => accounts.load(short),
        candidate: () => accounts.load(long),
        target: { ratioMax: RATIO_MAX },
      });
    }
  },
};
