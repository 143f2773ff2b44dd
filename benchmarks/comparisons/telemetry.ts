import { InstrumentedRepository } from "eventfold/opentelemetry";
import { Account } from "../account.ts";
import { SHORT } from "../axes.ts";
import type { Comparison } from "../comparison.ts";
import { withSnapshots } from "../histories.ts";

export const telemetryOff: Comparison = {
  id: "telemetry-off",
  title: "OpenTelemetry that is switched off: a load with a snapshot, by the number of newer events",
  axis: "newer events",
  baseline: "plain",
  candidate: "instrumented",
  note: "Instrumented repository and stores in a process without an SDK, against those that know nothing of telemetry.",
  measureIn: async ({ storage, histories, compare }) => {
    const { eventStore, snapshotStore: store } = storage;
    const plain = withSnapshots(storage);
    const instrumented = new InstrumentedRepository(Account, { eventStore, snapshots: { store, mode: "manual" } });
    for (const tail of [0, 100]) {
      const id = await histories.make({ events: SHORT + tail, tail });
      await histories.settle();
      await compare({
        point: String(tail),
        x: tail,
        baseline: () => plain.load(id),
        candidate: () => instrumented.load(id),
      });
    }
  },
};
