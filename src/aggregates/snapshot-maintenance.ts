import { ConfigurationError, StreamErasedError } from "../errors.ts";
import { type OptionNames, refuseUnknown, wholeNumberOption } from "../events/bounds.ts";
import type { EventStore } from "../events/event-store.ts";
import { readPages } from "../events/read-stream.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { Snapshot } from "../snapshots/snapshot.ts";
import { keyFlaw } from "../snapshots/snapshot-flaws.ts";
import { THRESHOLD_DEFAULT } from "../snapshots/snapshot-policy.ts";
import { proofFlaw } from "../snapshots/snapshot-proof.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";
import type { AggregateLoader } from "./aggregate-loader.ts";
import { type AnyAggregate, historyOf } from "./aggregate-root.ts";
import type { AggregateSnapshotter } from "./aggregate-snapshotter.ts";
import { eachAggregate, REPORTED_MAX, WALK_NAMES, type WalkOptions, type WalkReport } from "./each-aggregate.ts";
import { firstDifference } from "./first-difference.ts";
import type { MissReason, RepositoryObserver } from "./repository-observer.ts";

export interface WarmOptions extends WalkOptions {
  /**
   * Only aggregates with at least so many events since their last snapshot of this very definition; one that was upgraded does not
   * count. @default the threshold of the policy, or 100
   */
  readonly eventsMin?: number;
}

export interface WarmReport extends WalkReport {
  /** Snapshots written. */
  readonly written: number;
}

export interface VerifyOptions extends WalkOptions {
  /** Share of the aggregates to look at, chosen at random: above 0, up to 1. @default 1 */
  readonly sample?: number;
  /** Deletes each row that differs, if it is still the one that was compared. @default false */
  readonly deleteDiverging?: boolean;
}

export interface VerifyReport extends WalkReport {
  /** Snapshots that were compared with a replay, and are what it gives. */
  readonly verified: number;
  /** Aggregates without a snapshot that the class could load from. */
  readonly withoutSnapshot: number;
  /** Snapshots that are not what a replay gives, or that a load would not have used. */
  readonly diverged: number;
  /** How many of these there are for each reason. `state`: loads would have used them, and given a wrong state. */
  readonly divergedBy: { readonly [Reason in Divergence["reason"]]?: number };
  /** Rows deleted because they are among these. */
  readonly deleted: number;
  /** The first 100. */
  readonly divergences: readonly Divergence[];
}

/** A row that is not what replaying gives, or that does not prove itself. */
export interface Divergence {
  readonly aggregateId: string;
  readonly version: number;
  readonly schemaVersion: number;
  readonly fingerprint: string;
  /** `"state"`: a load would have used it. Otherwise why loads do not use it anyway. */
  readonly reason: "state" | MissReason;
  /** Of the first difference, such as `state.items[3].price`; undefined unless `reason` is `"state"`. */
  readonly path: string | undefined;
}

export interface PruneOptions {
  /** Rows that were written within the last so many milliseconds stay. 0 or more. */
  readonly notWrittenForMs: number;
}

export interface SnapshotMaintenanceOptions {
  readonly eventStore: EventStore;
  readonly store: SnapshotStore;
  readonly policy: { readonly threshold?: number } | undefined;
  readonly loader: AggregateLoader;
  readonly snapshotter: AggregateSnapshotter;
  readonly report: RepositoryObserver;
  readonly clock: () => Date;
  readonly pageSize: number;
  readonly instantiate: (aggregateId: string) => AnyAggregate;
}

const WARM_NAMES: OptionNames<WarmOptions> = { ...WALK_NAMES, eventsMin: true };
const VERIFY_NAMES: OptionNames<VerifyOptions> = { ...WALK_NAMES, sample: true, deleteDiverging: true };
const PRUNE_NAMES: OptionNames<PruneOptions> = { notWrittenForMs: true };

/** Of the instants that stores keep. */
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00.000Z");

/** Looks after the snapshots of all aggregates of a class, beside a working system. */
export class SnapshotMaintenance {
  readonly #definition: AggregateDefinition;
  readonly #options: SnapshotMaintenanceOptions;

  constructor(definition: AggregateDefinition, options: SnapshotMaintenanceOptions) {
    this.#definition = definition;
    this.#options = options;
  }

