import {
  connectPostgres,
  migratePostgres,
  PostgresEventStore,
  type PostgresOptions,
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

const connections: readonly [name: string, connection: PostgresPool, options: PostgresOptions][] = [
  ["on a pool", pool, {}],
  ["on a single connection", singleConnection, {}],
  ["without prepared statements", pool, { prepare: false }],
  ["with group commit", pool, { groupCommit: true }],
  ["with group commit on a single connection", singleConnection, { groupCommit: true }],
];

describe.each(connections)("PostgresEventStore %s", (_name, connection, options) => {
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => new PostgresEventStore(connection, options)));
  }
});

describe.each(connections)("PostgresSnapshotStore %s", (_name, connection, options) => {
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => new PostgresSnapshotStore(connection, options)));
  }
});

describe.each(connections)("both PostgreSQL stores %s", (_name, connection, options) => {
  for (const { title, run } of jointStoreContract) {
    it(title, () => run(() => connectPostgres(connection, options)));
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
