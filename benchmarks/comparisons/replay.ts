import { SHORT } from "../axes.ts";
import type { Comparison, Target } from "../comparison.ts";
import { withoutSnapshots } from "../histories.ts";
import { count } from "../wording.ts";

const RATIO_MAX = 1.3;

/** Of 10,000 small events, on a machine like the one of docs/performance.md. */
const TEN_THOUSAND = 10_000;
const msMaxByStore: Readonly<Record<string, number>> = { SQLite: 20, PostgreSQL: 35 };

export const replay: Comparison = {
  id: "replay",
  title: "Replay of all events, by the length of the history",
  axis: "events",
  baseline: "bare loop",
  candidate: "load",
  note: "Bare loop: one prepared statement by large pages, one parse for each event, the reducer.",
  measureIn: async ({ storage, histories, axes, compare }) => {
    const accounts = withoutSnapshots(storage);
    const made = new Map<number, string>();
    for (const events of axes.lengths) {
      // The same as loads with a snapshot are measured on.
      const tail = events >= SHORT ? 100 : 0;
      const id = await histories.make({ events, tail });
      await histories.expectAlike(id, tail);
      made.set(events, id);
    }
    for (const [events, id] of made) {
      await compare({
        point: count(events),
        x: events,
        baseline: () => storage.bare.replay(id),
        candidate: () => accounts.load(id),
        target: events >= SHORT ? targetOf(events, storage.name) : undefined,
      });
    }
  },
};

function targetOf(events: number, store: string): Target {
  const msMax = events === TEN_THOUSAND ? msMaxByStore[store] : undefined;
  return { ratioMax: RATIO_MAX, ...(msMax !== undefined && { msMax }) };
}
