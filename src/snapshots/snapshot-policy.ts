import { ConfigurationError } from "../errors.ts";
import { wholeNumberOption } from "../events/bounds.ts";
import { discardPromise } from "../events/discard-promise.ts";
import type { DomainEvent } from "../events/event.ts";
import type { ReplayDebt } from "./replay-debt.ts";

/** Assumed of a policy that does not say how many events lie between two snapshots. */
export const THRESHOLD_DEFAULT = 100;

/** What a policy decides on: one aggregate, as a save is about to leave it. */
export interface SnapshotFacts<State = unknown> {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Version that is being saved. */
  readonly version: number;
  /**
   * Version of the newest snapshot that counts: the last usable one that the instance was loaded from or wrote, or one whose
   * write is still in flight; 0 if there is none.
   */
  readonly snapshotVersion: number;
  /**
   * Milliseconds since that snapshot was taken, or since the first event if there is none, by the repository's clock; undefined
   * where neither is known. Below 0 after the clock was set back. Computed when it is read: `{ ...facts }` has none.
   */
  readonly snapshotAgeMs?: number | undefined;
  /** The events that are being saved. */
  readonly events: readonly DomainEvent[];
  /** Read only. */
  readonly state: State;
  /** What loads have replayed, and what that costs: as measured, for a policy that `measures`; else undefined. */
  readonly debt?: ReplayDebt | undefined;
}

/** What a policy decides on after a load. */
export interface LoadFacts {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  /** As in {@link SnapshotFacts}. */
  readonly snapshotVersion: number;
  /** Events that this load had to replay. */
  readonly eventsReplayed: number;
  /** As in {@link SnapshotFacts}, this load included. */
  readonly debt: ReplayDebt | undefined;
}

/** `true`, or why: take one. `false`: take none. Text is reported with the snapshot, so that logs and metrics can tell. */
export type SnapshotDecision = boolean | string;

/**
 * Says whether a save takes a snapshot. Called before the events are appended, because the state is captured at that moment;
 * should not have effects of its own. One that throws is reported and counts as false.
 */
export interface SnapshotPolicy<State = unknown> {
  (facts: SnapshotFacts<State>): SnapshotDecision;
  /**
   * Events between two snapshots, as far as known: a load that replays more than twice as many makes one. Infinity: none does.
   *
   * @default 100
   */
  readonly threshold?: number;
  /** Says whether a load has a snapshot written behind its back, instead of twice the threshold. Likewise without effects. */
  readonly afterLoad?: (facts: LoadFacts) => SnapshotDecision;
  /** Whether the repository keeps a {@link ReplayDebt} for it. @default false */
  readonly measures?: boolean;
}

/**
 * A snapshot each `count` events: whenever a multiple of `count` lies after the last snapshot and up to the version saved, so
 * that saves of several events, which may step over it, make theirs too.
 *
 * @throws {ConfigurationError} unless `count` is a whole number of 1 or more. 1 is legal, and unwise.
 */
export function everyEvents(count: number): SnapshotPolicy {
  wholeNumberOption("threshold", count);
  const policy: SnapshotPolicy = ({ version, snapshotVersion }) => {
    const passed = Math.floor(version / count);
    if (passed <= Math.floor(snapshotVersion / count)) return false;
    return `every ${count} events: version ${version} reached ${passed * count}`;
  };
  return Object.assign(policy, { threshold: count });
}

/** No snapshot by itself. */
export const never: SnapshotPolicy = Object.assign(() => false, { threshold: Number.POSITIVE_INFINITY });

/**
 * A snapshot when an event of one of these types is saved: at milestones such as "OrderShipped".
 *
 * @throws {ConfigurationError} when no type is named.
 */
export function onEvent(...types: readonly string[]): SnapshotPolicy {
  refuseEmpty("onEvent", types, "event type");
  if (!types.every((type) => typeof type === "string")) {
    throw new ConfigurationError({ option: "onEvent", problem: 'takes event types, such as "OrderShipped".' });
  }
  return ({ events }) => {
    const event = events.find(({ type }) => types.includes(type));
    return event !== undefined && `${event.type} at version ${event.version}`;
  };
}

/**
 * A snapshot when `condition` holds: `when<AccountState>(({ state }) => state.closed && "closed")`.
 *
 * @throws {ConfigurationError} unless it is a function.
 */
export function when<State = unknown>(
  condition: (facts: SnapshotFacts<State>) => SnapshotDecision,
): SnapshotPolicy<State> {
  if (typeof condition !== "function") throw new ConfigurationError({ option: "when", problem: "takes a function." });
  return condition;
}

/**
 * Whether `policy` wants a snapshot after a load: as it says itself, else when more than twice its threshold was replayed.
 *
 * @param thresholdDefault of a policy without a threshold
 */
export function afterLoad(
  // oxlint-disable-next-line typescript/no-explicit-any -- loads ask policies for any state
  policy: SnapshotPolicy<any>,
  facts: LoadFacts,
  thresholdDefault: number = THRESHOLD_DEFAULT,
): SnapshotDecision {
  if (policy.afterLoad !== undefined) return policy.afterLoad(facts);
  const { threshold = thresholdDefault } = policy;
  const { eventsReplayed } = facts;
  return eventsReplayed > 2 * threshold && `the load replayed ${eventsReplayed} events, more than 2 × ${threshold}`;
}

/** A promise is no decision, though it would pass for true. @throws {TypeError} */
export function decided(decision: SnapshotDecision): SnapshotDecision {
  if (discardPromise(decision)) throw new TypeError("The policy returned a promise; it must decide at once.");
  return decision;
}

/** @throws {ConfigurationError} when `list` is empty. @param what each of it is, for the advice */
export function refuseEmpty(option: string, list: readonly unknown[], what: string): void {
  if (list.length > 0) return;
  throw new ConfigurationError({ option, problem: `was given nothing; pass at least one ${what}.` });
}
