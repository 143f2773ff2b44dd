import { ConfigurationError } from "../errors.ts";
import { afterLoad, decided, refuseEmpty, type SnapshotDecision, type SnapshotPolicy } from "./snapshot-policy.ts";

/**
 * A snapshot when one of `policies` wants it. They are asked in order, up to the first that does, whose reason is reported.
 *
 * @throws {ConfigurationError} when there are none.
 */
export function anyOf<State = unknown>(...policies: readonly SnapshotPolicy<State>[]): SnapshotPolicy<State> {
  refuseOthers("anyOf", policies);
  const wanting = policies.filter(({ threshold }) => threshold !== Number.POSITIVE_INFINITY);
  return combine((facts) => first(policies, (policy) => policy(facts)), {
    policies,
    thresholds: thresholdsOf(wanting.length === 0 ? policies : wanting),
    choose: Math.min,
    // One without a threshold of its own leaves loads to the others.
    afterLoad: (facts) => first(policies, (policy) => afterLoad(policy, facts, Number.POSITIVE_INFINITY)),
  });
}

/**
 * A snapshot when all of `policies` want it; all of their reasons are reported.
 *
 * @throws {ConfigurationError} when there are none.
 */
export function allOf<State = unknown>(...policies: readonly SnapshotPolicy<State>[]): SnapshotPolicy<State> {
  refuseOthers("allOf", policies);
  return combine((facts) => all(policies, (policy) => policy(facts)), {
    policies,
    thresholds: thresholdsOf(policies),
    choose: Math.max,
    afterLoad: (facts) => all(policies, (policy) => afterLoad(policy, facts)),
  });
}

interface Combination<State> {
  readonly policies: readonly SnapshotPolicy<State>[];
  readonly thresholds: readonly number[];
  readonly choose: (...thresholds: number[]) => number;
  readonly afterLoad: NonNullable<SnapshotPolicy["afterLoad"]>;
}

function combine<State>(
  decide: (facts: Parameters<SnapshotPolicy<State>>[0]) => SnapshotDecision,
  { policies, thresholds, choose, afterLoad: decideAfterLoad }: Combination<State>,
): SnapshotPolicy<State> {
  return Object.assign(
    decide,
    thresholds.length > 0 && { threshold: choose(...thresholds) },
    policies.some((policy) => policy.afterLoad !== undefined) && { afterLoad: decideAfterLoad },
    policies.some(({ measures }) => measures) && { measures: true },
  );
}

function thresholdsOf<State>(policies: readonly SnapshotPolicy<State>[]): readonly number[] {
  return policies.flatMap(({ threshold }) => threshold ?? []);
}

type Ask<State> = (policy: SnapshotPolicy<State>) => SnapshotDecision;

function first<State>(policies: readonly SnapshotPolicy<State>[], ask: Ask<State>): SnapshotDecision {
  for (const policy of policies) {
    const decision = decided(ask(policy));
    if (decision) return decision;
  }
  return false;
}

function all<State>(policies: readonly SnapshotPolicy<State>[], ask: Ask<State>): SnapshotDecision {
  const reasons: string[] = [];
  for (const policy of policies) {
    const decision = decided(ask(policy));
    if (!decision) return false;
    if (typeof decision === "string") reasons.push(decision);
  }
  return reasons.length === 0 || reasons.join(", and ");
}

function refuseOthers(option: string, policies: readonly unknown[]): void {
  refuseEmpty(option, policies, "policy");
  const wrong = policies.findIndex((policy) => typeof policy !== "function");
  if (wrong >= 0) {
    const problem = `was given something that is no function, as number ${wrong + 1}; pass policies.`;
    throw new ConfigurationError({ option, problem });
  }
}
