// What the tests of erasures run in processes of their own: node erasure-process.ts <database> <aggregate id>
import { once } from "node:events";
import { createInterface } from "node:readline";
import { OptimisticConcurrencyError, StreamErasedError } from "../../src/errors.ts";
import { newEvent } from "../../src/events/event.ts";
import { Snapshot } from "../../src/snapshots/snapshot.ts";
import { connectPostgres } from "../../src/stores/postgres/index.ts";
import { openSqlite } from "../../src/stores/sqlite/index.ts";

const AGGREGATE_TYPE = "Account";

const [database, aggregateId] = process.argv.slice(2);
if (database !== undefined && aggregateId !== undefined) {
  const lines = createInterface(process.stdin);
  const storage = database.startsWith("postgres") ? await connectPostgres(database) : openSqlite(database);
  await storage.eventStore.versionOf({ aggregateType: AGGREGATE_TYPE, aggregateId });
  process.stdout.write("ready\n");
  await once(lines, "line");
  lines.close();
  await saveUntilErased(storage, aggregateId);
  await storage.close();
}

/** Saves in every way there is, until it is told that the aggregate was erased. */
async function saveUntilErased(
  { eventStore, snapshotStore }: Awaited<ReturnType<typeof connectPostgres>> | ReturnType<typeof openSqlite>,
  id: string,
): Promise<void> {
  const stream = { aggregateType: AGGREGATE_TYPE, aggregateId: id };
  const joint = snapshotStore.jointWith(eventStore);
  for (let turn = 0; ; turn += 1) {
    const events = [newEvent({ type: "Saved", data: turn }), newEvent({ type: "Saved", data: turn })];
    const expectedVersion = await eventStore.versionOf(stream);
    const snapshot = new Snapshot({ ...stream, version: expectedVersion + 2, state: turn });
    try {
      if (turn % 3 === 0) await eventStore.append(stream, events, { expectedVersion: "any" });
      else if (turn % 3 === 1) await snapshotStore.saveSnapshot(snapshot);
      else await joint?.append(stream, events, { expectedVersion, snapshot });
      process.stdout.write(`${turn}\n`);
    } catch (error) {
      if (error instanceof StreamErasedError) return;
      if (!(error instanceof OptimisticConcurrencyError)) throw error;
    }
  }
}
