import assert from "node:assert/strict";
import {
  ClosedError,
  DuplicateEventError,
  InvalidAppendError,
  InvalidNameError,
  InvalidNumberError,
  OptimisticConcurrencyError,
  StreamErasedError,
} from "../../errors.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { Snapshot, SnapshotRow } from "../../snapshots/snapshot.ts";
import {
  type ContractCase,
  filledStream,
  idsOf,
  newStream,
  numbers,
  readStreamToEnd,
  rejectsWith,
  someEvents,
  streamOnly,
} from "./contract.ts";
import { assertRow, KEY, type Pair, promise, type StorePair, saveRow, WANTED } from "./joint-pair.ts";
import { someSnapshot } from "./some-snapshot.ts";

const MAX = Number.MAX_SAFE_INTEGER;

export const jointAppendCases: readonly ContractCase<StorePair>[] = [
  promise("appends events together with their snapshot", async (pair) => {
    const stream = newStream();
    let version = 0;
    for (const count of [1, 3, 100]) {
      const events = someEvents(count);
      const snapshot = snapshotAt(stream, version + count, { lastEventId: events.at(-1)?.id });
      const result = await pair.joint.append(stream, events, { expectedVersion: version, snapshot });
      version += count;
      assert.deepEqual(result, { version, snapshot: "stored" });
      const page = await pair.joint.readForLoad(stream, WANTED, 10);
      assertRow(page.row, snapshot);
      assert.deepEqual([page.head, page.anchored, page.events], [version, true, []]);
      assert.deepEqual(idsOf(await readStreamToEnd(pair.eventStore.read(stream))).slice(-count), idsOf(events));
    }
  }),

  promise("stores no snapshot with an append that meets a conflict", async (pair) => {
    const { events, ...stream } = await filledStream(pair.eventStore, 3);
    for (const expectedVersion of [0, 2, 4]) {
      const snapshot = snapshotAt(stream, expectedVersion + 1);
      const append = pair.joint.append(stream, someEvents(1), { expectedVersion, snapshot });
      await rejectsWith(append, OptimisticConcurrencyError, { stream, expectedVersion, actualVersion: 3 });
    }
    const expectedEventId = events[0]?.id;
    for (const count of [1, 2]) {
      const options = { expectedVersion: 3, expectedEventId, snapshot: snapshotAt(stream, 3 + count) };
      const append = pair.joint.append(stream, someEvents(count), options);
      await rejectsWith(append, OptimisticConcurrencyError, { expectedVersion: 3, actualVersion: 3, expectedEventId });
    }
    assert.equal(await snapshotOf(pair, stream), undefined);
    assert.equal(await pair.eventStore.versionOf(stream), 3);
  }),

  promise("stores no snapshot with an append of a duplicate event id", async (pair) => {
    const { events } = await filledStream(pair.eventStore, 1);
    const stream = newStream();
    const appended = [...someEvents(2), ...events];
    const options = { expectedVersion: 0, snapshot: snapshotAt(stream, 3) };
    await rejectsWith(pair.joint.append(stream, appended, options), DuplicateEventError);
    assert.equal(await snapshotOf(pair, stream), undefined);
    assert.equal(await pair.eventStore.exists(stream), false);
  }),

  promise("appends, and keeps a newer snapshot that is there", async (pair) => {
    const stream = await filledStream(pair.eventStore, 2);
    const newer = await saveRow(pair, stream, { version: 9 });
    const options = { expectedVersion: 2, snapshot: snapshotAt(stream, 3) };
    assert.deepEqual(await pair.joint.append(stream, someEvents(1), options), { version: 3, snapshot: "kept" });
    assertRow(await snapshotOf(pair, stream), newer);
    assert.equal(await pair.eventStore.versionOf(stream), 3);
  }),

  promise("replaces a rejected row with the append, when it is still the very one", async (pair) => {
    const stream = await filledStream(pair.eventStore, 2);
    const rejected = await saveRow(pair, stream, { version: 9, checksum: "bad" });
    const other = { version: 9, checksum: "good" };
    const kept = { expectedVersion: 2, snapshot: snapshotAt(stream, 3), replacing: other };
    assert.deepEqual(await pair.joint.append(stream, someEvents(1), kept), { version: 3, snapshot: "kept" });
    const snapshot = snapshotAt(stream, 4);
    const healed = { expectedVersion: 3, snapshot, replacing: rejected };
    assert.deepEqual(await pair.joint.append(stream, someEvents(1), healed), { version: 4, snapshot: "stored" });
    assertRow(await snapshotOf(pair, stream), snapshot);
  }),

  promise("refuses to append to an erased stream, with a snapshot too", async (pair) => {
    const stream = streamOnly(await filledStream(pair.eventStore, 2));
    await pair.eventStore.eraseStream(stream);
    for (const expectedVersion of [0, 2]) {
      const options = { expectedVersion, snapshot: snapshotAt(stream, expectedVersion + 1) };
      await rejectsWith(pair.joint.append(stream, someEvents(1), options), StreamErasedError, { stream });
    }
    assert.equal(await pair.eventStore.exists(stream), false);
    assert.equal(await snapshotOf(pair, stream), undefined);
  }),

  promise("appends without the snapshot when snapshots of its version were erased", async (pair) => {
    const stream = streamOnly(await filledStream(pair.eventStore, 2));
    const { aggregateId, aggregateType } = stream;
    await pair.snapshotStore.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 3 });
    const erased = { expectedVersion: 2, snapshot: snapshotAt(stream, 3) };
    assert.deepEqual(await pair.joint.append(stream, someEvents(1), erased), { version: 3, snapshot: "kept" });
    assert.equal(await snapshotOf(pair, stream), undefined);
    const later = { expectedVersion: 3, snapshot: snapshotAt(stream, 4) };
    assert.deepEqual(await pair.joint.append(stream, someEvents(1), later), { version: 4, snapshot: "stored" });
  }),

  promise("erases the snapshots of a stream with its events, for good", async (pair) => {
    const stream = await filledStream(pair.eventStore, 4);
    await saveRow(pair, stream, { version: 2 });
    await saveRow(pair, stream, { version: 4, schemaVersion: 1, fingerprint: "" });
    assert.equal(await pair.eventStore.eraseStream(stream), 4);
    assert.equal(await snapshotOf(pair, stream), undefined);
    for (const version of [1, 4, 5, MAX]) {
      await rejectsWith(pair.snapshotStore.saveSnapshot(snapshotAt(stream, version)), StreamErasedError);
    }
    const page = await pair.joint.readForLoad(streamOnly(stream), WANTED, 10);
    assert.deepEqual(page, { head: 0, row: undefined, anchored: false, afterVersion: 0, events: [] });
  }),

  promise("erases events and snapshots at once, and says how many there were of each", async (pair) => {
    const stream = await filledStream(pair.eventStore, 4);
    const { aggregateId, aggregateType } = stream;
    await saveRow(pair, stream, { version: 2 });
    await saveRow(pair, stream, { version: 4, schemaVersion: 1, fingerprint: "" });
    const other = await filledStream(pair.eventStore, 1);
    await saveRow(pair, other, { version: 1 });
    assert.deepEqual(await pair.joint.eraseStream(streamOnly(stream)), { events: 4, snapshots: 2 });
    assert.deepEqual(await pair.joint.eraseStream(streamOnly(stream)), { events: 0, snapshots: 0 });
    assert.equal(await pair.eventStore.exists(streamOnly(stream)), false);
    assert.equal(await pair.snapshotStore.snapshotExists(aggregateId, aggregateType), false);
    const append = pair.eventStore.append(streamOnly(stream), someEvents(1), { expectedVersion: "any" });
    await rejectsWith(append, StreamErasedError);
    await rejectsWith(pair.snapshotStore.saveSnapshot(snapshotAt(stream, MAX)), StreamErasedError);
    assert.equal(await pair.eventStore.versionOf(streamOnly(other)), 1);
    assert.equal((await snapshotOf(pair, other))?.version, 1);
    for (const name of ["", "a\u0000b"]) {
      await rejectsWith(pair.joint.eraseStream({ aggregateType, aggregateId: name }), InvalidNameError);
      await rejectsWith(pair.joint.eraseStream({ aggregateType: name, aggregateId }), InvalidNameError);
    }
    await pair.snapshotStore.close();
    await rejectsWith(pair.joint.eraseStream(streamOnly(other)), ClosedError);
  }),

  promise("goes on with the events of an aggregate whose snapshots alone were erased", async (pair) => {
    const stream = await filledStream(pair.eventStore, 4);
    await saveRow(pair, stream, { version: 4 });
    const { aggregateId, aggregateType } = stream;
    assert.equal(await pair.snapshotStore.eraseSnapshots(aggregateId, aggregateType, { throughVersion: 4 }), 1);
    assert.deepEqual(await pair.eventStore.append(stream, someEvents(1), { expectedVersion: 4 }), { version: 5 });
    assert.equal(await pair.eventStore.eraseStream(stream), 5);
    await rejectsWith(pair.eventStore.append(stream, someEvents(1), { expectedVersion: 0 }), StreamErasedError);
  }),

  promise("leaves neither events nor snapshots when saves of both race with the erasure", async (pair) => {
    for (let round = 1; round <= 5; round += 1) {
      const stream = streamOnly(await filledStream(pair.eventStore, 1));
      const save = async (): Promise<void> => {
        for (let turn = 1; turn <= 20; turn += 1) {
          const expectedVersion = await pair.eventStore.versionOf(stream);
          const options = { expectedVersion, snapshot: snapshotAt(stream, expectedVersion + 2) };
          try {
            await pair.joint.append(stream, someEvents(2), options);
          } catch (error) {
            if (error instanceof StreamErasedError) return;
            if (!(error instanceof OptimisticConcurrencyError)) throw error;
          }
        }
      };
      const saves = numbers(1, 6).map(save);
      await pair.joint.readForLoad(stream, WANTED, 1);
      await pair.eventStore.eraseStream(stream);
      await Promise.all(saves);
      assert.equal(await pair.eventStore.versionOf(stream), 0);
      assert.equal(await snapshotOf(pair, stream), undefined);
    }
  }),

  promise("lets exactly one of several racing appends win, with its own snapshot", async (pair) => {
    const stream = newStream();
    for (const expectedVersion of [0, 2, 4]) {
      const snapshots = numbers(1, 8).map(() => snapshotAt(stream, expectedVersion + 2));
      const outcomes = await Promise.allSettled(
        snapshots.map((snapshot) => pair.joint.append(stream, someEvents(2), { expectedVersion, snapshot })),
      );
      const winners = snapshots.filter((_, index) => outcomes[index]?.status === "fulfilled");
      assert.equal(winners.length, 1);
      assertRow(await snapshotOf(pair, stream), winners[0]);
    }
  }),

  promise("refuses what append and saveSnapshot refuse, before anything is stored", async (pair) => {
    const stream = newStream();
    const snapshot = snapshotAt(stream, 1);
    const append = (events: Parameters<Pair["joint"]["append"]>[1], fields: object): Promise<unknown> =>
      pair.joint.append(stream, events, { expectedVersion: 0, snapshot, ...fields });
    await rejectsWith(append([], {}), InvalidAppendError);
    await rejectsWith(append(someEvents(1), { expectedVersion: -1 }), InvalidNumberError);
    await rejectsWith(append(someEvents(1), { snapshot: snapshotAt(stream, 0) }), InvalidNumberError);
    assert.equal(await pair.eventStore.exists(stream), false);
    await pair.snapshotStore.close();
    await rejectsWith(append(someEvents(1), {}), ClosedError);
  }),
];

function snapshotAt(stream: StreamId, version: number, fields: Partial<SnapshotRow> = {}): Snapshot {
  return someSnapshot({ ...streamOnly(stream), ...KEY, version, ...fields });
}

function snapshotOf(pair: Pair, { aggregateId, aggregateType }: StreamId): Promise<Snapshot | undefined> {
  return pair.snapshotStore.getSnapshot(aggregateId, aggregateType);
}
