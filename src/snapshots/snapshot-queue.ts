import { discardPromise } from "../events/discard-promise.ts";
import { named, type SnapshotCapture, type SnapshotWriter } from "./snapshot-writer.ts";

export interface SnapshotQueueOptions {
  readonly aggregateType: string;
  /** Aggregates that wait or are being written, at most. */
  readonly queueLimit: number;
  /** Takes a promise that settles when the snapshot has; for hosts that stop after the response. */
  readonly waitUntil: ((settled: Promise<void>) => void) | undefined;
}

/** One aggregate's place in the queue. */
interface Entry {
  /** The newest one; older ones that it replaced are never written. */
  capture: SnapshotCapture;
  /** Not before, on the clock of `performance.now`. */
  notBefore: number;
  readonly settled: Promise<void>;
  readonly settle: () => void;
}

/** Few enough to leave a connection pool to the saves. */
const WRITES_AT_ONCE = 4;
/** After a deployment every load may heal: one write at a time, and the processes spread over a while. */
const HEALING_WRITES_AT_ONCE = 1;
const HEALING_DELAY_MS_MAX = 1_000;

/** A wake-up this late means that drivers that block, called in a loop, leave timers no turn. */
const WAKE_UP_LATE_MS = 50;

/** The longest that a timer can wait. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * Writes snapshots behind the caller's back: at most a few at once and one for each aggregate, the newest of each. It does not
 * keep the process alive; what a process leaves unwritten at its end is reported.
 */
export class SnapshotQueue {
  readonly #writer: SnapshotWriter;
  readonly #options: SnapshotQueueOptions;
  readonly #waiting = new Map<string, Entry>();
  readonly #running = new Map<string, Entry>();
  /** The only one: each snapshot with a timer of its own would leave one behind whenever others had it written before. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer should wake the queue up, by `performance.now()`; infinity when none is set. */
  #wakeUpAt = Number.POSITIVE_INFINITY;

  constructor(writer: SnapshotWriter, options: SnapshotQueueOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  /** Aggregates that wait or are being written. */
  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Takes a capture, unless the queue is full: then it is refused, and reported. One that heals may wait a little. */
  add(capture: SnapshotCapture): void {
    const { aggregateId } = capture.snapshot;
    const now = performance.now();
    const notBefore = capture.healing ? now + Math.random() * HEALING_DELAY_MS_MAX : now;
    const waiting = this.#waiting.get(aggregateId);
    if (waiting !== undefined) {
      this.#replace(waiting, capture);
      waiting.notBefore = Math.min(waiting.notBefore, notBefore);
    } else if (this.size >= this.#options.queueLimit && (capture.healing || !this.#makeRoom())) {
      this.#refuse(capture);
    } else {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#take(capture);
      this.#waiting.set(aggregateId, { capture, notBefore, settled: promise, settle: resolve });
      rememberUnwritten(this);
      this.#handOver(promise, capture);
    }
    this.#planWakeUp(notBefore);
    // Else nothing would be written as long as such a loop runs, and each of its loads would replay more.
    if (now - this.#wakeUpAt >= WAKE_UP_LATE_MS) {
      this.#wakeUpAt = now;
      queueMicrotask(() => this.#wakeUp());
    }
  }

  /** Waits for all that is in the queue now. Resolves to how many writes settled, failed ones included. */
  async drain(): Promise<number> {
    const entries = [...this.#running.values(), ...this.#waiting.values()];
    if (entries.length === 0) return 0;
    for (const entry of entries) entry.notBefore = 0;
    this.#wakeUp();
    // Writes do not keep the process alive, but somebody waits for these.
    const awake = setTimeout(() => undefined, DELAY_MS_MAX);
    await Promise.all(entries.map(({ settled }) => settled));
    clearTimeout(awake);
    return entries.length;
  }

  /** Forgets what waits for an aggregate up to a version: a snapshot at least as new is stored, or none is wanted. */
  forget(aggregateId: string, throughVersion: number): void {
    const waiting = this.#waiting.get(aggregateId);
    if (waiting !== undefined && waiting.capture.snapshot.version <= throughVersion) this.#drop(waiting);
  }

  /** Waits for what is being written for an aggregate. */
  async settled(aggregateId: string): Promise<void> {
    await this.#running.get(aggregateId)?.settled;
  }

  /** What loads have asked for is no loss: the next load asks again. */
  reportDropped(): void {
    const { aggregateType } = this.#options;
    const entries = [...this.#running.values(), ...this.#waiting.values()];
    const count = entries.filter(({ capture }) => !capture.healing).length;
    if (count > 0) this.#writer.report({ kind: "snapshots-dropped", aggregateType, count });
  }

  /** What a save has taken goes before what a load has asked for. */
  #makeRoom(): boolean {
    const healing = [...this.#waiting.values()].find(({ capture }) => capture.healing);
    if (healing === undefined) return false;
    this.#drop(healing);
    this.#refuse(healing.capture);
    return true;
  }

  #drop({ capture, settle }: Entry): void {
    this.#waiting.delete(capture.snapshot.aggregateId);
    this.#writer.untrack(capture);
    settle();
  }

  #refuse(capture: SnapshotCapture): void {
    this.#writer.report({ kind: "snapshot-refused", ...named(capture), reason: "queue-full" });
  }

  #replace(waiting: Entry, capture: SnapshotCapture): void {
    const older = waiting.capture;
    if (capture.snapshot.version < older.snapshot.version) return;
    this.#writer.untrack(older);
    // The rejected row still lies there: whoever writes next replaces it.
    const replacing = capture.replacing ?? older.replacing;
    waiting.capture = { ...capture, replacing, healing: capture.healing && older.healing };
    this.#take(waiting.capture);
  }

  #take(capture: SnapshotCapture): void {
    this.#writer.track(capture);
    this.#writer.report({ kind: "snapshot-queued", ...named(capture) });
  }

