import { AppendCost, MeasuredCost, MedianCost } from "./measured-cost.ts";
import { RecentMap } from "./recent-map.ts";

/** What loads of one aggregate have replayed since its last snapshot, as far as this process has seen, and what that costs. */
export interface ReplayDebt {
  /** Events that its loads have replayed, over and over, since the last snapshot that counts. */
  readonly events: number;
  /** Loads since the last save. As many may come before the next one. */
  readonly loadsSinceSave: number;
  /** Loads for each event saved, all in all; above 0, since loads may come. */
  readonly loadsPerEvent: number;
  /** Of which the instance's own load took so long for replaying. 0 once the instance has written a snapshot. */
  readonly replayMs: number;
  /**
   * For this class: by how much loads take longer for each event that they replay. Until they tell, a hundredth of `writeMs`;
   * undefined where that is not measured either.
   */
  readonly replayMsPerEvent: number | undefined;
  /** What taking and writing a snapshot costs: median, for this class; undefined until measured. */
  readonly writeMs: number | undefined;
  /** How many events are replayed in that time: from 10 to 100,000; 100 until both times are known. */
  readonly writeEvents: number;
}

export interface LoadSeen {
  readonly aggregateId: string;
  /** Of the snapshot that the load began with; 0 if none. */
  readonly snapshotVersion: number;
  readonly eventsReplayed: number;
  /** Undefined when it was not measured by itself. */
  readonly durationMs: number | undefined;
}

export interface DebtQuery {
  readonly aggregateId: string;
  readonly version: number;
  readonly snapshotVersion: number;
  /** Events that are about to be saved; 0 after a load. */
  readonly saving: number;
  /** Whether a snapshot of `snapshotVersion` is on its way: what was owed when it was taken is left out. */
  readonly inFlight: boolean;
  /** As the load of the instance measured it. */
  readonly replayMs: number;
}

/** What is known of one aggregate. */
interface Account {
  snapshotVersion: number;
  events: number;
  /** What was owed when the newest snapshot was taken, which may still be on its way. */
  taken: { readonly version: number; readonly events: number } | undefined;
  loads: number;
  eventsSaved: number;
  loadsSinceSave: number;
}

/** So many aggregates are remembered, or up to twice as many: about 2 MB. */
const ACCOUNTS_MIN = 8_192;
/** In both databases, with states of a few hundred bytes, writing a snapshot takes as long as replaying so many events. */
const WRITE_EVENTS_DEFAULT = 100;
/** A cost that is measured as next to nothing is a clock that is coarse, or left out what a row costs the database later. */
const WRITE_EVENTS_MIN = 10;
const WRITE_EVENTS_MAX = 100_000;
/** Of one load that was never seen: half. Keeps aggregates that nobody has loaded yet from counting as never to be loaded. */
const LOADS_UNSEEN = 0.5;
/** Beyond so many events saved the past counts for half, so that what is read more or less than before shows. */
const EVENTS_REMEMBERED = 65_536;

/**
 * Keeps the books of one repository: what the loads of each aggregate have replayed since its last snapshot, and what replaying
 * and writing cost. What other processes load is not seen. Bounded: of aggregates beyond some thousands the debt is forgotten.
 */
export class ReplayDebts {
  readonly #accounts = new RecentMap<Account>(ACCOUNTS_MIN);
  readonly #loadCost = new MeasuredCost();
  readonly #appendCost = new AppendCost();
  readonly #writeCost = new MedianCost();

