import assert from "node:assert/strict";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { SnapshotStore } from "../../snapshots/snapshot-store.ts";
import { type ContractCase, contractCase, newName, newStream, numbers } from "./contract.ts";
import { someSnapshot } from "./some-snapshot.ts";

const promise = contractCase<SnapshotStore>;

export const snapshotRowCases: readonly ContractCase<SnapshotStore>[] = [
  promise("replaces a snapshot by a newer one", async (store) => {
    const aggregate = newStream();
    for (const version of [1, 2, 9, 10, 11, 100]) {
      const snapshot = someSnapshot({ ...aggregate, version });
      assert.equal(await store.saveSnapshot(snapshot), "stored");
      assert.deepEqual(await get(store, aggregate), snapshot);
    }
    assert.equal(await store.deleteSnapshotsByType(aggregate.aggregateType), 1);
  }),

  promise("keeps the newer snapshot when an older one arrives late", async (store) => {
    const newest = someSnapshot({ version: 10 });
    await store.saveSnapshot(newest);
    for (const version of [9, 2, 1]) {
      assert.equal(await store.saveSnapshot(someSnapshot({ ...rowKey(newest), version })), "kept");
      assert.deepEqual(await get(store, newest), newest);
    }
  }),

  promise("replaces a snapshot of the same version, every field of it", async (store) => {
    const aggregate = newStream();
    await store.saveSnapshot(someSnapshot({ ...aggregate, version: 5 }));
    const other = { createdAt: "2027-01-01T00:00:00.001Z", stateText: '"repaired"' };
    for (const proof of [{}, { lastEventId: undefined, checksum: undefined }]) {
      const repaired = someSnapshot({ ...aggregate, version: 5, ...other, ...proof });
      assert.equal(await store.saveSnapshot(repaired), "stored");
      assert.deepEqual(await get(store, aggregate), repaired);
    }
  }),

  promise("keeps the newest of snapshots that are saved at once, in whatever order", async (store) => {
    const aggregate = newStream();
    const versions = numbers(1, 40).toSorted((a, b) => ((a * 17) % 41) - ((b * 17) % 41));
    const outcomes = await Promise.all(
      versions.map((version) => store.saveSnapshot(someSnapshot({ ...aggregate, version }))),
    );
    assert.equal((await get(store, aggregate))?.version, 40);
    assert.equal(outcomes[versions.indexOf(40)], "stored");
  }),

  promise("keeps one row for each schema version and fingerprint, none of which replaces another", async (store) => {
    const aggregate = newStream();
    const rows = [1, 2, 3].flatMap((schemaVersion) =>
      ["", "f", "F"].map((fingerprint, index) =>
        someSnapshot({ ...aggregate, schemaVersion, fingerprint, version: 90 - schemaVersion * 10 - index }),
      ),
    );
    for (const row of rows) assert.equal(await store.saveSnapshot(row), "stored");
    for (const row of rows) assert.deepEqual(await get(store, aggregate, { prefer: row }), row);
    assert.equal(await store.saveSnapshot(someSnapshot({ ...rowKey(rows[8]), version: 50 })), "kept");
    assert.equal(await store.deleteSnapshotsByType(aggregate.aggregateType), 9);
  }),

  promise(
    "gives the row of the greatest version, and of equal ones that of the greatest schema version",
    async (store) => {
      const aggregate = newStream();
      const old = someSnapshot({ ...aggregate, schemaVersion: 1, version: 10 });
      const late = someSnapshot({ ...aggregate, schemaVersion: 2, version: 9 });
      await store.saveSnapshot(old);
      await store.saveSnapshot(late);
      assert.deepEqual(await get(store, aggregate), old);
      const level = someSnapshot({ ...aggregate, schemaVersion: 2, version: 10 });
      await store.saveSnapshot(level);
      assert.deepEqual(await get(store, aggregate), level);
      await store.saveSnapshot(someSnapshot({ ...aggregate, schemaVersion: 10, version: 2 }));
      assert.deepEqual(await get(store, aggregate), level);
    },
  ),

  promise("gives the preferred row if there is one, else the newest", async (store) => {
    const aggregate = newStream();
    const wanted = someSnapshot({ ...aggregate, schemaVersion: 1, fingerprint: "a", version: 3 });
    const newer = someSnapshot({ ...aggregate, schemaVersion: 1, fingerprint: "b", version: 8 });
    const newest = someSnapshot({ ...aggregate, schemaVersion: 2, fingerprint: "a", version: 9 });
    for (const row of [newest, wanted, newer]) await store.saveSnapshot(row);
    assert.deepEqual(await get(store, aggregate, { prefer: { schemaVersion: 1, fingerprint: "a" } }), wanted);
    assert.deepEqual(await get(store, aggregate, { prefer: { schemaVersion: 2, fingerprint: "b" } }), newest);
    assert.deepEqual(await get(store, aggregate, { prefer: { schemaVersion: 3, fingerprint: "a" } }), newest);
    assert.deepEqual(await get(store, aggregate, { prefer: { schemaVersion: 1, fingerprint: "" } }), newest);
  }),

  promise("narrows what it gives and knows to one schema version", async (store) => {
    const aggregate = newStream();
    const { aggregateId, aggregateType } = aggregate;
    const plain = someSnapshot({ ...aggregate, schemaVersion: 1, version: 5 });
    const marked = someSnapshot({ ...aggregate, schemaVersion: 1, version: 4, fingerprint: "f" });
    const next = someSnapshot({ ...aggregate, schemaVersion: 3, version: 9 });
    for (const row of [plain, marked, next]) await store.saveSnapshot(row);
    assert.deepEqual(await get(store, aggregate, { schemaVersion: 1 }), plain);
    assert.deepEqual(await get(store, aggregate, { schemaVersion: 1, prefer: marked }), marked);
    assert.deepEqual(await get(store, aggregate, { schemaVersion: 1, prefer: next }), plain);
    assert.deepEqual(await get(store, aggregate, { schemaVersion: 3 }), next);
    assert.equal(await get(store, aggregate, { schemaVersion: 2 }), undefined);
    for (const [schemaVersion, exists] of [
      [1, true],
      [2, false],
      [3, true],
    ] as const) {
      assert.equal(await store.snapshotExists(aggregateId, aggregateType, { schemaVersion }), exists);
    }
    assert.equal(await store.snapshotExists(aggregateId, aggregateType), true);
  }),

  promise("replaces a rejected row by an older snapshot when it is still the very one", async (store) => {
    const rejected = someSnapshot({ version: 100, checksum: "bad" });
    await store.saveSnapshot(rejected);
    const healed = someSnapshot({ ...rowKey(rejected), version: 7 });
    assert.equal(await store.saveSnapshot(healed, { replacing: { version: 100, checksum: "bad" } }), "stored");
    assert.deepEqual(await get(store, rejected), healed);
  }),

  promise("replaces a rejected row that carries no checksum", async (store) => {
    const rejected = someSnapshot({ version: 100, checksum: undefined });
    await store.saveSnapshot(rejected);
    const healed = someSnapshot({ ...rowKey(rejected), version: 7 });
    assert.equal(await store.saveSnapshot(healed, { replacing: { version: 100, checksum: "none" } }), "kept");
    assert.equal(await store.saveSnapshot(healed, { replacing: { version: 100, checksum: undefined } }), "stored");
    assert.deepEqual(await get(store, rejected), healed);
  }),

  promise("keeps a newer row that came in the place of the rejected one", async (store) => {
    const present = someSnapshot({ version: 100, checksum: "good" });
    await store.saveSnapshot(present);
    const healed = someSnapshot({ ...rowKey(present), version: 7 });
    for (const replacing of [
      { version: 100, checksum: "bad" },
      { version: 100, checksum: undefined },
      { version: 99, checksum: "good" },
      { version: 101, checksum: "good" },
    ]) {
      assert.equal(await store.saveSnapshot(healed, { replacing }), "kept");
      assert.deepEqual(await get(store, present), present);
    }
  }),

  promise("stores as ever when the rejected row is gone or older", async (store) => {
    const aggregate = newStream();
    const replacing = { version: 100, checksum: "bad" };
    assert.equal(await store.saveSnapshot(someSnapshot({ ...aggregate, version: 5 }), { replacing }), "stored");
    assert.equal(await store.saveSnapshot(someSnapshot({ ...aggregate, version: 6 }), { replacing }), "stored");
    assert.equal(await store.saveSnapshot(someSnapshot({ ...aggregate, version: 4 }), { replacing }), "kept");
    assert.equal((await get(store, aggregate))?.version, 6);
  }),

  promise("replaces a rejected row in its own place only", async (store) => {
    const rejected = someSnapshot({ version: 100, schemaVersion: 1, checksum: "bad" });
    const healthy = someSnapshot({ ...rowKey(rejected), version: 100, schemaVersion: 2, checksum: "bad" });
    for (const row of [rejected, healthy]) await store.saveSnapshot(row);
    const healed = someSnapshot({ ...rowKey(rejected), version: 7 });
    await store.saveSnapshot(healed, { replacing: rejected });
    assert.deepEqual(await get(store, rejected, { schemaVersion: 1 }), healed);
    assert.deepEqual(await get(store, rejected, { schemaVersion: 2 }), healthy);
  }),

  promise("keeps the newest of several snapshots that replace one rejected row at once", async (store) => {
    const rejected = someSnapshot({ version: 100, checksum: "bad" });
    await store.saveSnapshot(rejected);
    const saves = [5, 9, 2, 7, 1].map((version) =>
      store.saveSnapshot(someSnapshot({ ...rowKey(rejected), version }), { replacing: rejected }),
    );
    assert.equal((await Promise.all(saves))[1], "stored");
    assert.equal((await get(store, rejected))?.version, 9);
  }),

  promise("deletes every row of one aggregate, and says whether there was one", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    for (const schemaVersion of [1, 2]) {
      for (const id of [aggregateId, "other"]) {
        await store.saveSnapshot(someSnapshot({ aggregateType, aggregateId: id, schemaVersion }));
      }
    }
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType), true);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType), false);
    assert.equal(await store.snapshotExists(aggregateId, aggregateType), false);
    assert.equal(await store.deleteSnapshotsByType(aggregateType), 2);
  }),

  promise("deletes the rows of one schema version when asked for them", async (store) => {
    const aggregate = newStream();
    const { aggregateId, aggregateType } = aggregate;
    const rows = [1, 2].flatMap((schemaVersion) =>
      ["", "f"].map((fingerprint) => someSnapshot({ ...aggregate, schemaVersion, fingerprint })),
    );
    for (const row of rows) await store.saveSnapshot(row);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { schemaVersion: 3 }), false);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { schemaVersion: 1 }), true);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { schemaVersion: 1 }), false);
    assert.equal(await store.snapshotExists(aggregateId, aggregateType, { schemaVersion: 2 }), true);
    assert.equal(await store.deleteSnapshotsByType(aggregateType), 2);
  }),

  promise("deletes the rows of a type strictly below a schema version, and counts them", async (store) => {
    const [aggregateType, otherType] = [newName("Type"), newName("Type")];
    for (const type of [aggregateType, otherType]) {
      for (const aggregateId of ["a", "b", "c"]) {
        for (const schemaVersion of [1, 2, 3, 10]) {
          await store.saveSnapshot(someSnapshot({ aggregateType: type, aggregateId, schemaVersion }));
        }
      }
    }
    const cleanUp = (schemaVersionBelow: number): Promise<number> =>
      store.deleteSnapshotsByType(aggregateType, { schemaVersionBelow });
    assert.equal(await cleanUp(1), 0);
    assert.equal(await cleanUp(3), 6);
    assert.equal(await cleanUp(3), 0);
    assert.equal(await store.snapshotExists("b", aggregateType, { schemaVersion: 3 }), true);
    assert.equal(await cleanUp(4), 3);
    assert.equal(await store.deleteSnapshotsByType(aggregateType), 3);
    assert.equal(await store.deleteSnapshotsByType(otherType), 12);
  }),

  promise("starts afresh after a delete, at whatever version", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    await store.saveSnapshot(someSnapshot({ aggregateId, aggregateType, version: 9 }));
    await store.deleteSnapshot(aggregateId, aggregateType);
    assert.equal(await store.saveSnapshot(someSnapshot({ aggregateId, aggregateType, version: 2 })), "stored");
    await store.deleteSnapshotsByType(aggregateType);
    assert.equal(await store.saveSnapshot(someSnapshot({ aggregateId, aggregateType, version: 1 })), "stored");
  }),
];

function get(
  store: SnapshotStore,
  aggregate: StreamId,
  options?: Parameters<SnapshotStore["getSnapshot"]>[2],
): ReturnType<SnapshotStore["getSnapshot"]> {
  return store.getSnapshot(aggregate.aggregateId, aggregate.aggregateType, options);
}

/** The fields that name a row. */
function rowKey(row: SnapshotRow | undefined): Partial<SnapshotRow> {
  if (row === undefined) return {};
  const { aggregateType, aggregateId, schemaVersion, fingerprint } = row;
  return { aggregateType, aggregateId, schemaVersion, fingerprint };
}
