import { ConfigurationError, StoreBusyError, TablesMissingError } from "../../errors.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { JointEraseResult } from "../../snapshots/snapshot-store.ts";
import { type Database, sqlState } from "./database.ts";
import { eraseAggregate } from "./event-statements.ts";

/**
 * Deletes events and snapshots of one aggregate, of which no version may come back, and leaves a tombstone, in one statement.
 *
 * @throws {StoreBusyError} when a transaction that has written stays open for half a second.
 * @throws {ConfigurationError} above READ COMMITTED, where events that were committed late would be overlooked.
 */
export async function eraseAll(database: Database, stream: StreamId): Promise<JointEraseResult> {
  return await erase(database, stream, { withEvents: true, throughVersion: Number.MAX_SAFE_INTEGER });
}

/** As `eraseAll`, of the snapshots alone; none up to `throughVersion` may come back. Resolves to their number. */
export async function eraseSnapshotsThrough(
  database: Database,
  stream: StreamId,
  throughVersion: number,
): Promise<number> {
  return (await erase(database, stream, { withEvents: false, throughVersion })).snapshots;
}

async function erase(
  database: Database,
  { aggregateType, aggregateId }: StreamId,
  { withEvents, throughVersion }: { readonly withEvents: boolean; readonly throughVersion: number },
): Promise<JointEraseResult> {
  try {
    const [row] = await database.rows(eraseAggregate, [aggregateType, aggregateId, withEvents, throughVersion]);
    return { events: Number(row?.[0]), snapshots: Number(row?.[1]) };
  } catch (error) {
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  switch (sqlState(error)) {
    case "40P01": // deadlock_detected
      return new StoreBusyError({ cause: error });
    case "42883": // undefined_function
      return new TablesMissingError({ cause: error });
    case "25000": {
      const problem = "works above READ COMMITTED, where late commits are hidden. Erase at READ COMMITTED.";
      return new ConfigurationError({ option: "pool", problem, cause: error });
    }
    default:
      return error;
  }
}