  /** Aggregates that are remembered. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Notes a load. @returns how long it replayed for, in milliseconds. */
  loaded({ aggregateId, snapshotVersion, eventsReplayed, durationMs }: LoadSeen): number {
    if (durationMs !== undefined) this.#loadCost.note(eventsReplayed, durationMs);
    const account = this.#account(aggregateId, snapshotVersion);
    // Another process has written one, and ended the debt.
    if (snapshotVersion > account.snapshotVersion) settle(account);
    account.snapshotVersion = snapshotVersion;
    account.events += eventsReplayed;
    account.loads += 1;
    account.loadsSinceSave += 1;
    const replayMs = eventsReplayed * (this.#loadCost.msPerUnit ?? 0);
    return durationMs === undefined ? replayMs : Math.min(replayMs, durationMs > 0 ? durationMs : 0);
  }

  /** What is owed for an aggregate. Notes nothing. */
  of({ aggregateId, version, snapshotVersion, saving, inFlight, replayMs }: DebtQuery): ReplayDebt {
    const account = this.#account(aggregateId, snapshotVersion);
    const { events, taken, loads, eventsSaved, loadsSinceSave } = account;
    const coming = inFlight && taken !== undefined && taken.version >= snapshotVersion;
    const writeMs = this.#writeCost.ms;
    const replayMsPerEvent = this.#replayMsPerEvent(writeMs);
    return {
      events: coming ? events - taken.events : events,
      loadsSinceSave,
      // What was saved since the snapshot was saved, seen or not.
      loadsPerEvent: (loads + LOADS_UNSEEN) / Math.max(1, eventsSaved + saving, version - snapshotVersion),
      replayMs: inFlight ? 0 : replayMs,
      replayMsPerEvent,
      writeMs,
      writeEvents: writeEventsOf(writeMs, replayMsPerEvent),
    };
  }

  /** A save is committed. @param alone whether no snapshot went with the events, so that this is what an append costs */
  saved(aggregateId: string, count: number, { durationMs, alone }: { durationMs: number; alone: boolean }): void {
    if (alone) this.#appendCost.note(count, durationMs);
    const account = this.#account(aggregateId, 0);
    account.loadsSinceSave = 0;
    account.eventsSaved += count;
    if (account.eventsSaved <= EVENTS_REMEMBERED) return;
    account.eventsSaved /= 2;
    account.loads /= 2;
  }

  /** A snapshot was taken. The debt stays until it is stored. */
  taken(aggregateId: string, version: number): void {
    const account = this.#account(aggregateId, 0);
    account.taken = { version, events: account.events };
  }

  /** A snapshot is stored, or a newer one stands there: nothing is owed any more. */
  settled(aggregateId: string, version: number): void {
    const account = this.#account(aggregateId, version);
    account.snapshotVersion = Math.max(account.snapshotVersion, version);
    settle(account);
  }

  /** Notes what taking and writing a snapshot took by itself. */
  noteWriteCost(durationMs: number): void {
    this.#writeCost.note(durationMs);
  }

  /** Notes what taking a snapshot and writing it with `count` events took. */
  noteJointWriteCost(count: number, { captureMs, appendMs }: { captureMs: number; appendMs: number }): void {
    const alone = this.#appendCost.msOf(count);
    if (alone !== undefined) this.noteWriteCost(captureMs + Math.max(0, appendMs - alone));
  }

  /** The aggregate was erased. */
  forget(aggregateId: string): void {
    this.#accounts.delete(aggregateId);
  }

  /** Until the loads tell, what makes writing a snapshot cost the usual number of events. */
  #replayMsPerEvent(writeMs: number | undefined): number | undefined {
    if (writeMs === undefined) return this.#loadCost.msPerUnit;
    return this.#loadCost.msPerUnitExpecting(writeMs / WRITE_EVENTS_DEFAULT);
  }

  #account(aggregateId: string, snapshotVersion: number): Account {
    let account = this.#accounts.get(aggregateId);
    if (account === undefined) {
      account = {
        snapshotVersion,
        events: 0,
        taken: undefined,
        loads: 0,
        eventsSaved: 0,
        loadsSinceSave: 0,
      };
      this.#accounts.set(aggregateId, account);
    }
    return account;
  }
}

function settle(account: Account): void {
  account.events = 0;
  account.taken = undefined;
}

/** Within its bounds. */
function writeEventsOf(writeMs: number | undefined, replayMsPerEvent: number | undefined): number {
  if (writeMs === undefined || replayMsPerEvent === undefined) return WRITE_EVENTS_DEFAULT;
  return Math.min(WRITE_EVENTS_MAX, Math.max(WRITE_EVENTS_MIN, writeMs / replayMsPerEvent));
}
