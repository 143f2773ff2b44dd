import { type OptionNames, refuseUnknown } from "../events/bounds.ts";

/**
 * The way from every state shape that snapshots may still hold to today's, one step for each schema version: with it, an old
 * snapshot is brought up to date instead of replaying all events.
 *
 * @typeParam State the shape that the last step leads to.
 */
export interface StateUpgrades<State> {
  /** Each from one schema version to the next; the last one leads to the class's own. */
  readonly steps: readonly StateUpgradeStep[];

  /** One more step. Pure; it owns what it is given. @throws {ConfigurationError} for an option that is unknown. */
  to<Next>(step: (state: State) => Next, options?: StateUpgradeOptions): StateUpgrades<Next>;
}

export interface StateUpgradeOptions {
  /**
   * Fingerprint of the definition that the step starts from, as that build's `repository.snapshotKey` and the rows say: other rows
   * of its schema version, whose shape nobody vouches for, are not upgraded.
   *
   * @default that of a definition with the earlier steps of the chain and without `stateSchema`
   */
  readonly fingerprint?: string;
}

const OPTION_NAMES: OptionNames<StateUpgradeOptions> = { fingerprint: true };

interface StateUpgradeStep {
  readonly fingerprint: string | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- older shapes have their types where the steps are written
  readonly upgrade: (state: any) => unknown;
}

/**
 * Begins a chain of state upgrades with the oldest shape that is still to be read.
 *
 * ```ts
 * static readonly schemaVersion = 3;
 * static readonly stateUpgrades = upgradeState<StateV1>()
 *   .to<StateV2>((v1) => ({ ...v1, currency: "EUR" }))              // 1 → 2
 *   .to<AccountState>((v2) => ({ ...v2, balance: v2.cents / 100 })); // 2 → 3
 * ```
 *
 * A step must give what replaying the events gives. Where that cannot be computed from the old state alone, write none: without a
 * step the events are replayed. `verifySnapshots` compares, and so does `proveStateUpgrades` of `eventfold/testing`.
 */
export function upgradeState<State>(): StateUpgrades<State> {
  return chain<State>([]);
}

function chain<State>(steps: readonly StateUpgradeStep[]): StateUpgrades<State> {
  return Object.freeze({
    steps,
    to: <Next>(upgrade: (state: State) => Next, options: StateUpgradeOptions = {}) => {
      refuseUnknown("", options, OPTION_NAMES);
      return chain<Next>([...steps, Object.freeze({ fingerprint: options.fingerprint, upgrade })]);
    },
  });
}
