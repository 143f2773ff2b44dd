import { ConfigurationError, StoreBusyError, TablesMissingError } from "../../errors.ts";
import type { StreamId } from "../../events/stream-id.ts";
import { type Database, sqlState } from "./database.ts";
import { eraseAggregate } from "./event-statements.ts";

interface Erased {
  readonly events: number;
  readonly snapshots: number;
}

/**
 * Deletes the rows of one aggregate, and leaves a tombstone, in one statement.
 *
 * @param throughVersion up to which version no snapshot may come back.
 * @throws {StoreBusyError} when a transaction that has written stays open for half a second.
 * @throws {ConfigurationError} above READ COMMITTED, where events that were committed late would be overlooked.
 */
export async function eraseIn(
  database: Database,
  { aggregateType, aggregateId }: StreamId,
  { withEvents, throughVersion }: { readonly withEvents: boolean; readonly throughVersion: number },
): Promise<Erased> {
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
