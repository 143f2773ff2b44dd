import { SHORT } from "../axes.ts";
import type { Comparison } from "../comparison.ts";
import { withSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

const ratioMaxByTail: Readonly<Record<number, number>> = { 100: 1.2 };

export const tail: Comparison = {
  id: "tail",
  title: "Load with a snapshot, by the number of newer events",
  axis: "newer events",
  baseline: "bare rows",
  candidate: "load",
  measureIn: async ({ storage, histories, axes, compare }) => {
    const accounts = withSnapshots(storage);
    for (const newer of axes.tails) {
      const id = await histories.make({ events: SHORT + newer, tail: newer });
      await histories.expectAlike(id, newer);
      const ratioMax = ratioMaxByTail[newer];
      await compare({
        point: count(newer),
        x: newer,
        baseline: () => storage.bare.snapshotAndTail(id),
        candidate: () => accounts.load(id),
        target: ratioMax === undefined ? undefined : { ratioMax },
      });
    }
  },
};
