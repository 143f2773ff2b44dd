import { ConfigurationError } from "../errors.ts";
import { wholeNumberOption } from "../events/bounds.ts";
import type { DomainEvent } from "../events/event.ts";

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
  /** The events that are being saved. */
  readonly events: readonly DomainEvent[];
  /** Read only. */
  readonly state: State;
}

/**
 * Says whether a save takes a snapshot. Called before the events are appended, because the state is captured at that moment;
 * should not have effects of its own. One that throws is reported and counts as false.
 */
export interface SnapshotPolicy<State = unknown> {
  (facts: SnapshotFacts<State>): boolean;
  /**
   * Events between two snapshots, as far as known: a load that replays more than twice as many makes one. Infinity: none does.
   *
   * @default 100
   */
  readonly threshold?: number;
}

/**
 * A snapshot each `count` events: whenever a multiple of `count` lies after the last snapshot and up to the version saved, so
 * that saves of several events, which may step over it, make theirs too.
 *
 * @throws {ConfigurationError} unless `count` is a whole number of 1 or more. 1 is legal, and unwise.
 */
export function everyEvents(count: number): SnapshotPolicy {
  wholeNumberOption("threshold", count);
  const policy: SnapshotPolicy = ({ version, snapshotVersion }) =>
    Math.floor(version / count) > Math.floor(snapshotVersion / count);
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
  refuseEmpty("onEvent", types);
  return ({ events }) => events.some((event) => types.includes(event.type));
}

/** A snapshot when `condition` holds: `when<AccountState>(({ state }) => state.closed)`. */
export function when<State = unknown>(condition: (facts: SnapshotFacts<State>) => boolean): SnapshotPolicy<State> {
  return condition;
}

/** A snapshot when one of `policies` wants it. @throws {ConfigurationError} when there are none. */
export function anyOf<State = unknown>(...policies: readonly SnapshotPolicy<State>[]): SnapshotPolicy<State> {
  refuseEmpty("anyOf", policies);
  const wanting = policies.filter(({ threshold }) => threshold !== Number.POSITIVE_INFINITY);
  return withThreshold(
    (facts) => policies.some((policy) => policy(facts)),
    wanting.length === 0 ? policies : wanting,
    Math.min,
  );
}

/** A snapshot when all of `policies` want it. @throws {ConfigurationError} when there are none. */
export function allOf<State = unknown>(...policies: readonly SnapshotPolicy<State>[]): SnapshotPolicy<State> {
  refuseEmpty("allOf", policies);
  return withThreshold((facts) => policies.every((policy) => policy(facts)), policies, Math.max);
}

/** As far as `policies` tell theirs. */
function withThreshold<State>(
  policy: SnapshotPolicy<State>,
  policies: readonly SnapshotPolicy<State>[],
  choose: (...thresholds: number[]) => number,
): SnapshotPolicy<State> {
  const thresholds = policies.flatMap(({ threshold }) => threshold ?? []);
  return thresholds.length === 0 ? policy : Object.assign(policy, { threshold: choose(...thresholds) });
}

function refuseEmpty(option: string, list: readonly unknown[]): void {
  if (list.length === 0) throw new ConfigurationError({ option, problem: "was given nothing; pass at least one." });
}
