import { ConfigurationError } from "../errors.ts";
import type { SnapshotPolicy } from "./snapshot-policy.ts";

/** A time span: the sum of its parts, each 0 or more. */
export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
};

/**
 * A snapshot when a save finds the last one older than `age`; where there is none, when the first event is older. Goes by the
 * `clock` of the repository; one that was set back makes none due.
 *
 * @param age milliseconds, or `{ days: 1 }`; above 0.
 * @throws {ConfigurationError} for another age.
 */
export function olderThan(age: number | Duration): SnapshotPolicy {
  const ageMs = durationMs("olderThan", age);
  return ({ snapshotAgeMs = 0, snapshotVersion, version }) => {
    if (!(snapshotAgeMs > ageMs) || version <= snapshotVersion) return false;
    const what = snapshotVersion === 0 ? "no snapshot, and the first event" : `the snapshot at ${snapshotVersion}`;
    return `${what} is ${spell(snapshotAgeMs)} old, more than ${spell(ageMs)}`;
  };
}

/**
 * A snapshot when the load of the instance spent more than `limit` on replaying events: at the instance's next save, and, for
 * aggregates that are only read, behind the back of the load itself. What else a load takes, such as the round trip to the
 * database, does not count, since no snapshot would spare it.
 *
 * @param limit milliseconds, or `{ seconds: 1 }`; above 0.
 * @throws {ConfigurationError} for another limit.
 */
export function replayLongerThan(limit: number | Duration): SnapshotPolicy {
  const limitMs = durationMs("replayLongerThan", limit);
  const decide: NonNullable<SnapshotPolicy["afterLoad"]> & SnapshotPolicy = ({ debt }) => {
    if (debt === undefined)
      throw new TypeError("replayLongerThan() needs a policy that `measures`, as anyOf and allOf do.");
    const { replayMs } = debt;
    return replayMs > limitMs && `the load replayed for ${spell(replayMs)}, longer than ${spell(limitMs)}`;
  };
  return Object.assign((facts: Parameters<SnapshotPolicy>[0]) => decide(facts), { measures: true, afterLoad: decide });
}

/** Milliseconds with two significant digits, or days, as logs show them. */
export function spell(ms: number): string {
  const days = ms / (UNITS_MS["days"] ?? 1);
  if (days >= 1) return `${Number(days.toPrecision(2))} d`;
  return ms >= 10_000 ? `${Math.round(ms / 1_000)} s` : `${Number(ms.toPrecision(2))} ms`;
}

function durationMs(option: string, duration: number | Duration): number {
  const ms = typeof duration === "number" ? duration : sumMs(duration);
  if (ms > 0 && ms < Number.POSITIVE_INFINITY) return ms;
  const problem = "takes milliseconds above 0, or a duration such as { days: 1 }, with parts of 0 or more.";
  throw new ConfigurationError({ option, problem });
}

/** NaN unless it is a duration. */
function sumMs(duration: unknown): number {
  if (typeof duration !== "object" || duration === null) return Number.NaN;
  return Object.entries(duration as Record<string, unknown>).reduce((sum, [unit, count]) => {
    if (count === undefined && Object.hasOwn(UNITS_MS, unit)) return sum;
    const ms = Object.hasOwn(UNITS_MS, unit) ? UNITS_MS[unit] : undefined;
    return ms !== undefined && typeof count === "number" && count >= 0 ? sum + ms * count : Number.NaN;
  }, 0);
}
