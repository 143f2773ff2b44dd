import { pause } from "../events/pause.ts";
import type { SnapshotSurvey } from "./snapshot-survey.ts";

/** Snapshots of a type whose stream is gone: its events were deleted by hand, were lost, or lie in another database. */
export interface OrphanedSnapshots {
  readonly snapshots: number;
  /** False when the type has more snapshots than were looked at: then there may be more of these. */
  readonly complete: boolean;
}

const ROWS_AT_ONCE = 1_000;

/**
 * Counts them, by type.
 *
 * @param rowsMax snapshots to look at in all, shared evenly, to a page of 1,000 of each type.
 */
export async function readOrphans(
  survey: SnapshotSurvey,
  types: readonly string[],
  rowsMax: number,
): Promise<ReadonlyMap<string, OrphanedSnapshots>> {
  const found = new Map<string, OrphanedSnapshots>();
  for (const type of types) found.set(type, await orphansOf(survey, type, Math.floor(rowsMax / types.length)));
  return found;
}

async function orphansOf(survey: SnapshotSurvey, aggregateType: string, rowsMax: number): Promise<OrphanedSnapshots> {
  let snapshots = 0;
  let examined = 0;
  for (let afterId: string | undefined; ; ) {
    const page = await survey.orphans(aggregateType, afterId, ROWS_AT_ONCE);
    snapshots += page.orphans;
    examined += page.examined;
    if (page.examined < ROWS_AT_ONCE) return { snapshots, complete: true };
    if (examined >= rowsMax) return { snapshots, complete: false };
    afterId = page.lastId;
    await pause(0);
  }
}
