import { type EventMetadata, InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import { type AccountEvent, type AccountState, evolve, INITIAL_STATE } from "../account.ts";
import { BareAccount } from "../bare-account.ts";
import { collectGarbage } from "../collect-garbage.ts";
import type { BareDriver, BareEvent, MadeAccount, Storage } from "./storage.ts";

/** An event as text, like in a database. */
interface Row extends BareEvent {
  readonly schemaVersion: number;
}

interface SnapshotRow {
  readonly version: number;
  readonly stateText: string;
}

/** Few, so that none of what one save needs by the way lives long. */
const EVENTS_PER_SAVE = 1_000;

const NO_METADATA: EventMetadata = Object.freeze({});

export function openMemory(): Storage {
  const eventStore = new InMemoryEventStore();
  const snapshotStore = new InMemorySnapshotStore();
  const bare = new BareMemory();
  return {
    name: "memory",
    eventStore,
    snapshotStore,
    bare,
    readUnproven: async (stream, wanted, limit) => {
      const row = await snapshotStore.getSnapshot(stream.aggregateId, stream.aggregateType, { prefer: wanted });
      const afterVersion = row?.version ?? 0;
      const { events } = await eventStore.readPage(stream, { afterVersion, limit });
      return { head: afterVersion + events.length, row, anchored: true, afterVersion, events };
    },
    facts: ["lasts as long as the process"],
    location: undefined,
    roundTrips: undefined,
    forSaves: openMemory,
    settle: async (accounts) => {
      for (const account of accounts) bare.make(account);
      // So that all that was made lies among the old objects, as it would after a while: until then, by chance, one side's lies in
      // far worse places than the other's.
      collectGarbage();
    },
    close: async () => {},
  };
}

/** Two maps with rows of text. */
class BareMemory implements BareDriver {
  readonly #events = new Map<string, Row[]>();
  readonly #snapshots = new Map<string, SnapshotRow>();

  /**
   * Makes an account that the library has made, once more. Not read from there: events that are copied one by one outlive
   * collections of garbage, from which V8 learns to allocate what the library reads among the old objects (pretenuring), and
   * replays are measured in that state, which they do not bring about themselves.
   */
  make({ id, events, tail, stateBytes }: MadeAccount): void {
    const account = new BareAccount(id);
    const saveUpTo = (version: number): void => {
      while (account.version < version)
        account.save(this, Math.min(EVENTS_PER_SAVE, version - account.version), stateBytes);
    };
    saveUpTo(events - tail);
    this.#snapshots.set(id, { version: account.version, stateText: JSON.stringify(account.state) });
    saveUpTo(events);
  }

  append(accountId: string, events: readonly BareEvent[]): void {
    let rows = this.#events.get(accountId);
    if (rows === undefined) this.#events.set(accountId, (rows = []));
    for (const event of events) {
      const { version, id, type, dataText, occurredAt } = event;
      rows.push({ version, id, type, dataText, occurredAt, schemaVersion: 1 });
    }
  }

  replay(accountId: string): AccountState {
    return this.#fold(INITIAL_STATE, accountId, 0);
  }

  snapshot(accountId: string): AccountState {
    return JSON.parse(this.#snapshotRow(accountId).stateText) as AccountState;
  }

  snapshotAndTail(accountId: string): AccountState {
    const { stateText, version } = this.#snapshotRow(accountId);
    return this.#fold(JSON.parse(stateText) as AccountState, accountId, version);
  }

  #snapshotRow(accountId: string): SnapshotRow {
    return this.#snapshots.get(accountId) as SnapshotRow;
  }

  #fold(from: AccountState, accountId: string, afterVersion: number): AccountState {
    const rows = this.#events.get(accountId) as Row[];
    let state = from;
    for (let index = afterVersion; index < rows.length; index += 1) {
      const { id, type, dataText, version, occurredAt, schemaVersion } = rows[index] as Row;
      const data = JSON.parse(dataText) as unknown;
      state = evolve(state, {
        id,
        type,
        data,
        version,
        occurredAt,
        metadata: NO_METADATA,
        schemaVersion,
      } as AccountEvent);
    }
    return state;
  }
}
