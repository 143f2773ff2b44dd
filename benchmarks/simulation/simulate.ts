import type { SnapshotPolicy } from "eventfold";
import { ReplayDebts } from "../../src/snapshots/replay-debt.ts";
import { afterLoad, decided } from "../../src/snapshots/snapshot-policy.ts";
import type { Random } from "./random.ts";
import type { Step } from "./streams.ts";

/** Milliseconds that things take. */
export interface Costs {
  /** Replaying one event. */
  readonly replayMs: number;
  /** Taking and writing a snapshot. */
  readonly writeMs: number;
  /** A load without any event. */
  readonly loadMs: number;
}

export interface Outcome {
  /** Replaying and writing snapshots. */
  readonly ms: number;
  readonly snapshots: number;
  /** The longest that any load found. */
  readonly tailMax: number;
}

/**
 * What one policy, asked as a repository asks it, makes of the histories of a class's aggregates. The policy and its measurements
 * are those of the library; only time is made up, and what is measured of it is off by {@link Random.noise}.
 */
export function simulate(
  histories: readonly (readonly Step[])[],
  policy: SnapshotPolicy,
  { replayMs, writeMs, loadMs }: Costs,
  random: Random,
): Outcome {
  const debts = policy.measures ? new ReplayDebts() : undefined;
  const total = { ms: 0, snapshots: 0, tailMax: 0 };

  for (const [number, history] of histories.entries()) {
    const stream = { aggregateType: "Simulated", aggregateId: String(number) };
    const { aggregateId } = stream;
    let version = 0;
    let snapshotVersion = 0;
    let baseline = { replayMs: 0 };
    const debtOf = (saving: number) =>
      debts?.of({ aggregateId, version, snapshotVersion, saving, inFlight: false, replayMs: baseline.replayMs });
    const write = (): void => {
      debts?.taken(aggregateId, version);
      debts?.noteWriteCost(writeMs * random.noise());
      debts?.settled(aggregateId, version);
      snapshotVersion = version;
      baseline = { replayMs: 0 };
      total.ms += writeMs;
      total.snapshots += 1;
    };

    for (const step of history) {
      if (step === "load") {
        const eventsReplayed = version - snapshotVersion;
        const durationMs = (loadMs + eventsReplayed * replayMs) * random.noise();
        total.ms += eventsReplayed * replayMs;
        total.tailMax = Math.max(total.tailMax, eventsReplayed);
        baseline.replayMs = debts?.loaded({ aggregateId, snapshotVersion, eventsReplayed, durationMs }) ?? 0;
        if (eventsReplayed === 0) continue;
        const facts = { ...stream, version, snapshotVersion, eventsReplayed, debt: debtOf(0) };
        if (decided(afterLoad(policy, facts))) write();
      } else {
        version += step;
        const facts = { ...stream, version, snapshotVersion, events: [], state: undefined, debt: debtOf(step) };
        const due = decided(policy(facts));
        debts?.saved(aggregateId, step, { durationMs: loadMs * random.noise(), alone: !due });
        if (due) write();
      }
    }
  }
  return total;
}
