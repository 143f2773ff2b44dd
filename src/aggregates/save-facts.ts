import type { DomainEvent } from "../events/event.ts";
import type { Instant } from "../events/instant.ts";
import type { ReplayDebt } from "../snapshots/replay-debt.ts";
import type { SnapshotFacts } from "../snapshots/snapshot-policy.ts";
import type { AggregateHistory } from "./aggregate-history.ts";

/** What is known of snapshots when `history` is about to be saved. */
interface SnapshotsKnown {
  readonly snapshotVersion: number;
  /** When the age of what a load would begin with began. */
  readonly since: Instant | undefined;
  readonly debt: ReplayDebt | undefined;
}

/** What a policy is told of each save, so that making it must take next to no time. */
export class SaveFacts implements SnapshotFacts {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly snapshotVersion: number;
  readonly events: readonly DomainEvent[];
  readonly state: unknown;
  readonly debt: ReplayDebt | undefined;
  readonly #since: Instant | undefined;
  readonly #clock: () => Date;

  constructor(history: AggregateHistory, { snapshotVersion, since, debt }: SnapshotsKnown, clock: () => Date) {
    this.aggregateType = history.stream.aggregateType;
    this.aggregateId = history.stream.aggregateId;
    this.version = history.version;
    this.snapshotVersion = snapshotVersion;
    this.events = history.uncommitted.map(({ event }) => event);
    this.state = history.state;
    this.debt = debt;
    this.#since = since;
    this.#clock = clock;
  }

  // Of the class: a getter for each object alone would cost more than all the rest of asking a policy.
  get snapshotAgeMs(): number | undefined {
    return this.#since === undefined ? undefined : this.#clock().getTime() - Date.parse(this.#since);
  }
}
