import assert from "node:assert/strict";
import { ClosedError, InvalidNameError, InvalidNumberError } from "../../errors.ts";
import type { EventStore } from "../../events/event-store.ts";
import type { SnapshotStore } from "../../snapshots/snapshot-store.ts";
import { type ContractCase, contractCase, newName, newStream, numbers, rejectsWith, someEvents } from "./contract.ts";
import { refusedNumbers, trickyNames } from "./samples.ts";
import { rowOf, someSnapshot } from "./some-snapshot.ts";

const eventPromise = contractCase<EventStore>;
const snapshotPromise = contractCase<SnapshotStore>;

/** What `readManyPages` promises. */
export const manyPagesCases: readonly ContractCase<EventStore>[] = [
  eventPromise("reads a page of each of many streams as it reads each alone, in the order asked for", async (store) => {
    const { aggregateType, ids } = await streamsOfLengths(store, [3, 1, 12]);
    const [first = "", second = "", third = ""] = ids;
    const starts = [
      { aggregateId: third, afterVersion: 0 },
      { aggregateId: newName("absent"), afterVersion: 0 },
      { aggregateId: first, afterVersion: 1 },
      { aggregateId: third, afterVersion: 11 },
      { aggregateId: second, afterVersion: 1 },
      { aggregateId: third, afterVersion: 0 },
      { aggregateId: first, afterVersion: 7 },
      { aggregateId: first, afterVersion: Number.MAX_SAFE_INTEGER },
    ];
    for (const limit of [1, 5, 100_000]) {
      const pages = await store.readManyPages(aggregateType, starts, limit);
      const alone = await Promise.all(
        starts.map(({ aggregateId, afterVersion }) =>
          store.readPage({ aggregateType, aggregateId }, { afterVersion, limit }),
        ),
      );
      assert.deepEqual(pages, alone);
    }
  }),

  eventPromise("reads many pages of the type that was asked for only", async (store) => {
    const aggregateId = newName("id");
    const types = [newName("Type"), newName("Type")];
    for (const [index, aggregateType] of types.entries()) {
      await store.append({ aggregateType, aggregateId }, someEvents(index + 1), { expectedVersion: 0 });
    }
    for (const [index, aggregateType] of types.entries()) {
      const [page] = await store.readManyPages(aggregateType, [{ aggregateId, afterVersion: 0 }], 10);
      assert.equal(page?.head, index + 1);
      assert.equal(page?.events.length, index + 1);
    }
  }),

  eventPromise("keeps ids apart that look alike, among many", async (store) => {
    const aggregateType = newName("Type");
    for (const [index, aggregateId] of trickyNames.entries()) {
      await store.append({ aggregateType, aggregateId }, someEvents(1 + (index % 3)), { expectedVersion: 0 });
    }
    const starts = trickyNames.map((aggregateId) => ({ aggregateId, afterVersion: 0 }));
    const pages = await store.readManyPages(aggregateType, starts, 10);
    assert.deepEqual(
      pages.map(({ head, events }) => [head, events.length]),
      trickyNames.map((_, index) => [1 + (index % 3), 1 + (index % 3)]),
    );
  }),

  eventPromise("reads pages of 1,000 streams at once, of none at all, and refuses more", async (store) => {
    const { aggregateType, ids } = await streamsOfLengths(store, [2]);
    const starts = numbers(1, 999).map((index) => ({ aggregateId: `absent-${index}`, afterVersion: 0 }));
    starts.push({ aggregateId: ids[0] ?? "", afterVersion: 0 });
    const pages = await store.readManyPages(aggregateType, starts, 10);
    assert.equal(pages.length, 1_000);
    assert.equal(pages[998]?.head, 0);
    assert.equal(pages[999]?.events.length, 2);
    assert.deepEqual(await store.readManyPages(aggregateType, [], 10), []);
    const tooMany = [...starts, { aggregateId: "one more", afterVersion: 0 }];
    await rejectsWith(store.readManyPages(aggregateType, tooMany, 10), InvalidNumberError);
  }),

  eventPromise("refuses names and numbers out of bounds among many", async (store) => {
    const { aggregateType, ids } = await streamsOfLengths(store, [1]);
    const good = { aggregateId: ids[0] ?? "", afterVersion: 0 };
    const read = (start: { aggregateId: string; afterVersion: number }, type = aggregateType, limit = 1) =>
      store.readManyPages(type, [good, start], limit);
    await rejectsWith(read({ aggregateId: "", afterVersion: 0 }), InvalidNameError);
    await rejectsWith(read(good, "a\u0000b"), InvalidNameError);
    for (const afterVersion of refusedNumbers) {
      await rejectsWith(read({ ...good, afterVersion: afterVersion as number }), InvalidNumberError);
    }
    await rejectsWith(read(good, aggregateType, 0), InvalidNumberError);
    await store.close();
    await rejectsWith(read(good), ClosedError);
  }),
];

