import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import type { StoredEvent } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { afterAll, expect, it } from "vitest";
import { type NodeProcess, startNode } from "../setup/node-process.ts";
import { BATCH, SAVES, stream } from "./sqlite-process.ts";

const folder = mkdtempSync(join(tmpdir(), "eventfold-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Worker {
  readonly child: NodeProcess;
  readonly lines: AsyncIterator<string>;
}

let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.db`);

it("loses and mixes no events when several processes append to one file", async () => {
  const file = newFile();
  await openSqlite(file).close();
  await runAll("save", file, ["a", "b", "c", "d"]);
  const { eventStore, close } = openSqlite(file);
  const saves = batchesOf((await eventStore.readPage(stream, { afterVersion: 0, limit: 10_000 })).events);
  expect(saves).toHaveLength(4 * SAVES);
  for (const name of ["a", "b", "c", "d"]) {
    const own = saves.filter((save) => save.name === name).map(({ save }) => save);
    expect(own).toEqual(Array.from({ length: SAVES }, (_, save) => save));
  }
  await close();
});

it("reads head and events of one moment while other processes append", async () => {
  const file = newFile();
  const { eventStore, snapshotStore, close } = openSqlite(file);
  const joint = snapshotStore.jointWith(eventStore)!;
  const progress = { running: true };
  const savers = runAll("save", file, ["a", "b"]).finally(() => {
    progress.running = false;
  });
  while (progress.running) {
    const key = { schemaVersion: 1, fingerprint: "", upgradableFrom: 1 };
    for (const page of [
      await eventStore.readPage(stream, { afterVersion: 0, limit: 10_000 }),
      await joint.readForLoad(stream, key, 10_000),
    ]) {
      expect(page.head).toBe(batchesOf(page.events).length * BATCH);
    }
    await setImmediate();
  }
  await savers;
  await close();
});

it("opens a new file for several processes at once", async () => {
  for (let round = 1; round <= 3; round += 1) {
    const file = newFile();
    const names = ["a", "b", "c", "d", "e", "f"];
    await runAll("open", file, names);
    const { eventStore, close } = openSqlite(file);
    expect(await eventStore.streams("Account")).toEqual(names);
    expect(await eventStore.readAll()).toHaveLength(names.length * BATCH);
    await close();
  }
});

it("keeps the newest snapshot when several processes store older ones late", async () => {
  const file = newFile();
  await runAll("snapshot", file, ["a", "b", "c"]);
  const { snapshotStore, close } = openSqlite(file);
  expect((await snapshotStore.getSnapshot("shared", "Account"))?.version).toBe(100);
  expect(await snapshotStore.deleteSnapshotsByType("Account")).toBe(1);
  await close();
});

it("keeps whole saves, and every one that was promised, when a process is killed", async () => {
  const file = newFile();
  let promised = 0;
  for (const name of ["a", "b", "c"]) {
    const { child, lines } = await start("appendForever", file, name);
    child.stdin?.write("go\n");
    for (let save = 1; save <= 20; save += 1) promised = Number((await lines.next()).value);
    child.kill("SIGKILL");
    await once(child, "close");
    for (let { value } = await lines.next(); value !== undefined; { value } = await lines.next())
      promised = Number(value);
    const { eventStore, close } = openSqlite(file);
    const { head, events } = await eventStore.readPage(stream, { afterVersion: 0, limit: 100_000 });
    expect(head).toBeGreaterThanOrEqual(promised);
    expect(head).toBe(batchesOf(events).length * BATCH);
    await close();
  }
});

/** Runs `task` in one process for each name, which begin together. */
async function runAll(task: string, file: string, names: readonly string[]): Promise<void> {
  const workers = await Promise.all(names.map((name) => start(task, file, name)));
  const ends = workers.map(({ child }) => once(child, "close"));
  for (const { child } of workers) child.stdin?.write("go\n");
  expect((await Promise.all(ends)).map(([code]) => code as unknown)).toEqual(names.map(() => 0));
}

async function start(task: string, file: string, name: string): Promise<Worker> {
  const child = startNode(join(import.meta.dirname, "sqlite-process.ts"), task, file, name);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return { child, lines };
}

interface Saved {
  readonly name: string;
  readonly save: number;
  readonly index: number;
}

/** The saves of a stream in order, each of which must stand there in one piece. */
function batchesOf(events: readonly StoredEvent[]): Saved[] {
  expect(events.map((event) => event.version)).toEqual(events.map((_, index) => index + 1));
  const saved = events.map((event) => event.data as unknown as Saved);
  const firsts = saved.filter(({ index }) => index === 0);
  expect(saved).toEqual(firsts.flatMap((first) => Array.from({ length: BATCH }, (_, index) => ({ ...first, index }))));
  return firsts;
}
