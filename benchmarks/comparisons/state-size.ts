import { STATE_BYTES } from "../account.ts";
import { SHORT } from "../axes.ts";
import type { Comparison } from "../comparison.ts";
import { withSnapshots } from "../histories.ts";
import { bytes } from "../wording.ts";

const ratioMaxByStore: Readonly<Record<string, number>> = { SQLite: 2, PostgreSQL: 1.3 };

export const stateSize: Comparison = {
  id: "state-size",
  title: "Load with a snapshot at the head, by the size of the state",
  axis: "state",
  baseline: "bare row",
  candidate: "load",
  note: "Bare row: the state's column by one prepared statement, parsed. It would not notice an event after it.",
  measureIn: async ({ storage, histories, axes, compare }) => {
    const accounts = withSnapshots(storage);
    for (const stateBytes of axes.stateBytes) {
      const id = await histories.make({ events: SHORT, stateBytes });
      await histories.expectAlike(id, 0);
      const ratioMax = stateBytes === STATE_BYTES ? ratioMaxByStore[storage.name] : undefined;
      await compare({
        point: bytes(stateBytes),
        x: stateBytes,
        baseline: () => storage.bare.snapshot(id),
        candidate: () => accounts.load(id),
        target: ratioMax === undefined ? undefined : { ratioMax },
      });
    }
  },
};
