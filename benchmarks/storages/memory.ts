import { type EventMetadata, InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import { Account, type AccountEvent, type AccountState, evolve, INITIAL_STATE } from "../account.ts";
import type { BareDriver, BareEvent, Storage } from "./storage.ts";

/** An event as text, like in a database. */
interface Row extends BareEvent {
  readonly schemaVersion: number;
}

interface SnapshotRow {
  readonly version: number;
  readonly stateText: string;
}

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
    settle: (accountIds) => bare.copy(accountIds, eventStore, snapshotStore),
    close: async () => {},
  };
}

/** Two maps with rows of text. */
class BareMemory implements BareDriver {
  readonly #events = new Map<string, Row[]>();
  readonly #snapshots = new Map<string, SnapshotRow>();

  async copy(
    accountIds: readonly string[],
    eventStore: InMemoryEventStore,
    snapshotStore: InMemorySnapshotStore,
  ): Promise<void> {
    for (const aggregateId of accountIds) {
      const stream = { aggregateType: Account.aggregateType, aggregateId };
      const rows: Row[] = [];
      for await (const { version, id, type, data, occurredAt, schemaVersion } of eventStore.read(stream)) {
        rows.push({ version, id, type, dataText: JSON.stringify(data), occurredAt, schemaVersion });
      }
      this.#events.set(aggregateId, rows);
      const snapshot = await snapshotStore.getSnapshot(aggregateId, Account.aggregateType);
      if (snapshot !== undefined) {
        this.#snapshots.set(aggregateId, { version: snapshot.version, stateText: JSON.stringify(snapshot.state) });
      }
    }
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
