import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startNode } from "../setup/node-process.ts";
import { sharedDatabases } from "./shared-databases.ts";

const databases = await sharedDatabases();

describe.each(databases)("processes that save while an aggregate is erased, in $name", ({ database, ...pair }) => {
  it.each([1, 2, 3])("leave nothing of it behind (%i)", async (round) => {
    const aggregateId = `erased-${round}`;
    const stream = { aggregateType: "Account", aggregateId };
    const workers = await Promise.all(["a", "b", "c"].map(() => start(database, aggregateId)));
    const ends = workers.map(({ child }) => once(child, "close"));
    for (const { child } of workers) child.stdin?.write("go\n");
    // All of them are under way.
    for (const { lines } of workers) for (let save = 1; save <= 5; save += 1) await lines.next();
    const erased = await pair.eventStore.eraseStream(stream);
    expect(erased).toBeGreaterThan(0);
    expect((await Promise.all(ends)).map(([code]) => code as unknown)).toEqual([0, 0, 0]);
    expect(await pair.eventStore.versionOf(stream)).toBe(0);
    expect(await pair.snapshotStore.snapshotExists(aggregateId, "Account")).toBe(false);
  });
});

async function start(database: string, aggregateId: string) {
  const child = startNode(fileURLToPath(new URL("./erasure-process.ts", import.meta.url)), database, aggregateId);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return { child, lines };
}
