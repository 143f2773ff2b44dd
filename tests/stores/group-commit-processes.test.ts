import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { readStreamToEnd } from "../../src/testing/contracts/contract.ts";
import { startNode } from "../setup/node-process.ts";
import { AGGREGATE_TYPE, BATCH, type Promised } from "./group-commit-process.ts";
import { sharedDatabases } from "./shared-databases.ts";

const databases = await sharedDatabases();

describe.each(databases)("a process that is killed while it saves in groups, in $name", ({ database, eventStore }) => {
  it.each(["a", "b", "c"])("leaves whole saves, and every one that was promised (%s)", async (name) => {
    const child = startNode(join(import.meta.dirname, "group-commit-process.ts"), database, name);
    const promised = new Map<string, number>();
    let lines = 0;
    for await (const line of createInterface(child.stdout)) {
      // The last one may have been cut off.
      if (!line.endsWith("}")) break;
      const { aggregateId, version } = JSON.parse(line) as Promised;
      promised.set(aggregateId, Math.max(version, promised.get(aggregateId) ?? 0));
      lines += 1;
      if (lines === 200) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    expect(promised.size).toBeGreaterThan(1);
    for (const [aggregateId, version] of promised) {
      const events = await readStreamToEnd(eventStore.read({ aggregateType: AGGREGATE_TYPE, aggregateId }));
      expect(events.length).toBeGreaterThanOrEqual(version);
      expect(events.length % BATCH).toBe(0);
      const saved = events.map((event) => event.data as { caller: number; save: number; index: number });
      for (const [place, { caller, save, index }] of saved.entries()) {
        const first = saved[place - (place % BATCH)]!;
        expect([caller, save, index]).toEqual([first.caller, first.save, place % BATCH]);
      }
    }
  });
});