  /** The host's trouble is not the save's, whose events are committed. */
  #handOver(settled: Promise<void>, capture: SnapshotCapture): void {
    try {
      discardPromise(this.#options.waitUntil?.(settled));
    } catch (error) {
      this.#writer.report({ kind: "wait-until-failed", ...named(capture), error });
    }
  }

  /** Writing starts after the caller's turn, also on a driver that blocks: the save that led here returns first. */
  #planWakeUp(at: number): void {
    if (at >= this.#wakeUpAt) return;
    clearTimeout(this.#timer);
    this.#wakeUpAt = at;
    this.#timer = setTimeout(
      () => {
        this.#wakeUpAt = Number.POSITIVE_INFINITY;
        this.#wakeUp();
      },
      Math.max(0, at - performance.now()),
    );
    this.#timer.unref?.();
  }

  #wakeUp(): void {
    const now = performance.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const [aggregateId, entry] of this.#waiting) {
      if (this.#running.size >= WRITES_AT_ONCE) break;
      if (this.#running.has(aggregateId) || (entry.capture.healing && this.#healingNow() >= HEALING_WRITES_AT_ONCE))
        continue;
      if (entry.notBefore > now) {
        earliest = Math.min(earliest, entry.notBefore);
        continue;
      }
      this.#waiting.delete(aggregateId);
      this.#running.set(aggregateId, entry);
      void this.#run(aggregateId, entry);
    }
    // Whoever is left out for another reason starts when a running one ends.
    this.#planWakeUp(earliest);
    if (this.size === 0) unwritten.delete(this);
  }

  #healingNow(): number {
    return [...this.#running.values()].filter(({ capture }) => capture.healing).length;
  }

  async #run(aggregateId: string, entry: Entry): Promise<void> {
    await this.#writer.write(entry.capture, false);
    this.#running.delete(aggregateId);
    entry.settle();
    this.#wakeUp();
  }
}

/** Queues that may hold something when the process ends. */
const unwritten = new Set<SnapshotQueue>();
let listening = false;

/** Where there is a process (Node, Bun, Deno), its end says what it took with it. */
function rememberUnwritten(queue: SnapshotQueue): void {
  unwritten.add(queue);
  if (listening) return;
  listening = true;
  const { process } = globalThis as { process?: { once?(event: "exit", listener: () => void): void } };
  process?.once?.("exit", () => {
    for (const each of unwritten) each.reportDropped();
  });
}
