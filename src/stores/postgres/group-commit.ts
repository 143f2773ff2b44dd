import { EventfoldError } from "../../errors.ts";
import { afterTurn } from "../after-turn.ts";
import { refuseOverload, type Sized, takeGroup } from "../group-bounds.ts";
import type { Appending } from "./appending.ts";
import { type Database, mayStand, sqlState } from "./database.ts";
import { appendGroup } from "./group-statement.ts";

/** A group that takes longer waits for somebody, and no longer keeps the next one waiting. */
const PATIENCE_MS = 100;

/** An append that has not been answered. */
interface Waiting {
  readonly appending: Appending;
  readonly size: Sized;
  readonly answered: PromiseWithResolvers<number>;
}

/**
 * Has the appends that wait at the same time stored by one statement. One that comes while none is under way goes out at once, by
 * itself; those that come meanwhile are the next group. Each gets its own answer. Of one stream only one is under way at a time.
 */
export class GroupCommit {
  readonly #database: Database;
  /** One of each stream at most, the oldest first. */
  readonly #ready: Waiting[] = [];
  /** By stream, as long as one of it is ready or under way: those that come after that one. */
  readonly #behind = new Map<string, Waiting[]>();
  readonly #drained: PromiseWithResolvers<void>[] = [];
  #unanswered = 0;
  #underWay = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Resolves to the version that the stream then has.
   *
   * @throws {StoreOverloadedError} and as `Appending.storeIn` does.
   */
  async store(appending: Appending, size: Sized): Promise<number> {
    refuseOverload(this.#unanswered);
    const waiting: Waiting = { appending, size, answered: Promise.withResolvers() };
    this.#unanswered += 1;
    const behind = this.#behind.get(appending.streamKey);
    if (behind === undefined) {
      this.#behind.set(appending.streamKey, []);
      this.#makeReady(waiting);
    } else {
      behind.push(waiting);
    }
    return waiting.answered.promise;
  }

  /** Waits until every append has its answer. */
  async drain(): Promise<void> {
    if (this.#unanswered === 0) return;
    const drained = Promise.withResolvers<void>();
    this.#drained.push(drained);
    await drained.promise;
  }

  #makeReady(waiting: Waiting): void {
    this.#ready.push(waiting);
    if (!this.#underWay) this.#sendGroup();
  }

  #sendGroup(): void {
    const group = takeGroup(this.#ready);
    this.#underWay = group.length > 0;
    if (!this.#underWay) return;
    let over = false;
    const goOn = (): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      // After this turn: callers who were just answered may have more, and would always miss the group.
      afterTurn(() => this.#sendGroup());
    };
    const timer = setTimeout(goOn, PATIENCE_MS);
    timer.unref();
    void this.#store(group).then(goOn);
  }

  async #store(group: readonly Waiting[]): Promise<void> {
    const [first, second] = group;
    if (first !== undefined && second === undefined) await this.#storeAlone(first);
    else await this.#storeTogether(group);
  }

  async #storeTogether(group: readonly Waiting[]): Promise<void> {
    const appendings = group.map(({ appending }) => appending);
    try {
      const answers = await appendGroup(this.#database, appendings, PATIENCE_MS);
      for (const [index, waiting] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined || waiting.appending.lostRace(answer)) void this.#storeAlone(waiting);
        else this.#answer(waiting, () => waiting.appending.versionFrom(answer));
      }
    } catch (error) {
      // What the server refused is undone, and the fault of one of them perhaps: by itself each learns its own fate.
      const refused = !mayStand(error) && (sqlState(error) !== undefined || error instanceof EventfoldError);
      for (const waiting of group) {
        if (refused) void this.#storeAlone(waiting);
        else this.#refuse(waiting, waiting.appending.failure(error));
      }
    }
  }

  async #storeAlone(waiting: Waiting): Promise<void> {
    try {
      const { version } = await waiting.appending.storeIn(this.#database);
      this.#answer(waiting, () => version);
    } catch (error) {
      this.#refuse(waiting, error);
    }
  }

  #refuse(waiting: Waiting, error: unknown): void {
    this.#answer(waiting, () => {
      throw error;
    });
  }

  #answer({ appending: { streamKey }, answered }: Waiting, outcome: () => number): void {
    try {
      answered.resolve(outcome());
    } catch (error) {
      answered.reject(error);
    }
    this.#unanswered -= 1;
    const next = this.#behind.get(streamKey)?.shift();
    if (next !== undefined) this.#makeReady(next);
    else this.#behind.delete(streamKey);
    if (this.#unanswered === 0) for (const drained of this.#drained.splice(0)) drained.resolve();
  }
}
