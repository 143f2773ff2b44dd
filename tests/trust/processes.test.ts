import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AggregateRepository } from "eventfold";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { Facts } from "../aggregates/facts.ts";
import { fullReplay, saveEvents } from "../aggregates/setup.ts";
import { startNode } from "../setup/node-process.ts";
import { type Database, eachDatabase } from "./databases.ts";
import { BUILDS, type BuildReport, ids, UPDATES } from "./deployed-build.ts";

const sources = fileURLToPath(new URL("../../tools/node/sources.mjs", import.meta.url));
const program = fileURLToPath(new URL("./deployed-build.ts", import.meta.url));

eachDatabase((open) => {
  it("processes of two builds, in every mode, that save the same aggregates at once", { timeout: 60_000 }, async () => {
    const database = await open();
    const { eventStore, snapshotStore } = database;
    const opening = new AggregateRepository(Account, { eventStore });
    for (const id of ids) await saveEvents(opening, id, 1);
    const processes: [build: 1 | 2, mode: string][] = [
      [1, "background"],
      [2, "background"],
      [1, "atomic"],
      [2, "sync"],
    ];
    const reports = await runAll(database, processes);
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);

    let events = 0;
    for (const id of ids) {
      const replayed = await fullReplay(eventStore, id);
      events += replayed.version - 1;
      for (const [schemaVersion, type] of Object.entries(BUILDS)) {
        // The newest of what the processes of this build have stored stands there in the end.
        const own = reports.filter((_, index) => processes[index]![0] === Number(schemaVersion));
        const newest = Math.max(...own.map((report) => report.newest[id] ?? 0));
        const row = await snapshotStore.getSnapshot(id, "Account", { schemaVersion: Number(schemaVersion) });
        expect(row?.version).toBe(newest);
        const facts = new Facts();
        const snapshots = { store: snapshotStore };
        const accounts = new AggregateRepository(type, { eventStore, snapshots, observer: facts.observer });
        const loaded = await accounts.load(id);
        expect([loaded.version, loaded.state]).toEqual([replayed.version, replayed.state]);
        expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: newest }]);
        expect(facts.missReasons).toEqual([]);
        expect(await accounts.verifySnapshots()).toMatchObject({ diverged: 0, failed: 0, verified: ids.length });
      }
    }
    // Each update counts once, whatever conflicts it met: 1, 2 or 3 events, by turns.
    expect(events).toBe(processes.length * UPDATES * 2);
  });

  it("what is erased while other processes save it stays erased", { timeout: 60_000 }, async () => {
    const database = await open();
    const { eventStore, snapshotStore } = database;
    const accounts = new AggregateRepository(Account, { eventStore, snapshots: { store: snapshotStore } });
    for (const id of ids) await saveEvents(accounts, id, 1);
    const [erased] = ids as [string];
    const reports = await runAll(
      database,
      [
        [1, "background"],
        [2, "sync"],
        [1, "atomic"],
      ],
      async () => {
        const grown = (await accounts.versionOf(erased)) + 5;
        while ((await accounts.versionOf(erased)) < grown);
        await accounts.erase(erased, { events: true });
      },
    );
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    expect(await snapshotStore.snapshotExists(erased, "Account")).toBe(false);
    expect(await accounts.find(erased)).toBeUndefined();
    for (const id of ids.slice(1)) {
      expect((await accounts.load(id)).state).toEqual((await fullReplay(eventStore, id)).state);
    }
  });
});

/** Runs a process for each build and mode; they begin together. */
async function runAll(
  { kind, address }: Database,
  processes: readonly (readonly [build: number, mode: string])[],
  meanwhile: () => Promise<void> = async () => {},
): Promise<BuildReport[]> {
  const children = processes.map(([build, mode]) => {
    const child = startNode("--import", sources, program, kind, address, String(build), mode);
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  });
  for (const { lines } of children) expect((await lines.next()).value).toBe("ready");
  for (const { child } of children) child.stdin.write("go\n");
  const [reports] = await Promise.all([
    Promise.all(children.map(async ({ lines }) => JSON.parse(String((await lines.next()).value)) as BuildReport)),
    meanwhile(),
  ]);
  return reports;
}
