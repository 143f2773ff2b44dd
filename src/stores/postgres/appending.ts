import {
  CommitUnknownError,
  DuplicateEventError,
  OptimisticConcurrencyError,
  StreamErasedError,
} from "../../errors.ts";
import type { NewEvent } from "../../events/event.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { JointAppendResult, RejectedRow } from "../../snapshots/snapshot-store.ts";
import { type Database, mayStand, sqlState } from "./database.ts";
import { appendEvent, appendEvents, selectVersion } from "./event-statements.ts";
import { appendEventsWithSnapshot, appendEventWithSnapshot } from "./joint-statements.ts";
import { snapshotValues } from "./rows.ts";

/** How often an append that lost a race is repeated. Each time some other append was stored, so only a crowd needs many. */
const ATTEMPTS_MAX = 1_000;

/** One append, with everything copied that the caller could change meanwhile. */
export class Appending {
  readonly #stream: StreamId;
  readonly #expectedVersion: number | "any";
  readonly #eventIds: readonly string[];
  readonly #statement: string;
  readonly #values: unknown[];

  constructor(
    { aggregateType, aggregateId }: StreamId,
    events: readonly NewEvent[],
    expectedVersion: number | "any",
    snapshot?: { readonly row: SnapshotRow; readonly replacing: RejectedRow | undefined },
  ) {
    this.#stream = { aggregateType, aggregateId };
    this.#expectedVersion = expectedVersion;
    this.#eventIds = events.map((event) => event.id);
    const one = events.length === 1;
    if (snapshot === undefined) this.#statement = one ? appendEvent : appendEvents;
    else this.#statement = one ? appendEventWithSnapshot : appendEventsWithSnapshot;
    const columns = [
      this.#eventIds,
      events.map((event) => event.type),
      events.map((event) => event.schemaVersion),
      events.map((event) => event.dataText),
      events.map((event) => event.metadataText),
      events.map((event) => event.occurredAt),
    ];
    this.#values = [
      aggregateType,
      aggregateId,
      expectedVersion === "any" ? null : expectedVersion,
      ...(one ? columns.map(([first]) => first) : columns),
      ...(snapshot === undefined ? [] : snapshotValues(snapshot.row, snapshot.replacing)),
    ];
  }

  /** @throws as `EventStore.append` does. */
  async storeIn(database: Database): Promise<JointAppendResult> {
    const [stream, expectedVersion] = [this.#stream, this.#expectedVersion];
    for (let attempt = 1; ; attempt += 1) {
      const { head, erased, appended, stored } = await this.#send(database);
      if (appended) return { version: head + this.#eventIds.length, snapshot: stored ? "stored" : "kept" };
      if (erased) throw new StreamErasedError({ stream });
      const lostRace = expectedVersion === "any" || expectedVersion === head;
      if (lostRace && attempt < ATTEMPTS_MAX) continue;
      throw new OptimisticConcurrencyError({
        stream,
        expectedVersion: expectedVersion === "any" ? head : expectedVersion,
        actualVersion: head,
      });
    }
  }

  async #send(database: Database): Promise<{ head: number; erased: boolean; appended: boolean; stored: boolean }> {
    try {
      const [row = []] = await database.rows(this.#statement, this.#values);
      return { head: Number(row[0]), erased: row[1] === "1", appended: row[2] === "1", stored: row[3] === "1" };
    } catch (error) {
      if (sqlState(error) !== "40001") throw this.#translated(error);
      // Above READ COMMITTED a lost race is an error. Inside a transaction that is over then, and the caller's to repeat.
      const head = await headOf(database, this.#stream).catch(() => undefined);
      if (head === undefined) throw error;
      return { head, erased: false, appended: false, stored: false };
    }
  }

  #translated(error: unknown): unknown {
    const stream = this.#stream;
    const { constraint, detail = "" } = error as { constraint?: string; detail?: string };
    if (sqlState(error) === "23505" && constraint === "events_id_key") {
      // The rest of the sentence is in the language of the server.
      const eventId = this.#eventIds.find((id) => detail.includes(`(id)=(${id})`));
      return new DuplicateEventError({ stream, eventId, cause: error });
    }
    return mayStand(error) ? new CommitUnknownError({ stream, cause: error }) : error;
  }
}

export async function headOf(database: Database, { aggregateType, aggregateId }: StreamId): Promise<number> {
  const [row] = await database.rows(selectVersion, [aggregateType, aggregateId]);
  return Number(row?.[0] ?? 0);
}
