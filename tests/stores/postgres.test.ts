import {
  connectPostgres,
  migratePostgres,
  PostgresEventStore,
  type PostgresPool,
  PostgresSnapshotStore,
} from "eventfold/postgres";
import {
  eventStoreContract,
  Faults,
  FaultyEventStore,
  FaultySnapshotStore,
  jointStoreContract,
  type StorePair,
  snapshotStoreContract,
} from "eventfold/testing";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const singleConnection = new Pool({ connectionString: url, max: 1 });

beforeAll(() => migratePostgres(pool));
afterAll(() => Promise.all([pool.end(), singleConnection.end()]));

const connections: readonly [name: string, connection: PostgresPool, prepare: boolean][] = [
  ["on a pool", pool, true],
  ["on a single connection", singleConnection, true],
  ["without prepared statements", pool, false],
];

describe.each(connections)("PostgresEventStore %s", (_name, connection, prepare) => {
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => new PostgresEventStore(connection, { prepare })));
  }
});

describe.each(connections)("PostgresSnapshotStore %s", (_name, connection, prepare) => {
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => new PostgresSnapshotStore(connection, { prepare })));
  }
});

describe.each(connections)("both PostgreSQL stores %s", (_name, connection, prepare) => {
  for (const { title, run } of jointStoreContract) {
    it(title, () => run(() => connectPostgres(connection, { prepare })));
  }
});

describe("FaultyEventStore over PostgreSQL, without a fault", () => {
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => new FaultyEventStore(new PostgresEventStore(pool), new Faults())));
  }
});

describe("FaultySnapshotStore over PostgreSQL, without a fault", () => {
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => new FaultySnapshotStore(new PostgresSnapshotStore(pool), new Faults())));
  }
  for (const { title, run } of jointStoreContract) it(title, () => run(faultyPair));
});

async function faultyPair(): Promise<StorePair> {
  const faults = new Faults();
  const { eventStore, snapshotStore, close } = await connectPostgres(pool);
  return {
    eventStore: new FaultyEventStore(eventStore, faults),
    snapshotStore: new FaultySnapshotStore(snapshotStore, faults),
    close,
  };
}
