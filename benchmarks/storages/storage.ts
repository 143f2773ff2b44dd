import type { EventStore, JointStore, SnapshotStore } from "eventfold";
import type { AccountState } from "../account.ts";

/** Stores of one kind, and beside them what a programmer would write by hand. */
export interface Storage {
  readonly name: string;
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  readonly bare: BareDriver;
  /** What a load reads, by the means of the library, without the event that proves the snapshot. */
  readonly readUnproven: JointStore["readForLoad"];
  /** As `readUnproven`, where the library's loads do not wait for promises. */
  readonly readUnprovenSync?: NonNullable<JointStore["readForLoadSync"]>;
  /** What the measurements depend on: versions, and the durability in force, as the open connection has it. */
  readonly facts: readonly string[];
  /** Where another process finds the stores; undefined when it cannot. */
  readonly location: string | undefined;
  /** Answers that the server has sent to the connections of the stores since they were opened; undefined without a server. */
  readonly roundTrips: (() => number) | undefined;
  /** Stores for many saves: these, or where nothing would ever free the memory, new ones. */
  forSaves(): Storage;
  /**
   * Lets `bare` know accounts that are complete, and brings tables and files into the state to which they come by themselves
   * after a while.
   */
  settle(accounts: readonly MadeAccount[]): Promise<void>;
  /** Deletes all that was made. */
  close(): Promise<void>;
}

/** An account that saves of the library have made. */
export interface MadeAccount {
  readonly id: string;
  /** In total. */
  readonly events: number;
  /** Of them, those that are newer than the snapshot. */
  readonly tail: number;
  /** JSON of the state, about. */
  readonly stateBytes: number;
}

/**
 * The baselines: the driver alone, doing the least that could work. They fold complete events, with the same fields as
 * those of the library and by the same reducer, and check nothing.
 */
export interface BareDriver {
  /** All events of an account, by one prepared statement. */
  replay(accountId: string): Answer<AccountState>;
  /** Its snapshot, by one prepared statement. */
  snapshot(accountId: string): Answer<AccountState>;
  /** Its snapshot and the newer events, in the way that is the fastest here. */
  snapshotAndTail(accountId: string): Answer<AccountState>;
  /** Inserts rows into the table of events, in one transaction. */
  append(accountId: string, events: readonly BareEvent[]): Answer<void>;
}

/** An event to be stored. */
export interface BareEvent {
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly dataText: string;
  readonly occurredAt: string;
}

type Answer<Value> = Value | Promise<Value>;
