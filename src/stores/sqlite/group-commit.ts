import { DuplicateEventError, OptimisticConcurrencyError, StoreBusyError, StreamErasedError } from "../../errors.ts";
import type { NewEvent } from "../../events/event.ts";
import { afterTurn } from "../after-turn.ts";
import { refuseOverload, type Sized, sizeOf, takeGroup } from "../group-bounds.ts";
import type { SqliteDatabase } from "./database.ts";

/** A loop of reads, on a driver that blocks, never lets the turn end. Then what waits does not wait for it. */
const READS_BEFORE_MAX = 256;

/** An append that has not been answered. */
interface Waiting {
  readonly size: Sized;
  /** Stores it, within a transaction that holds the write lock. */
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Tells each caller what became of its append. */
type Answer = () => void;

/**
 * Has the appends of one turn of the event loop stored in one transaction. Each gets its own answer, and one that fails leaves
 * nothing behind.
 */
export class GroupCommit {
  readonly #database: SqliteDatabase;
  readonly #waiting: Waiting[] = [];
  /** Since the first one that waits has come. */
  #reads = 0;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /**
   * Resolves to what `work` returns, once that is committed. `work` may be called twice, and what it did the first time is undone.
   *
   * @throws {StoreOverloadedError} and what `work` throws.
   */
  async store<Result>(events: readonly NewEvent[], work: () => Result): Promise<Result> {
    refuseOverload(this.#waiting.length);
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push({ size: sizeOf(events), work, resolve, reject });
    if (this.#waiting.length === 1) this.#planGroup();
    return promise;
  }

  /** To be called before each read. */
  beforeRead(): void {
    if (this.#waiting.length === 0) return;
    this.#reads += 1;
    if (this.#reads > READS_BEFORE_MAX) this.drain();
  }

  /** Stores all that waits, now. */
  drain(): void {
    while (this.#waiting.length > 0) this.#storeGroup();
  }

  /** After this turn, when everybody whom it woke up has come. Then another turn, so that the process stays responsive. */
  #planGroup(): void {
    this.#reads = 0;
    afterTurn(() => {
      this.#storeGroup();
      if (this.#waiting.length > 0) this.#planGroup();
    });
  }

  #storeGroup(): void {
    const group = takeGroup(this.#waiting);
    for (const answer of this.#answersTo(group)) answer();
  }

  #answersTo(group: readonly Waiting[]): readonly Answer[] {
    if (group.length < 2) return group.map((waiting) => this.#storeAlone(waiting));
    try {
      return this.#database.transaction("BEGIN IMMEDIATE", () => group.map((waiting) => this.#storeWithin(waiting)));
    } catch (error) {
      // Whoever goes alone would wait as long as all of them have.
      if (error instanceof StoreBusyError) return group.map((waiting) => refusal(waiting, error));
      // All is undone, and it may have been the fault of one: by itself each learns its own fate.
      return group.map((waiting) => this.#storeAlone(waiting));
    }
  }

  #storeWithin(waiting: Waiting): Answer {
    try {
      const result = this.#database.savepoint(waiting.work);
      return () => waiting.resolve(result as never);
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      return refusal(waiting, error);
    }
  }

  #storeAlone(waiting: Waiting): Answer {
    try {
      const result = this.#database.transaction("BEGIN IMMEDIATE", waiting.work);
      return () => waiting.resolve(result as never);
    } catch (error) {
      return refusal(waiting, error);
    }
  }
}

function refusal({ reject }: Waiting, error: unknown): Answer {
  return () => reject(error);
}

/** Whether the transaction around is sound, because no statement failed, or just the one that is undone. */
function isOwnFault(error: unknown): boolean {
  return (
    error instanceof OptimisticConcurrencyError ||
    error instanceof StreamErasedError ||
    error instanceof DuplicateEventError
  );
}