  async warm(options: WarmOptions): Promise<WarmReport> {
    refuseUnknown("", options, WARM_NAMES);
    const { eventStore, loader, snapshotter, instantiate, policy } = this.#options;
    const { aggregateType } = this.#definition;
    const threshold = policy?.threshold ?? THRESHOLD_DEFAULT;
    const { eventsMin = Number.isFinite(threshold) ? threshold : THRESHOLD_DEFAULT } = options;
    wholeNumberOption("eventsMin", eventsMin);
    let written = 0;
    const report = await eachAggregate(eventStore, aggregateType, options, async (aggregateId) => {
      const loaded = await loader.load({
        stream: { aggregateType, aggregateId },
        instantiate: () => instantiate(aggregateId),
      });
      if (loaded === undefined) return;
      const history = historyOf(loaded.aggregate);
      if (history.version - history.baseline.snapshotVersion < eventsMin) return;
      if (await wasStored(snapshotter.create(history, "warm()"))) written += 1;
    });
    return { ...report, written };
  }

  async verify(options: VerifyOptions): Promise<VerifyReport> {
    refuseUnknown("", options, VERIFY_NAMES);
    const { eventStore, store } = this.#options;
    const { aggregateType, wanted } = this.#definition;
    const { sample = 1, deleteDiverging = false } = options;
    if (!(sample > 0 && sample <= 1)) {
      throw new ConfigurationError({
        option: "sample",
        problem: `is ${String(sample)}; pass a share above 0, up to 1.`,
      });
    }
    const counts = { verified: 0, withoutSnapshot: 0, diverged: 0, deleted: 0 };
    const divergedBy: { [Reason in Divergence["reason"]]?: number } = {};
    const divergences: Divergence[] = [];
    const report = await eachAggregate(eventStore, aggregateType, options, async (aggregateId) => {
      if (Math.random() >= sample) return;
      const row = await store.getSnapshot(aggregateId, aggregateType, { prefer: wanted });
      if (row === undefined || keyFlaw(row, wanted) !== undefined) {
        counts.withoutSnapshot += 1;
        return;
      }
      const divergence = await this.#compare({ aggregateType, aggregateId }, row);
      if (divergence === undefined) {
        counts.verified += 1;
        return;
      }
      counts.diverged += 1;
      divergedBy[divergence.reason] = (divergedBy[divergence.reason] ?? 0) + 1;
      if (divergences.length < REPORTED_MAX) divergences.push(divergence);
      if (deleteDiverging && (await store.deleteSnapshot(aggregateId, aggregateType, { exactly: row })))
        counts.deleted += 1;
    });
    return { ...report, ...counts, divergedBy, divergences };
  }

  async prune(options: PruneOptions): Promise<number> {
    refuseUnknown("", options, PRUNE_NAMES);
    const { notWrittenForMs } = options;
    if (!Number.isFinite(notWrittenForMs) || notWrittenForMs < 0) {
      const problem = `is ${String(notWrittenForMs)}; pass milliseconds, 0 or more.`;
      throw new ConfigurationError({ option: "notWrittenForMs", problem });
    }
    const { store, clock } = this.#options;
    const { aggregateType, wanted } = this.#definition;
    const createdBefore = new Date(Math.max(EARLIEST_MS, clock().getTime() - notWrittenForMs));
    return await store.deleteSnapshotsByType(aggregateType, { otherThan: wanted, createdBefore });
  }

  async #compare(stream: StreamId, row: Snapshot): Promise<Divergence | undefined> {
    const { eventStore, report, pageSize, instantiate } = this.#options;
    const { aggregateId, version, schemaVersion, fingerprint } = row;
    const differs = (reason: Divergence["reason"], path?: string): Divergence => {
      report({ kind: "diverged", stream, version, reason, path });
      return { aggregateId, version, schemaVersion, fingerprint, reason, path };
    };
    const flaw = proofFlaw(row);
    if (flaw !== undefined) return differs(flaw);

    const replayed = historyOf(instantiate(aggregateId));
    for await (const events of readPages(eventStore, stream, { throughVersion: version, pageSize }))
      replayed.replay(events);
    if (replayed.version < version) return differs("ahead-of-stream");
    if (replayed.lastEventId !== row.lastEventId) return differs("history-mismatch");

    const restored = historyOf(instantiate(aggregateId));
    try {
      restored.restore(row, JSON.parse(row.stateText));
    } catch {
      return differs("restore-failed");
    }
    const path = firstDifference("state", JSON.parse(replayed.stateText()), JSON.parse(restored.stateText()));
    return path === undefined ? undefined : differs("state", path);
  }
}

/** False when it was erased: it is meant to have none before its next event. */
async function wasStored(writing: Promise<Snapshot>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof StreamErasedError) return false;
    throw error;
  }
}
