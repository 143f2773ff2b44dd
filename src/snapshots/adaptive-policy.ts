import { type OptionNames, refuseUnknown, wholeNumberOption } from "../events/bounds.ts";
import type { ReplayDebt } from "./replay-debt.ts";
import type { LoadFacts, SnapshotDecision, SnapshotFacts, SnapshotPolicy } from "./snapshot-policy.ts";
import { spell } from "./time-policies.ts";

export interface AdaptiveOptions {
  /** Events after the last snapshot, at most, whatever they cost: a save that reaches it takes one. 1 or more. @default 10000 */
  readonly tailMax?: number;
}

const OPTION_NAMES: OptionNames<AdaptiveOptions> = { tailMax: true };

/** Replayed in 20 to 35 ms, from SQLite and from PostgreSQL. */
const TAIL_MAX_DEFAULT = 10_000;

/**
 * A snapshot once the events that loads have replayed since the last one have cost as much as writing one costs. The repository
 * measures both as they happen, so that there is nothing to tune.
 *
 * A save also looks ahead to the loads that come before the next save, taken for as many as came since the last one. A tail that
 * nobody has loaded yet counts by how often the aggregate was loaded so far. One that is only read gets its snapshot from a load.
 *
 * One policy may serve several repositories: each measures for itself. What other processes load is not seen, so that each of
 * several waits longer than one would.
 *
 * @throws {ConfigurationError} for an option that is unknown or out of bounds.
 */
export function adaptive(options: AdaptiveOptions = {}): SnapshotPolicy {
  refuseUnknown("adaptive.", options, OPTION_NAMES);
  const { tailMax = TAIL_MAX_DEFAULT } = options;
  wholeNumberOption("adaptive.tailMax", tailMax);
  const onSave = (facts: SnapshotFacts): SnapshotDecision => decideOnSave(facts, tailMax);
  return Object.assign(onSave, { measures: true, afterLoad: (facts: LoadFacts) => decideAfterLoad(facts, tailMax) });
}

function decideOnSave({ version, snapshotVersion, debt }: SnapshotFacts, tailMax: number): SnapshotDecision {
  const owed = measured(debt);
  const tail = version - snapshotVersion;
  if (tail >= tailMax) return `tail of ${tail} events ≥ tailMax ${tailMax}`;
  const { events, writeEvents, loadsSinceSave, loadsPerEvent } = owed;
  if (events >= writeEvents) return `replay debt ${price(events, owed)} ≥ ${writeCost(owed)}`;
  const coming = tail * loadsSinceSave;
  if (events + coming >= writeEvents) {
    const more = price(coming, owed);
    return `replay debt ${price(events, owed)} + ${more} expected before the next save ≥ ${writeCost(owed)}`;
  }
  // Loads that came while the tail grew, as often as they come on the whole, would each have replayed half of it.
  const expected = (loadsPerEvent * tail * tail) / 2;
  if (tail >= writeEvents && expected >= writeEvents) {
    return `replays to expect of a tail of ${tail} events: ${price(expected, owed)} ≥ ${writeCost(owed)}`;
  }
  return false;
}

function decideAfterLoad({ eventsReplayed, debt }: LoadFacts, tailMax: number): SnapshotDecision {
  const owed = measured(debt);
  if (eventsReplayed === 0) return false;
  if (eventsReplayed > tailMax) return `tail of ${eventsReplayed} events > tailMax ${tailMax}`;
  const { events, writeEvents, loadsSinceSave } = owed;
  // One load may be followed by its save, which takes the snapshot at a newer version.
  const read = loadsSinceSave >= 2 || events >= 2 * writeEvents;
  return read && events >= writeEvents && `replay debt ${price(events, owed)} ≥ ${writeCost(owed)}`;
}

function price(events: number, { replayMsPerEvent, writeMs }: ReplayDebt): string {
  if (replayMsPerEvent === undefined || writeMs === undefined) return `${Math.round(events)} events`;
  return spell(events * replayMsPerEvent);
}

function writeCost(debt: ReplayDebt): string {
  const { writeEvents, replayMsPerEvent, writeMs } = debt;
  const guessed = replayMsPerEvent === undefined || writeMs === undefined;
  return `write cost ${price(writeEvents, debt)}${guessed ? " (not measured yet)" : ""}`;
}

function measured(debt: ReplayDebt | undefined): ReplayDebt {
  if (debt !== undefined) return debt;
  throw new TypeError("adaptive() was told no debt. Wrap it by anyOf or allOf, or set `measures` on your own policy.");
}
