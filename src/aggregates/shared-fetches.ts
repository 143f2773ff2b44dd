import { bounded } from "../snapshots/bounded.ts";

/** Long enough for a history of millions of events; a read that hangs must not hold every later one. */
const WAIT_MS = 30_000;

/**
 * Lets calls for one key that wait at the same time share one fetch: one is under way, and all that come meanwhile share the next.
 * None shares a fetch that began before it was called, which may miss what was committed in between.
 */
export class SharedFetches<Outcome> {
  /** Outcomes, undefined of fetches that fail: of those that are under way, and of those that have not begun. */
  readonly #running = new Map<string, Promise<Outcome | undefined>>();
  readonly #next = new Map<string, Promise<Outcome | undefined>>();

  /** Fetches with `lead`, which gives what others share beside what is its own; or waits for the outcome of another's fetch. */
  async run<Own>(
    key: string,
    lead: () => Promise<{ readonly own: Own; readonly outcome: Outcome | undefined }>,
    follow: (outcome: Outcome | undefined) => Promise<Own>,
  ): Promise<Own> {
    const joined = this.#next.get(key);
    if (joined !== undefined) return await follow(await settled(joined));
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    this.#next.set(key, promise);
    const running = this.#running.get(key);
    // Also where nothing is under way, calls of the same tick join.
    await (running && settled(running));
    this.#next.delete(key);
    this.#running.set(key, promise);
    try {
      const { own, outcome } = await lead();
      resolve(outcome);
      return own;
    } finally {
      if (this.#running.get(key) === promise) this.#running.delete(key);
      resolve(undefined);
    }
  }
}

/** Undefined also when it takes too long. */
async function settled<Outcome>(outcome: Promise<Outcome | undefined>): Promise<Outcome | undefined> {
  return await bounded("Another fetch of the aggregate", WAIT_MS, outcome).catch(() => undefined);
}
