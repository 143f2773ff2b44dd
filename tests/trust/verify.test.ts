import {
  AggregateRepository,
  ConfigurationError,
  InMemoryEventStore,
  type Snapshot,
  SnapshotRefusedError,
} from "eventfold";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { forged, saveEvents, tampered } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

eachStorage((open) => {
  /** Accounts of a type of their own, each of 12 events with a snapshot at 10. */
  async function snapshotted(count: number) {
    const set = await setUpOn(open);
    class OwnAccount extends Account {
      static override readonly aggregateType = `Account ${set.id}`;
    }
    const accounts = set.repositoryOf(OwnAccount, { threshold: 10 });
    const ids = Array.from({ length: count }, (_, index) => `a${String(index).padStart(3, "0")}`);
    for (const id of ids) {
      await saveEvents(accounts, id, 10);
      await saveEvents(accounts, id, 2);
    }
    set.facts.all.length = 0;
    const row = async (id: string) => (await set.snapshotStore.getSnapshot(id, OwnAccount.aggregateType))!;
    const put = async (changed: Snapshot) => {
      await set.snapshotStore.deleteSnapshot(changed.aggregateId, changed.aggregateType);
      await set.snapshotStore.saveSnapshot(changed);
    };
    return { ...set, OwnAccount, accounts, ids, row, put };
  }

  const wrong = (state: object) => ({ stateText: JSON.stringify(state) });

  it("counts what is as a replay gives it, and what has no snapshot", async () => {
    const { accounts, facts, snapshotStore, OwnAccount, ids } = await snapshotted(7);
    await snapshotStore.deleteSnapshot(ids[3]!, OwnAccount.aggregateType);
    expect(await accounts.verifySnapshots()).toEqual({
      complete: true,
      aggregates: 7,
      lastId: ids.at(-1),
      failed: 0,
      failures: [],
      verified: 6,
      withoutSnapshot: 1,
      diverged: 0,
      divergedBy: {},
      deleted: 0,
      divergences: [],
    });
    expect(facts.of("diverged")).toEqual([]);
  });

  it("trap: a fold that changed behind its declarations is found, with the path of the first difference", async () => {
    const { accounts, row, put, facts, ids } = await snapshotted(3);
    const [first] = ids as [string];
    const changed = forged(await row(first), wrong({ ...((await row(first)).state as object), transactionCount: 99 }));
    await put(changed);
    const report = await accounts.verifySnapshots();
    const { version, schemaVersion, fingerprint } = changed;
    const divergence = { aggregateId: first, version, schemaVersion, fingerprint, reason: "state" };
    expect(report).toMatchObject({ verified: 2, diverged: 1, deleted: 0 });
    expect(report.divergences).toEqual([{ ...divergence, path: "state.transactionCount" }]);
    expect(facts.of("diverged")).toMatchObject([{ version: 10, reason: "state", path: "state.transactionCount" }]);
    expect(await row(first)).toEqual(changed);
  });

  it.each([
    ["a key that is missing", { ownerName: "Ada", balance: 1 }, "state.balance"],
    ["a key too many", { extra: null }, "state.extra"],
    ["a key that is no name", { "a b": 1 }, 'state["a b"]'],
    ["an array in place of an object", [], "state"],
  ])("names the path of %s", async (_what, change, path) => {
    const { accounts, row, put, ids } = await snapshotted(1);
    const present = (await row(ids[0]!)).state as object;
    await put(forged(await row(ids[0]!), wrong(Array.isArray(change) ? change : { ...present, ...change })));
    expect((await accounts.verifySnapshots()).divergences).toMatchObject([{ path }]);
  });

  it("reports rows that loads do not use anyway, and why", async () => {
    const { accounts, row, put, facts, ids } = await snapshotted(6);
    const [corrupt, ahead, history, unproven, unreadable] = ids as [string, string, string, string, string];
    await put(tampered(await row(corrupt), { stateText: "{}" }));
    await put(forged(await row(ahead), { version: 1_000 }));
    await put(forged(await row(history), { lastEventId: "lost" }));
    await put(tampered(await row(unproven), { checksum: undefined }));
    await put(forged(await row(unreadable), { stateText: "null" }));
    const { verified, diverged, divergences } = await accounts.verifySnapshots({ concurrency: 1 });
    expect([verified, diverged]).toEqual([1, 5]);
    expect(divergences.map(({ aggregateId, reason }) => [aggregateId, reason])).toEqual([
      [corrupt, "corrupt"],
      [ahead, "ahead-of-stream"],
      [history, "history-mismatch"],
      [unproven, "unproven"],
      [unreadable, "state"],
    ]);
    expect(facts.of("diverged").map(({ stream, reason }) => [stream.aggregateId, reason])).toEqual(
      divergences.map(({ aggregateId, reason }) => [aggregateId, reason]),
    );
  });

  it("deletes exactly the rows that differ, when asked to", async () => {
    const { accounts, row, put, ids, snapshotStore, OwnAccount, facts } = await snapshotted(4);
    await put(forged(await row(ids[1]!), wrong({ balance: 0 })));
    await put(tampered(await row(ids[2]!), wrong({ balance: 0 })));
    expect(await accounts.verifySnapshots({ deleteDiverging: true })).toMatchObject({ diverged: 2, deleted: 2 });
    const exist = ids.map((id) => snapshotStore.snapshotExists(id, OwnAccount.aggregateType));
    expect(await Promise.all(exist)).toEqual([true, false, false, true]);
    facts.all.length = 0;
    await accounts.load(ids[1]!);
    expect(facts.missReasons).toEqual(["missing"]);
  });

  it("deletes no row that was replaced since it was compared", async () => {
    const { accounts, row, put, ids, faults } = await snapshotted(1);
    const good = await row(ids[0]!);
    await put(forged(good, wrong({ balance: 0 })));
    faults.next("deleteSnapshot", async (call) => {
      await put(good);
      return call();
    });
    expect(await accounts.verifySnapshots({ deleteDiverging: true })).toMatchObject({ diverged: 1, deleted: 0 });
    expect(await row(ids[0]!)).toEqual(good);
  });

  it("runs beside writers", async () => {
    const { accounts, ids } = await snapshotted(5);
    const writing = Promise.all(ids.map((id) => accounts.update(id, (account) => account.grow(20))));
    const reports = [await accounts.verifySnapshots(), await accounts.verifySnapshots()];
    await writing;
    reports.push(await accounts.verifySnapshots());
    for (const report of reports) expect(report).toMatchObject({ verified: 5, diverged: 0, failed: 0 });
  });

  it("looks at a sample, and at a concurrency within bounds; anything else is a ConfigurationError", async () => {
    const { accounts } = await snapshotted(40);
    const { aggregates, verified } = await accounts.verifySnapshots({ sample: 0.5, concurrency: 64 });
    expect(aggregates).toBe(40);
    // Once in 10^12 all or none of them.
    expect(verified).toBeGreaterThan(0);
    expect(verified).toBeLessThan(40);
    for (const options of [
      { sample: 0 },
      { sample: 1.1 },
      { sample: Number.NaN },
      { concurrency: 0 },
      { concurrency: 65 },
    ]) {
      await expect(accounts.verifySnapshots(options)).rejects.toThrow(ConfigurationError);
    }
  });

  it("goes on where it was stopped", async () => {
    const { accounts, ids } = await snapshotted(9);
    const controller = new AbortController();
    const onProgress = ({ aggregates }: { aggregates: number }) => aggregates === 4 && controller.abort();
    const options = { concurrency: 1, onProgress, signal: controller.signal };
    const first = await accounts.verifySnapshots(options);
    expect(first).toMatchObject({ complete: false, aggregates: 4, lastId: ids[3] });
    const second = await accounts.verifySnapshots({ afterId: first.lastId! });
    expect(second).toMatchObject({ complete: true, aggregates: 5, verified: 5 });
  });

  it("collects the aggregates that it could not look at, and goes on", async () => {
    const { accounts, ids, faults } = await snapshotted(4);
    const broken = new Error("connection reset");
    faults.next("getSnapshot", async () => {
      throw broken;
    });
    const report = await accounts.verifySnapshots({ concurrency: 1 });
    expect(report).toMatchObject({ failed: 1, verified: 3, failures: [{ aggregateId: ids[0], error: broken }] });
  });
});

it("maintenance without a snapshot store is a ConfigurationError", async () => {
  const accounts = new AggregateRepository(Account, { eventStore: new InMemoryEventStore() });
  for (const attempt of [
    accounts.verifySnapshots(),
    accounts.warm(),
    accounts.pruneSnapshots({ notWrittenForMs: 0 }),
  ]) {
    await expect(attempt).rejects.toThrow(ConfigurationError);
  }
  await expect(accounts.createSnapshot(accounts.createNew())).rejects.toThrow(SnapshotRefusedError);
});
