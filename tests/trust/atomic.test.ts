import {
  AggregateRepository,
  ClosedError,
  CommitUnknownError,
  ConfigurationError,
  InMemoryEventStore,
  InMemorySnapshotStore,
  OptimisticConcurrencyError,
  PublishError,
  StoreBusyError,
  TablesMissingError,
} from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { failing, losingAnswer } from "eventfold/testing";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { forged, saveEvents } from "../aggregates/setup.ts";
import { Sketch } from "../aggregates/sketch.ts";
import { eachDatabase } from "./databases.ts";
import { setUpOn } from "./setup.ts";

const atomic = { threshold: 2, mode: "atomic" } as const;
const broken = new Error("snapshot refused");

eachDatabase((open, kind) => {
  async function setUpAtomic() {
    const set = await setUpOn(open);
    const accounts = set.repositoryOf(Account, atomic);
    const row = () => set.storage.snapshotStore.getSnapshot(set.id, "Account");
    const stream = { aggregateType: "Account", aggregateId: set.id };
    return { ...set, accounts, row, stream };
  }

  it("the snapshot is readable once save has returned, and nothing wrote it but the append", async () => {
    const { accounts, id, row, faults, facts, replayed } = await setUpAtomic();
    await saveEvents(accounts, id, 3);
    expect(await row()).toMatchObject({ version: 3, state: (await replayed()).state });
    expect([faults.callsOf("append"), faults.callsOf("saveSnapshot")]).toEqual([1, 0]);
    expect(facts.snapshotVersions).toEqual([3]);
    expect(accounts.pendingSnapshotCount).toBe(0);
    await accounts.load(id);
    expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 3, eventsReplayed: 0 });
  });

  it("a save whose snapshot is not due stores none", async () => {
    const { accounts, id, row } = await setUpAtomic();
    await saveEvents(accounts, id, 1);
    expect(await row()).toBeUndefined();
  });

  it("a conflict stores neither events nor a snapshot", async () => {
    const { accounts, id, row, facts, replayed } = await setUpAtomic();
    await saveEvents(accounts, id, 1);
    const [mine, theirs] = [await accounts.load(id), await accounts.load(id)];
    theirs.grow(2);
    await accounts.save(theirs);
    mine.grow(5);
    await expect(accounts.save(mine)).rejects.toThrow(OptimisticConcurrencyError);
    expect((await row())?.version).toBe(3);
    expect((await replayed()).version).toBe(3);
    expect(facts.snapshotVersions).toEqual([3]);
    expect(facts.of("snapshot-failed")).toEqual([]);
  });

  it("replaces the row that the load has rejected, in the append itself", async () => {
    const { accounts, id, row, facts, faults, snapshotStore } = await setUpAtomic();
    await saveEvents(accounts, id, 3);
    await snapshotStore.saveSnapshot(forged((await row())!, { version: 1_000 }));
    const writes = faults.callsOf("saveSnapshot");
    await saveEvents(accounts, id, 1);
    expect((await row())?.version).toBe(4);
    expect(faults.callsOf("saveSnapshot")).toBe(writes);
    expect(facts.missReasons).toEqual(["missing", "ahead-of-stream"]);
  });

  it("keeps a newer row, and says so", async () => {
    const { accounts, id, row, facts, snapshotStore } = await setUpAtomic();
    const account = await saveEvents(accounts, id, 3);
    await snapshotStore.saveSnapshot(forged((await row())!, { version: 1_000 }));
    account.grow(2);
    await accounts.save(account);
    expect((await row())?.version).toBe(1_000);
    expect(facts.of("snapshot-kept")).toMatchObject([{ version: 5 }]);
  });

  it("a state that cannot be stored does not spoil the append, and is reported", async () => {
    const { repositoryOf, id, eventStore, facts } = await setUpAtomic();
    const sketches = repositoryOf(Sketch, { threshold: 1, mode: "atomic" });
    const sketch = sketches.createNew(id);
    sketch.draw({ x: 1 });
    await sketches.save(sketch);
    expect(await eventStore.versionOf({ aggregateType: "Sketch", aggregateId: id })).toBe(1);
    expect(facts.of("snapshot-failed")).toMatchObject([{ version: 1, stage: "capture" }]);
  });

  it("a snapshot that the database refuses does not spoil the append, and is reported", async () => {
    const { accounts, id, storage, row, facts, replayed } = await setUpAtomic();
    const guard = `guard_${id.replaceAll("-", "")}`;
    await storage.execute(
      kind === "SQLite"
        ? `CREATE TRIGGER ${guard} BEFORE INSERT ON snapshots WHEN NEW.aggregate_id = '${id}'
           BEGIN SELECT RAISE(ABORT, 'no snapshots here'); END`
        : `ALTER TABLE snapshots ADD CONSTRAINT ${guard} CHECK (aggregate_id <> '${id}')`,
    );
    await saveEvents(accounts, id, 3);
    expect((await replayed()).version).toBe(3);
    expect(await row()).toBeUndefined();
    expect(facts.of("snapshot-failed")).toMatchObject([{ version: 3, stage: "write", error: expect.any(Error) }]);
    expect(facts.of("saved")).toMatchObject([{ version: 3, events: 3 }]);
  });

  it.each([
    new StoreBusyError({ cause: broken }),
    new TablesMissingError({ cause: broken }),
    new ClosedError({ what: "snapshot store" }),
  ])("trouble of the snapshot's table alone does not spoil the append: %s", async (error) => {
    const { accounts, id, faults, facts, replayed } = await setUpAtomic();
    faults.next("append", failing(error));
    await saveEvents(accounts, id, 3);
    expect((await replayed()).version).toBe(3);
    expect(facts.of("snapshot-failed")).toMatchObject([{ stage: "write", error }]);
  });

  it("after three refusals in a row events are appended alone for 30 seconds", async () => {
    const { accounts, id, faults, facts, clock, row, replayed } = await setUpAtomic();
    const account = accounts.createNew(id);
    const save = async () => {
      account.grow(2);
      await accounts.save(account);
    };
    for (let refusal = 0; refusal < 3; refusal += 1) {
      faults.next("append", failing(broken));
      await save();
    }
    expect(facts.of("snapshot-store-paused")).toHaveLength(1);
    const appends = faults.callsOf("append");
    await save();
    expect(faults.callsOf("append") - appends).toBe(1);
    expect(facts.of("snapshot-refused")).toMatchObject([{ version: 8, reason: "store-paused" }]);
    expect(await row()).toBeUndefined();
    clock.advance(30_000);
    await save();
    expect((await row())?.version).toBe(10);
    expect((await replayed()).state).toEqual(account.state);
  });

  it.each([
    ["stand", losingAnswer, 3],
    ["do not stand", failing, 0],
  ] as const)("saving again after a lost answer succeeds when its events %s", async (_title, fault, standing) => {
    const { accounts, id, row, stream, eventStore, faults, replayed } = await setUpAtomic();
    const lost = new CommitUnknownError({ stream, cause: new Error("connection reset") });
    faults.next("append", fault(lost));
    const account = accounts.createNew(id);
    account.grow(3);
    await expect(accounts.save(account)).rejects.toBe(lost);
    expect(await eventStore.versionOf(stream)).toBe(standing);
    account.grow(1);
    await accounts.save(account);
    await accounts.save(account);
    expect((await replayed()).state).toEqual(account.state);
    expect((await row())?.version).toBe(4);
  });

  it("publishes once both are committed; what the publisher throws is a PublishError", async () => {
    const { repositoryOf, id, row, eventStore, stream } = await setUpAtomic();
    const seen: unknown[] = [];
    const publish = async () => {
      seen.push([await eventStore.versionOf(stream), (await row())?.version]);
      throw broken;
    };
    const accounts = repositoryOf(Account, atomic, { publisher: { publish } });
    await expect(saveEvents(accounts, id, 3)).rejects.toThrow(PublishError);
    expect(seen).toEqual([[3, 3]]);
  });

  it("a snapshot by hand and one that heals are written by themselves", async () => {
    const { accounts, repositoryOf, id, facts } = await setUpAtomic();
    await saveEvents(repositoryOf(Account), id, 9);
    await accounts.load(id);
    await accounts.awaitPendingSnapshots();
    await accounts.createSnapshot(await accounts.load(id));
    expect(facts.snapshotVersions).toEqual([9, 9]);
  });

  it("what is raised while the append is under way is in neither", async () => {
    const { accounts, id, row, faults, replayed } = await setUpAtomic();
    const account = accounts.createNew(id);
    account.grow(2);
    const saved = account.state;
    faults.next("append", (call) => {
      account.deposit(1_000);
      return call();
    });
    await accounts.save(account);
    expect(await row()).toMatchObject({ version: 2, state: saved });
    expect((await replayed()).state).toEqual(saved);
    await accounts.save(account);
    expect((await replayed()).state).toEqual(account.state);
  });

  it("stores that do not share connections are a ConfigurationError", async () => {
    const { storage } = await setUpAtomic();
    const other = kind === "SQLite" ? openSqlite(storage.address) : await connectPostgres(storage.address);
    const stores = [
      [storage.eventStore, other.snapshotStore],
      [storage.eventStore, new InMemorySnapshotStore()],
      [new InMemoryEventStore(), storage.snapshotStore],
    ] as const;
    for (const [eventStore, store] of stores) {
      const attempt = () => new AggregateRepository(Account, { eventStore, snapshots: { ...atomic, store } });
      expect(attempt).toThrow(ConfigurationError);
      expect(attempt).toThrow(expect.objectContaining({ option: "snapshots.mode" }));
    }
    await other.close();
  });
});
