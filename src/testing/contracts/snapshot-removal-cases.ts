import assert from "node:assert/strict";
import {
  ClosedError,
  InvalidInstantError,
  InvalidNameError,
  InvalidNumberError,
  StreamErasedError,
} from "../../errors.ts";
import type { DeleteByTypeOptions, SnapshotStore } from "../../snapshots/snapshot-store.ts";
import { type ContractCase, contractCase, newName, newStream, numbers, rejectsWith } from "./contract.ts";
import { refusedNames, refusedNumbers, trickyNames } from "./samples.ts";
import { someSnapshot } from "./some-snapshot.ts";

const promise = contractCase<SnapshotStore>;

const MAX = Number.MAX_SAFE_INTEGER;

export const snapshotRemovalCases: readonly ContractCase<SnapshotStore>[] = [
  promise("deletes exactly the row that was read, and no other of the aggregate", async (store) => {
    const aggregate = newStream();
    const { aggregateId, aggregateType } = aggregate;
    const read = someSnapshot({ ...aggregate, version: 7, schemaVersion: 2, fingerprint: "f", checksum: "c" });
    const neighbors = [{ schemaVersion: 1 }, { fingerprint: "F" }, { fingerprint: "" }].map((fields) =>
      someSnapshot({ ...aggregate, version: 7, schemaVersion: 2, fingerprint: "f", checksum: "c", ...fields }),
    );
    for (const row of [read, ...neighbors]) await store.saveSnapshot(row);
    for (const other of [
      { version: 6 },
      { version: 8 },
      { checksum: "C" },
      { checksum: undefined },
      { fingerprint: "g" },
    ]) {
      const { version, checksum, schemaVersion, fingerprint } = read;
      const exactly = { version, checksum, schemaVersion, fingerprint, ...other };
      assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly }), false);
    }
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly: read, schemaVersion: 1 }), false);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly: read }), true);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly: read }), false);
    assert.equal(await store.deleteSnapshotsByType(aggregateType), neighbors.length);
  }),

  promise("deletes exactly a row without a checksum", async (store) => {
    const read = someSnapshot({ checksum: undefined });
    const { aggregateId, aggregateType } = read;
    await store.saveSnapshot(read);
    const exactly = { schemaVersion: read.schemaVersion, fingerprint: "", version: read.version, checksum: "none" };
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly }), false);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly: read }), true);
  }),

  promise("leaves a newer row alone that came in the place of the one to delete", async (store) => {
    const read = someSnapshot({ version: 7 });
    const { aggregateId, aggregateType } = read;
    await store.saveSnapshot(read);
    await store.saveSnapshot(someSnapshot({ aggregateId, aggregateType, version: 8 }));
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType, { exactly: read }), false);
    assert.equal(await store.snapshotExists(aggregateId, aggregateType), true);
  }),

  promise("deletes the rows of a type that fit every option given", async (store) => {
    const aggregateType = newName("Type");
    const [early, late] = ["2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00.001Z"];
    const fill = async (): Promise<void> => {
      for (const aggregateId of ["a", "b"]) {
        for (const schemaVersion of [1, 2]) {
          for (const [fingerprint, createdAt] of [["", early] as const, ["f", late] as const]) {
            await store.saveSnapshot(
              someSnapshot({ aggregateType, aggregateId, schemaVersion, fingerprint, createdAt: createdAt ?? "" }),
            );
          }
        }
      }
    };
    const deletes = async (count: number, options: DeleteByTypeOptions): Promise<void> => {
      await fill();
      assert.equal(await store.deleteSnapshotsByType(aggregateType, options), count, JSON.stringify(options));
      assert.equal(await store.deleteSnapshotsByType(aggregateType, options), 0);
    };
    const own = { schemaVersion: 2, fingerprint: "f" };
    await deletes(8, {});
    await deletes(0, { createdBefore: early ?? "" });
    await deletes(4, { createdBefore: late ?? "" });
    await deletes(4, { createdBefore: new Date(late ?? "") });
    await deletes(8, { createdBefore: "9999-12-31T23:59:59.999Z" });
    await deletes(6, { otherThan: own });
    await deletes(8, { otherThan: { ...own, fingerprint: "F" } });
    await deletes(2, { otherThan: { schemaVersion: 1, fingerprint: "" }, createdBefore: late ?? "" });
    await deletes(2, { otherThan: { schemaVersion: 1, fingerprint: "" }, schemaVersionBelow: 2 });
    await deletes(2, { createdBefore: late ?? "", schemaVersionBelow: 2, otherThan: own });
    await deletes(8, { schemaVersionBelow: MAX });
  }),

  promise("refuses a time to delete before that is none", async (store) => {
    const aggregateType = newName("Type");
    for (const createdBefore of ["yesterday", "2026-01-31", new Date(Number.NaN)]) {
      await rejectsWith(store.deleteSnapshotsByType(aggregateType, { createdBefore }), InvalidInstantError);
    }
  }),

  promise("erases every row of an aggregate, and says how many there were", async (store) => {
    const aggregate = newStream();
    const { aggregateId, aggregateType } = aggregate;
    for (const schemaVersion of [1, 2]) {
      for (const fingerprint of ["", "f"]) {
        await store.saveSnapshot(
          someSnapshot({ ...aggregate, schemaVersion, fingerprint, version: 10 * schemaVersion }),
        );
      }
    }
    assert.equal(await store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 10 }), 4);
    assert.equal(await store.snapshotExists(aggregateId, aggregateType), false);
    assert.equal(await store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 10 }), 0);
  }),

  promise("refuses to store what was erased, and stores later versions as ever", async (store) => {
    const aggregate = newStream();
    const { aggregateId, aggregateType } = aggregate;
    await store.saveSnapshot(someSnapshot({ ...aggregate, version: 10 }));
    await store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 10 });
    for (const version of [1, 9, 10]) {
      for (const fields of [{}, { schemaVersion: 2 }, { fingerprint: "f" }]) {
        const saving = store.saveSnapshot(someSnapshot({ ...aggregate, version, ...fields }));
        await rejectsWith(saving, StreamErasedError, { stream: aggregate });
      }
    }
    const replacing = { version: 10, checksum: undefined };
    const healing = store.saveSnapshot(someSnapshot({ ...aggregate, version: 10 }), { replacing });
    await rejectsWith(healing, StreamErasedError);
    assert.equal(await store.snapshotExists(aggregateId, aggregateType), false);
    assert.equal(await store.saveSnapshot(someSnapshot({ ...aggregate, version: 11 })), "stored");
  }),

  promise("never lets a later erasure take an earlier one back", async (store) => {
    const aggregate = newStream();
    const { aggregateId, aggregateType } = aggregate;
    for (const throughVersion of [5, 9, 3, 0])
      await store.eraseSnapshots(aggregateId, aggregateType, { throughVersion });
    await rejectsWith(store.saveSnapshot(someSnapshot({ ...aggregate, version: 9 })), StreamErasedError);
    assert.equal(await store.saveSnapshot(someSnapshot({ ...aggregate, version: 10 })), "stored");
    assert.equal(await store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: MAX }), 1);
    await rejectsWith(store.saveSnapshot(someSnapshot({ ...aggregate, version: MAX })), StreamErasedError);
  }),

  promise("erases the rows of one aggregate and leaves all others, however alike their names", async (store) => {
    const { aggregateType, aggregateId } = newStream();
    const others = trickyNames.flatMap((name) => [
      { aggregateType, aggregateId: name },
      { aggregateType: name, aggregateId },
    ]);
    for (const other of others) await store.saveSnapshot(someSnapshot(other));
    assert.equal(await store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: MAX }), 0);
    for (const other of others) {
      assert.equal(await store.saveSnapshot(someSnapshot({ ...other, version: 2 })), "stored");
    }
  }),

  promise("leaves no erased row behind when writes race with the erasure", async (store) => {
    for (let round = 1; round <= 5; round += 1) {
      const aggregate = newStream();
      const { aggregateId, aggregateType } = aggregate;
      const save = (version: number): Promise<unknown> => store.saveSnapshot(someSnapshot({ ...aggregate, version }));
      const saves = numbers(1, 12).map(save);
      const erasure = store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 20 });
      const outcomes = await Promise.allSettled([...saves, ...numbers(13, 20).map(save)]);
      await erasure;
      for (const outcome of outcomes) {
        if (outcome.status === "rejected")
          assert.ok(outcome.reason instanceof StreamErasedError, String(outcome.reason));
      }
      assert.equal(await store.snapshotExists(aggregateId, aggregateType), false);
    }
  }),

  promise("refuses to erase by names and numbers out of bounds", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    for (const name of refusedNames as readonly string[]) {
      await rejectsWith(store.eraseSnapshots(name, aggregateType, { throughVersion: 1 }), InvalidNameError);
      await rejectsWith(store.eraseSnapshots(aggregateId, name, { throughVersion: 1 }), InvalidNameError);
    }
    for (const throughVersion of refusedNumbers as readonly number[]) {
      await rejectsWith(store.eraseSnapshots(aggregateId, aggregateType, { throughVersion }), InvalidNumberError);
    }
  }),

  promise("refuses to erase after it was closed", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    await store.close();
    await rejectsWith(store.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 1 }), ClosedError);
  }),
];
