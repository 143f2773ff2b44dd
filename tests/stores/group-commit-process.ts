// What the test of killed processes runs in each: node group-commit-process.ts <database> <name>
import { once } from "node:events";
import { newEvent } from "../../src/events/event.ts";
import { connectPostgres } from "../../src/stores/postgres/index.ts";
import { openSqlite } from "../../src/stores/sqlite/index.ts";

export const AGGREGATE_TYPE = "Account";
const CALLERS = 16;
export const BATCH = 3;

/** What a process tells of each save that it was promised. */
export interface Promised {
  readonly aggregateId: string;
  readonly version: number;
}

const [database, name] = process.argv.slice(2);
if (database !== undefined && name !== undefined) {
  const groupCommit = true;
  const { eventStore } = database.startsWith("postgres")
    ? await connectPostgres(database, { groupCommit })
    : openSqlite(database, { groupCommit });
  // Two callers to a stream, so that some wait behind others.
  const appendForever = async (caller: number): Promise<never> => {
    const aggregateId = `${name}-${caller % (CALLERS / 2)}`;
    for (let save = 0; ; save += 1) {
      const events = Array.from({ length: BATCH }, (_, index) =>
        newEvent({ type: "Saved", data: { caller, save, index } }),
      );
      const { version } = await eventStore.append({ aggregateType: AGGREGATE_TYPE, aggregateId }, events, {
        expectedVersion: "any",
      });
      const promised: Promised = { aggregateId, version };
      if (!process.stdout.write(`${JSON.stringify(promised)}\n`)) await once(process.stdout, "drain");
    }
  };
  process.stdout.setMaxListeners(CALLERS + 1);
  await Promise.all(Array.from({ length: CALLERS }, (_, caller) => appendForever(caller)));
}
