import { DatabaseSync } from "node:sqlite";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newStream, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const postgres = await connectPostgres(pool);
const handle = new DatabaseSync(":memory:");
const sqlite = openSqlite(handle);

beforeAll(() => postgres.migrate());
afterAll(() => pool.end());

const databases = [
  { name: "PostgreSQL", ...postgres, execute: async (sql: string): Promise<unknown> => pool.query(sql) },
  { name: "SQLite", ...sqlite, execute: async (sql: string): Promise<unknown> => handle.exec(sql) },
];

const IMPOSSIBLE = ["0", "-1", "-9223372036854775808", "9007199254740992", "9007199254740993", "9223372036854775807"];

describe.each(databases)("a snapshot whose version no stream can have, in $name", ({ execute, ...pair }) => {
  const { eventStore, snapshotStore } = pair;

  async function damagedRow(version: string) {
    const snapshot = someSnapshot({ version: 7 });
    const { aggregateId, aggregateType } = snapshot;
    await snapshotStore.saveSnapshot(snapshot);
    await execute(`UPDATE snapshots SET version = ${version} WHERE aggregate_id = '${aggregateId}'`);
    const damaged = await snapshotStore.getSnapshot(aggregateId, aggregateType);
    expect(damaged?.version).toBe(Number(version));
    return { aggregateId, aggregateType, damaged: damaged! };
  }

  it.each(IMPOSSIBLE)("is replaced by whatever is saved next: %s", async (version) => {
    const { damaged, ...aggregate } = await damagedRow(version);
    const next = someSnapshot({ ...aggregate, version: 1 });
    const other = { version: 3, checksum: "other" };
    expect(await snapshotStore.saveSnapshot(next, { replacing: other })).toBe("stored");
    expect(await snapshotStore.getSnapshot(aggregate.aggregateId, aggregate.aggregateType)).toEqual(next);
    expect(damaged.version).toBe(Number(version));
  });

  it.each(IMPOSSIBLE)("is replaced by a save that names it, and by one with its events: %s", async (version) => {
    const { damaged, ...aggregate } = await damagedRow(version);
    const snapshot = someSnapshot({ ...aggregate, version: 1 });
    expect(await snapshotStore.saveSnapshot(snapshot, { replacing: damaged })).toBe("stored");
    const { damaged: another, ...stream } = await damagedRow(version);
    const options = { expectedVersion: 0, snapshot: someSnapshot({ ...stream, version: 1 }), replacing: another };
    const joint = snapshotStore.jointWith(eventStore)!;
    expect(await joint.append(stream, someEvents(1), options)).toEqual({ version: 1, snapshot: "stored" });
  });

  it.each(IMPOSSIBLE)("is deleted when it is named exactly: %s", async (version) => {
    const { aggregateId, aggregateType, damaged } = await damagedRow(version);
    const other = { schemaVersion: 1, fingerprint: "", version: damaged.version, checksum: "other" };
    expect(await snapshotStore.deleteSnapshot(aggregateId, aggregateType, { exactly: other })).toBe(false);
    expect(await snapshotStore.deleteSnapshot(aggregateId, aggregateType, { exactly: damaged })).toBe(true);
  });

  it("stays when it is no more than newer", async () => {
    const { damaged, ...aggregate } = await damagedRow("9007199254740991");
    expect(await snapshotStore.saveSnapshot(someSnapshot({ ...aggregate, version: 8 }))).toBe("kept");
    expect(damaged.version).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe.each(databases)("a gap behind a snapshot, in $name", ({ execute, ...pair }) => {
  it("is met however much longer than a page it is", async () => {
    const stream = newStream();
    const events = someEvents(9);
    await pair.eventStore.append(stream, events, { expectedVersion: 0 });
    await pair.snapshotStore.saveSnapshot(someSnapshot({ ...stream, version: 2, lastEventId: events[1]!.id }));
    await execute(`DELETE FROM events WHERE aggregate_id = '${stream.aggregateId}' AND version BETWEEN 3 AND 8`);
    const wanted = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
    const page = await pair.snapshotStore.jointWith(pair.eventStore)!.readForLoad(stream, wanted, 2);
    expect([page.anchored, page.head, page.events.map(({ version }) => version)]).toEqual([true, 9, [9]]);
  });
});

describe.each(databases)("a snapshot that the database refuses, in $name", ({ name, execute, ...pair }) => {
  it("leaves nothing of the append that it came with", async () => {
    const { eventStore, snapshotStore } = pair;
    const stream = newStream();
    const joint = snapshotStore.jointWith(eventStore)!;
    if (name === "SQLite") await execute(refuseSnapshots);
    const events = someEvents(2);
    const snapshot = someSnapshot({ ...stream, version: 2, stateText: "{" });
    await expect(joint.append(stream, events, { expectedVersion: 0, snapshot })).rejects.toThrow(/json|refused/);
    expect(await eventStore.exists(stream)).toBe(false);
    expect(await eventStore.append(stream, events, { expectedVersion: 0 })).toEqual({ version: 2 });
  });
});

// SQLite keeps any text as a state.
const refuseSnapshots = `
  CREATE TRIGGER refuse BEFORE INSERT ON snapshots WHEN NOT json_valid(NEW.state) BEGIN
    SELECT RAISE(ABORT, 'refused');
  END
`;
