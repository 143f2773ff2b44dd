import {
  CommitUnknownError,
  DuplicateEventError,
  InvalidAppendError,
  OptimisticConcurrencyError,
  StreamErasedError,
} from "../../errors.ts";
import type { NewEvent } from "../../events/event.ts";
import type { AppendOptions } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { JointAppendResult, RejectedRow } from "../../snapshots/snapshot-store.ts";
import { type Database, isTransactionOver, mayStand, sqlState } from "./database.ts";
import { appendEvent, appendEventAt, appendEvents, selectHead, selectVersion } from "./event-statements.ts";
import { appendEventsWithSnapshot, appendEventWithSnapshot } from "./joint-statements.ts";
import { snapshotValues } from "./rows.ts";

/** How often an append that lost a race is repeated. Each time some other append was stored, so only a crowd needs many. */
const ATTEMPTS_MAX = 1_000;

/** What PostgreSQL tells of an append. */
export interface Answer {
  /** Version of the stream before. */
  readonly head: number;
  /** Whether it was at the version, and on the event, that the append expects. */
  readonly expected: boolean;
  readonly erased: boolean;
  readonly appended: boolean;
}

export type AnswerColumns = readonly [head: string, expected: string, erased: string, appended: string];

export function toAnswer([head, expected, erased, appended]: AnswerColumns): Answer {
  return { head: Number(head), expected: expected === "1", erased: erased === "1", appended: appended === "1" };
}

/** One append, with everything copied that the caller could change meanwhile. */
export class Appending {
  readonly stream: StreamId;
  /** The same for the same stream, and an order of streams that all processes share. */
  readonly streamKey: string;
  /** Null for any. */
  readonly expectedVersion: number | null;
  /** Null for any. */
  readonly expectedEventId: string | null;
  readonly eventIds: readonly string[];
  /** Of its events: ids, types, schema versions, data, metadata and times. */
  readonly columns: readonly (readonly unknown[])[];
  readonly #snapshot: SnapshotToStore | undefined;

  constructor(
    { aggregateType, aggregateId }: StreamId,
    events: readonly NewEvent[],
    { expectedVersion, expectedEventId }: AppendOptions,
    snapshot?: SnapshotToStore,
  ) {
    if (expectedEventId?.includes("\0")) {
      const problem = "expectedEventId contains U+0000, as no id in PostgreSQL does. Pass the id that was read.";
      throw new InvalidAppendError({ stream: { aggregateType, aggregateId }, problem });
    }
    this.stream = { aggregateType, aggregateId };
    this.streamKey = `${aggregateType}\0${aggregateId}`;
    this.expectedVersion = expectedVersion === "any" ? null : expectedVersion;
    this.expectedEventId = expectedEventId ?? null;
    this.eventIds = events.map((event) => event.id);
    this.columns = [
      this.eventIds,
      events.map((event) => event.type),
      events.map((event) => event.schemaVersion),
      events.map((event) => event.dataText),
      events.map((event) => event.metadataText),
      events.map((event) => event.occurredAt),
    ];
    this.#snapshot = snapshot;
  }

  /** @throws as `EventStore.append` does. */
  async storeIn(database: Database): Promise<JointAppendResult> {
    const [statement, values] = this.#statement();
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#send(database, statement, values);
      if (this.lostRace(answer) && attempt < ATTEMPTS_MAX) continue;
      return { version: this.versionFrom(answer), snapshot: answer.stored ? "stored" : "kept" };
    }
  }

  /** The head was the expected one, and still nothing went in: another append came between. A repetition may succeed. */
  lostRace({ expected, erased, appended }: Answer): boolean {
    return !appended && !erased && expected;
  }

  /** @throws {StreamErasedError} or {OptimisticConcurrencyError} when it was not appended. */
  versionFrom({ head, erased, appended }: Answer): number {
    const stream = this.stream;
    if (appended) return head + this.eventIds.length;
    if (erased) throw new StreamErasedError({ stream });
    const { expectedVersion, expectedEventId } = this;
    throw new OptimisticConcurrencyError({
      stream,
      expectedVersion: expectedVersion ?? head,
      actualVersion: head,
      ...(expectedVersion === head && expectedEventId !== null && { expectedEventId }),
    });
  }

  /** What `error`, which came instead of an answer, means for this append. */
  failure(error: unknown): unknown {
    const stream = this.stream;
    const { constraint, detail = "" } = error as { constraint?: string; detail?: string };
    if (sqlState(error) === "23505" && constraint === "events_id_key") {
      // The rest of the sentence is in the language of the server.
      const eventId = this.eventIds.find((id) => detail.includes(`(id)=(${id})`));
      return new DuplicateEventError({ stream, eventId, cause: error });
    }
    return mayStand(error) ? new CommitUnknownError({ stream, cause: error }) : error;
  }

  #statement(): [text: string, values: unknown[]] {
    const { stream, expectedVersion, expectedEventId, columns } = this;
    const snapshot = this.#snapshot;
    const one = this.eventIds.length === 1;
    const events = one ? columns.map(([first]) => first) : columns;
    const values = [stream.aggregateType, stream.aggregateId, expectedVersion, expectedEventId, ...events];
    if (snapshot === undefined) {
      return [one ? (expectedVersion === null ? appendEvent : appendEventAt) : appendEvents, values];
    }
    values.push(...snapshotValues(snapshot.row, snapshot.replacing));
    return [one ? appendEventWithSnapshot : appendEventsWithSnapshot, values];
  }

  /** Tries once. Where nothing was appended, the answer tells what stands there. */
  async #send(database: Database, statement: string, values: unknown[]): Promise<JointAnswer> {
    let conflict: unknown;
    try {
      const answer = await this.#ask(database, statement, values);
      if (answer !== undefined) return answer;
    } catch (error) {
      if (sqlState(error) !== "40001") throw this.failure(error);
      // Above READ COMMITTED a lost race is an error.
      conflict = error;
    }
    try {
      const ofTheHead = values.slice(0, 4);
      const [head] = (await database.read<JointAnswerColumns>(selectHead, ofTheHead)) as [JointAnswerColumns];
      return toJointAnswer(head);
    } catch (error) {
      // The transaction of the caller's, that is, which is the caller's to repeat.
      throw conflict !== undefined && isTransactionOver(error) ? conflict : error;
    }
  }

  /** Undefined where `appendEventAt`, which says no more than that, appended nothing. */
  async #ask(database: Database, statement: string, values: unknown[]): Promise<JointAnswer | undefined> {
    if (statement === appendEventAt) {
      const appended = (await database.count(statement, values)) > 0;
      const head = Number(this.expectedVersion);
      return appended ? { head, expected: true, erased: false, appended, stored: false } : undefined;
    }
    const [row] = await database.rows<JointAnswerColumns>(statement, values);
    return row && toJointAnswer(row);
  }
}

interface JointAnswer extends Answer {
  readonly stored: boolean;
}

type JointAnswerColumns = readonly [...AnswerColumns, stored: string | null];

function toJointAnswer([head, expected, erased, appended, stored]: JointAnswerColumns): JointAnswer {
  return { ...toAnswer([head, expected, erased, appended]), stored: stored === "1" };
}

interface SnapshotToStore {
  readonly row: SnapshotRow;
  readonly replacing: RejectedRow | undefined;
}

export async function headOf(database: Database, { aggregateType, aggregateId }: StreamId): Promise<number> {
  const [row] = await database.read(selectVersion, [aggregateType, aggregateId]);
  return Number(row?.[0] ?? 0);
}