/** What `getManySnapshots` promises. */
export const manySnapshotsCases: readonly ContractCase<SnapshotStore>[] = [
  snapshotPromise(
    "gets the snapshots of many aggregates as it gets each alone, in the order asked for",
    async (store) => {
      const { aggregateType } = newStream();
      const [one = "", two = "", none = ""] = numbers(1, 3).map((index) => newName(`id-${index}`));
      const rows = [
        { aggregateId: one, schemaVersion: 1, fingerprint: "", version: 9 },
        { aggregateId: one, schemaVersion: 2, fingerprint: "f", version: 5 },
        { aggregateId: one, schemaVersion: 2, fingerprint: "", version: 5 },
        {
          aggregateId: two,
          schemaVersion: 2,
          fingerprint: "f",
          version: 4,
          lastEventId: undefined,
          checksum: undefined,
        },
      ];
      for (const row of rows) await store.saveSnapshot(someSnapshot({ aggregateType, ...row }));
      await store.saveSnapshot(someSnapshot({ aggregateId: none, version: 3 }));
      const ids = [two, none, one, two];
      for (const options of [{}, { prefer: { schemaVersion: 2, fingerprint: "f" } }, { schemaVersion: 1 }]) {
        const many = await store.getManySnapshots(ids, aggregateType, options);
        const alone = await Promise.all(ids.map((id) => store.getSnapshot(id, aggregateType, options)));
        assert.deepEqual(
          many.map((row) => row && rowOf(row)),
          alone.map((row) => row && rowOf(row)),
        );
        assert.equal(many.length, 4);
        assert.equal(many[1], undefined);
      }
    },
  ),

  snapshotPromise("gets snapshots of 1,000 aggregates at once, of none at all, and refuses more", async (store) => {
    const snapshot = someSnapshot();
    const { aggregateType, aggregateId } = snapshot;
    await store.saveSnapshot(snapshot);
    const ids = [...numbers(1, 999).map((index) => `absent-${index}`), aggregateId];
    const found = await store.getManySnapshots(ids, aggregateType);
    assert.equal(found.length, 1_000);
    assert.equal(found.filter((row) => row !== undefined).length, 1);
    assert.equal(found[999]?.aggregateId, aggregateId);
    assert.deepEqual(await store.getManySnapshots([], aggregateType), []);
    await rejectsWith(store.getManySnapshots([...ids, "one more"], aggregateType), InvalidNumberError);
    await rejectsWith(store.getManySnapshots([aggregateId, ""], aggregateType), InvalidNameError);
    await rejectsWith(store.getManySnapshots([aggregateId], ""), InvalidNameError);
    await rejectsWith(store.getManySnapshots([aggregateId], aggregateType, { schemaVersion: 0 }), InvalidNumberError);
    await store.close();
    await rejectsWith(store.getManySnapshots([aggregateId], aggregateType), ClosedError);
  }),
];

async function streamsOfLengths(store: EventStore, lengths: readonly number[]) {
  const aggregateType = newName("Type");
  const ids = lengths.map((length) => newName(`length-${length}`));
  for (const [index, length] of lengths.entries()) {
    const stream = { aggregateType, aggregateId: ids[index] ?? "" };
    await store.append(stream, someEvents(length), { expectedVersion: 0 });
  }
  return { aggregateType, ids };
}
