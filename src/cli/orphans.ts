import { type AggregateRepository, storesOfRepository } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { Divergence, VerifyReport } from "../aggregates/snapshot-maintenance.ts";
import { undecorated } from "../events/event-store-decorator.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";
import { SnapshotStoreDecorator } from "../snapshots/snapshot-store-decorator.ts";
import type { OpenDatabase } from "./database.ts";
import { lookForSignals } from "./session.ts";

const ROWS_AT_ONCE = 1_000;
const REPORTED_MAX = 100;

/** Snapshots without any event behind them, which no walk over streams comes by: the events were deleted, or not restored. */
export interface Orphans {
  readonly found: number;
  readonly deleted: number;
  /** The first 100. */
  readonly rows: readonly Divergence[];
}

export interface OrphanSearch {
  readonly aggregateType: string;
  readonly afterId: string | undefined;
  readonly signal: AbortSignal;
  readonly deleteThem: boolean;
}

/** Looks for them in pages until it is done or stopped. */
export async function orphansOf({ administration }: OpenDatabase, search: OrphanSearch): Promise<Orphans> {
  const { aggregateType, signal, deleteThem } = search;
  const which = { withoutEvents: true };
  const rows: Divergence[] = [];
  let found = 0;
  let deleted = 0;
  for (let afterId = search.afterId; !signal.aborted; ) {
    const throughId = await administration.endOfPage(aggregateType, afterId, ROWS_AT_ONCE);
    if (throughId === undefined) break;
    const range = { aggregateType, afterId, throughId };
    const page = await administration.list(range, which);
    found += page.length;
    for (const row of page.slice(0, REPORTED_MAX - rows.length))
      rows.push({ ...row, reason: "ahead-of-stream", path: undefined });
    await lookForSignals();
    if (signal.aborted) break;
    if (deleteThem && page.length > 0) deleted += await administration.delete(range, which);
    afterId = throughId;
  }
  return { found, deleted, rows };
}

/** Whether the snapshots of `repository` lie beside its events in this very database. */
export function keepsBothIn(
  repository: AggregateRepository<AnyAggregate>,
  { eventStore, snapshotStore }: OpenDatabase,
): boolean {
  const { eventStore: events, snapshots } = storesOfRepository(repository);
  return undecorated(events) === eventStore && snapshots !== undefined && innermost(snapshots.store) === snapshotStore;
}

/** `report` with what was found beside the streams. */
export function withOrphans(report: VerifyReport, { found, deleted, rows }: Orphans): VerifyReport {
  if (found === 0) return report;
  const { divergedBy, divergences } = report;
  return {
    ...report,
    diverged: report.diverged + found,
    divergedBy: { ...divergedBy, "ahead-of-stream": (divergedBy["ahead-of-stream"] ?? 0) + found },
    deleted: report.deleted + deleted,
    divergences: [...rows, ...divergences].slice(0, REPORTED_MAX),
  };
}

function innermost(store: SnapshotStore): SnapshotStore {
  return store instanceof SnapshotStoreDecorator ? innermost(store.wrapped) : store;
}
