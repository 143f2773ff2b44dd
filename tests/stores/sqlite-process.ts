// What the tests of several processes run in each of them: node sqlite-process.ts <task> <file> <name>
import { once } from "node:events";
import { createInterface } from "node:readline";
import { OptimisticConcurrencyError } from "../../src/errors.ts";
import { newEvent } from "../../src/events/event.ts";
import { Snapshot } from "../../src/snapshots/snapshot.ts";
import { openSqlite } from "../../src/stores/sqlite/index.ts";

export const stream = { aggregateType: "Account", aggregateId: "shared" };
export const BATCH = 5;
export const SAVES = 25;

const tasks: Readonly<Record<string, (file: string, name: string) => Promise<void>>> = {
  /** Opens the file and makes `SAVES` saves, each at the version it finds, again on a conflict. */
  async save(file, name) {
    const { eventStore, close } = openSqlite(file);
    for (let save = 0; save < SAVES; ) {
      const expectedVersion = await eventStore.versionOf(stream);
      try {
        await eventStore.append(stream, batch(name, save), { expectedVersion });
        save += 1;
      } catch (error) {
        if (!(error instanceof OptimisticConcurrencyError)) throw error;
      }
    }
    await close();
  },

  /** Appends without end, and tells each version that it was promised. */
  async appendForever(file, name) {
    const { eventStore } = openSqlite(file);
    for (let save = 0; ; save += 1) {
      const { version } = await eventStore.append(stream, batch(name, save), { expectedVersion: "any" });
      if (!process.stdout.write(`${version}\n`)) await once(process.stdout, "drain");
    }
  },

  /** Stores snapshots of the versions 100 down to 1 and up again. */
  async snapshot(file, name) {
    const { snapshotStore, close } = openSqlite(file);
    for (let step = -99; step <= 99; step += 1) {
      await snapshotStore.saveSnapshot(new Snapshot({ ...stream, version: 1 + Math.abs(step), state: name }));
    }
    await close();
  },

  /** Opens the file, stores one event in a stream of its own, and leaves. */
  async open(file, name) {
    const { eventStore, close } = openSqlite(file);
    await eventStore.append({ ...stream, aggregateId: name }, batch(name, 0), { expectedVersion: 0 });
    await close();
  },
};

function batch(name: string, save: number) {
  return Array.from({ length: BATCH }, (_, index) => newEvent({ type: "Saved", data: { name, save, index } }));
}

const [task, file, name] = process.argv.slice(2);
if (task !== undefined && file !== undefined && name !== undefined) {
  // All processes begin at once: when the test says so.
  const lines = createInterface(process.stdin);
  process.stdout.write("ready\n");
  await once(lines, "line");
  lines.close();
  await tasks[task]?.(file, name);
}
