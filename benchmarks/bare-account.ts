import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { type AccountEvent, type AccountState, evolve, factAt, INITIAL_STATE, STATE_BYTES } from "./account.ts";
import type { BareDriver, BareEvent } from "./storages/storage.ts";

/** What a programmer would hold in hand between two saves, without a library. */
export class BareAccount {
  readonly id: string;
  version = 0;
  state: AccountState = INITIAL_STATE;

  constructor(id: string = randomUUID()) {
    this.id = id;
  }

  /** Makes the next events, folds them, and stores them by one call of the driver. */
  save(driver: BareDriver, events: number, stateBytes = STATE_BYTES): unknown {
    const rows: BareEvent[] = [];
    for (let made = 0; made < events; made += 1) {
      const version = this.version + 1;
      const { type, data } = factAt(version, stateBytes);
      const row = { version, id: uuidv7(), type, dataText: JSON.stringify(data), occurredAt: new Date().toISOString() };
      const { dataText: _, ...fields } = row;
      this.state = evolve(this.state, { ...fields, data, metadata: {}, schemaVersion: 1 } as AccountEvent);
      rows.push(row);
      this.version = version;
    }
    return driver.append(this.id, rows);
  }
}
