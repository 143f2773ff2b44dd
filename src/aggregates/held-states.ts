import type { EventStore } from "../events/event-store.ts";
import type { SnapshotBaseline } from "../snapshots/snapshot-writer.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";

/** A committed state, as text: each load makes a state of its own from it. */
export interface HeldState {
  readonly aggregateId: string;
  readonly version: number;
  readonly lastEventId: string | undefined;
  readonly stateText: string;
  /** A moment of `performance.now()` at which nothing newer was committed. */
  readonly checkedAt: number;
  /** What the instance that left it knows, and comes to know, of its snapshot. */
  readonly baseline: SnapshotBaseline;
}

interface Entry extends HeldState {
  readonly eventStore: EventStore;
  readonly aggregateType: string;
}

/** What this process was last told of a stream. */
interface Change {
  /** Of the event that the stream then ended with; undefined when that is not known. */
  readonly lastEventId: string | undefined;
  readonly at: number;
}

/** For what is around a state: key, ids, objects. Measured on Node.js 24 with UUIDs: 400 bytes. */
const BYTES_AROUND_A_STATE = 500;

/** Streams whose last change is remembered: 2.5 MB with UUIDs. */
const CHANGES_MAX = 10_000;

/** States within bounds of number and memory: what was not used for longest makes room. */
export class BoundedStates {
  /** What was not used for longest comes first. */
  readonly #entries = new Map<string, Entry>();
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  /** By event store, type and id, the oldest first: held states come and go, and what was saved is to be seen all the same. */
  readonly #changes = new Map<string, Change>();
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  #byteCount = 0;
  #era = 0;
  /** The last change that is not remembered any more. */
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor(entriesMax: number, bytesMax: number) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  get entryCount(): number {
    return this.#entries.size;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** Grows whenever something is dropped for good: what was read before must not be put afterwards. */
  get era(): number {
    return this.#era;
  }

  /** Tells objects apart in keys. */
  numberOf(object: object): number {
    let number = this.#numbers.get(object);
    if (number === undefined) this.#numbers.set(object, (number = this.#lastNumber += 1));
    return number;
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: Entry): void {
    this.delete(key);
    const bytes = bytesOf(entry);
    if (bytes > this.#bytesMax) return;
    this.#entries.set(key, entry);
    this.#byteCount += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax && this.#byteCount <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#byteCount -= bytesOf(entry);
  }

  /** @param lastEventId of what was committed; undefined when nobody knows, or others committed something. */
  noteChange(stream: string, lastEventId: string | undefined): void {
    this.#changes.delete(stream);
    this.#changes.set(stream, { lastEventId, at: performance.now() });
    if (this.#changes.size <= CHANGES_MAX) return;
    for (const [oldest, { at }] of this.#changes) {
      this.#changes.delete(oldest);
      this.#forgottenAt = at;
      return;
    }
  }

  /** Whether a state has seen all that this process knows to have been committed. */
  hasSeenChanges(stream: string, { checkedAt, lastEventId }: HeldState): boolean {
    const { at, lastEventId: committed } = this.#changes.get(stream) ?? {
      at: this.#forgottenAt,
      lastEventId: undefined,
    };
    return checkedAt > at || (committed !== undefined && committed === lastEventId);
  }

  /** Drops for good whatever fits. */
  purge(fits: (entry: Entry) => boolean): void {
    this.#era += 1;
    for (const [key, entry] of this.#entries) if (fits(entry)) this.delete(key);
  }
}

/** The states of one class over one event store. */
export class HeldStates {
  readonly #states: BoundedStates;
  readonly #eventStore: EventStore;
  readonly #aggregateType: string;
  readonly #prefix: string;
  readonly #streamPrefix: string;

  constructor(states: BoundedStates, eventStore: EventStore, definition: AggregateDefinition) {
    this.#states = states;
    this.#eventStore = eventStore;
    this.#aggregateType = definition.aggregateType;
    // The definition of a class is no other's: two with the same type, schema version and fingerprint may still fold differently.
    this.#prefix = `${states.numberOf(eventStore)}:${states.numberOf(definition)}:`;
    // Whatever the class: no type has U+0000 in it.
    this.#streamPrefix = `${states.numberOf(eventStore)}:${definition.aggregateType}\0`;
  }

  /** For `put`: that of the moment at which the reading began. */
  get era(): number {
    return this.#states.era;
  }

  /** Whether what the event store has taken may be rolled back by its owner. */
  get mayBeUndone(): boolean {
    return this.#eventStore.joinsTransactions ?? false;
  }

  get(aggregateId: string): HeldState | undefined {
    return this.#states.get(this.#prefix + aggregateId);
  }

  /**
   * The held state if it was the newest one less than `staleMs` ago, and has seen what this process saved. None where a transaction
   * of the store's owner may undo what was read.
   */
  getFresh(aggregateId: string, staleMs: number): HeldState | undefined {
    if (staleMs === 0 || this.mayBeUndone) return undefined;
    const held = this.get(aggregateId);
    if (held === undefined || performance.now() - held.checkedAt >= staleMs) return undefined;
    return this.#states.hasSeenChanges(this.#streamPrefix + aggregateId, held) ? held : undefined;
  }

  /** Keeps a state, unless a newer one is there, or something was dropped for good since `era`. */
  put(held: HeldState, era: number): void {
    if (era !== this.#states.era) return;
    const present = this.get(held.aggregateId);
    if (present !== undefined && isNewer(present, held)) return;
    const entry = { ...held, eventStore: this.#eventStore, aggregateType: this.#aggregateType };
    this.#states.set(this.#prefix + held.aggregateId, entry);
  }

  /** Lets nothing that was read before pass for fresh, whichever class holds it, but what ends with the committed event. */
  noteChange(aggregateId: string, lastEventId: string | undefined): void {
    this.#states.noteChange(this.#streamPrefix + aggregateId, lastEventId);
  }

  /** Drops the state that a load has rejected. */
  drop(aggregateId: string): void {
    this.#states.delete(this.#prefix + aggregateId);
  }

  /** Drops the aggregate for good: for every class over the same event store, and what is being read of it. */
  purge(aggregateId: string): void {
    this.#states.purge(
      (entry) =>
        entry.eventStore === this.#eventStore &&
        entry.aggregateType === this.#aggregateType &&
        entry.aggregateId === aggregateId,
    );
  }
}

function isNewer(present: HeldState, held: HeldState): boolean {
  return present.version > held.version || (present.version === held.version && present.checkedAt > held.checkedAt);
}

function bytesOf({ aggregateId, stateText }: HeldState): number {
  return 2 * (aggregateId.length + stateText.length) + BYTES_AROUND_A_STATE;
}
