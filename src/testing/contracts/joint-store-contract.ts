import assert from "node:assert/strict";
import { ClosedError, InvalidNameError, InvalidNumberError } from "../../errors.ts";
import type { EventStore } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { JointStore, LoadPage, SnapshotKey, SnapshotStore } from "../../snapshots/snapshot-store.ts";
import {
  type ContractCase,
  contractCase,
  filledStream,
  newStream,
  numbers,
  readStreamToEnd,
  rejectsWith,
  someEvents,
  streamOnly,
} from "./contract.ts";
import { refusedNames, refusedNumbers } from "./samples.ts";
import { someSnapshot } from "./snapshot-cases.ts";

/** Both stores over one database. */
export interface StorePair {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  close(): Promise<void>;
}

interface Pair extends StorePair {
  readonly joint: JointStore;
}

const KEY: SnapshotKey = { schemaVersion: 2, fingerprint: "mine" };

/** What two stores promise that share a database, and so read for a load at once. */
export const jointStoreContract: readonly ContractCase<StorePair>[] = [
  promise("begins a load without a snapshot at the first event", async (pair) => {
    const stream = await filledStream(pair.eventStore, 5);
    await assertLoad(pair, stream, 10, { head: 5, row: undefined, anchored: false, afterVersion: 0 }, numbers(1, 5));
    await assertLoad(pair, stream, 5, { head: 5, row: undefined, anchored: false, afterVersion: 0 }, numbers(1, 5));
    await assertLoad(pair, stream, 4, { head: 5, row: undefined, anchored: false, afterVersion: 0 }, numbers(1, 4));
  }),

  promise("finds nothing of an aggregate that does not exist", async (pair) => {
    await assertLoad(pair, newStream(), 10, { head: 0, row: undefined, anchored: false, afterVersion: 0 }, []);
  }),

  promise("begins a load after the version of a snapshot that stands on its event", async (pair) => {
    const stream = await filledStream(pair.eventStore, 9);
    for (const version of [1, 4, 8, 9]) {
      const row = await saveRow(pair, stream, { version });
      const facts = { head: 9, row, anchored: true, afterVersion: version };
      await assertLoad(pair, stream, 100, facts, numbers(version + 1, 9));
      await assertLoad(pair, stream, 2, facts, numbers(version + 1, Math.min(9, version + 2)));
    }
  }),

  promise("meets the exact row and the exact events that its stores give", async (pair) => {
    const stream = await filledStream(pair.eventStore, 3);
    await saveRow(pair, stream, {
      version: 1,
      stateText: ' {"z":-0, "a":"\\u0000\\ud800 \u{1f600}"}',
      createdAt: "0001-01-01T00:00:00.001Z",
    });
    const page = await pair.joint.readForLoad(streamOnly(stream), KEY, 10);
    const { aggregateId, aggregateType } = stream;
    const stored = await pair.snapshotStore.getSnapshot(aggregateId, aggregateType);
    assertRow(page.row, stored);
    assert.deepEqual(page.events, await readStreamToEnd(pair.eventStore.read(stream, { afterVersion: 1 })));
  }),

  promise("takes the row of the wanted key before newer ones", async (pair) => {
    const stream = await filledStream(pair.eventStore, 9);
    const row = await saveRow(pair, stream, { version: 3 });
    await saveRow(pair, stream, { version: 8, schemaVersion: 3 });
    await saveRow(pair, stream, { version: 9, fingerprint: "theirs" });
    await assertLoad(pair, stream, 100, { head: 9, row, anchored: true, afterVersion: 3 }, numbers(4, 9));
  }),

  promise("shows the newest row of another key, and begins at the first event", async (pair) => {
    const stream = await filledStream(pair.eventStore, 9);
    await saveRow(pair, stream, { version: 7, schemaVersion: 1 });
    const row = await saveRow(pair, stream, { version: 8, schemaVersion: 1, fingerprint: "theirs" });
    await assertLoad(pair, stream, 100, { head: 9, row, anchored: true, afterVersion: 0 }, numbers(1, 9));
    const level = await saveRow(pair, stream, { version: 8, schemaVersion: 3 });
    await assertLoad(pair, stream, 5, { head: 9, row: level, anchored: true, afterVersion: 0 }, numbers(1, 5));
  }),

  promise("begins at the first event when the snapshot is ahead of the stream", async (pair) => {
    const stream = await filledStream(pair.eventStore, 5);
    for (const version of [6, 1_000, Number.MAX_SAFE_INTEGER]) {
      const row = await saveRow(pair, stream, { version, lastEventId: stream.events[4]?.id });
      await assertLoad(pair, stream, 100, { head: 5, row, anchored: false, afterVersion: 0 }, numbers(1, 5));
    }
  }),

  promise("shows a snapshot of which no event is left", async (pair) => {
    const stream = { ...newStream(), events: someEvents(1) };
    const row = await saveRow(pair, stream, { version: 1 });
    await assertLoad(pair, stream, 100, { head: 0, row, anchored: false, afterVersion: 0 }, []);
  }),

  promise("begins at the first event when another one stands at the version of the snapshot", async (pair) => {
    const stream = await filledStream(pair.eventStore, 5);
    // As after a restore: the id is known, but not at this version.
    for (const other of [2, 4]) {
      const row = await saveRow(pair, stream, { version: 3, lastEventId: stream.events[other - 1]?.id });
      await assertLoad(pair, stream, 100, { head: 5, row, anchored: false, afterVersion: 0 }, numbers(1, 5));
    }
  }),

  promise("begins at the first event when the snapshot was copied from another aggregate", async (pair) => {
    const other = await filledStream(pair.eventStore, 5);
    const { aggregateType } = other;
    const stream = { aggregateType, aggregateId: `${other.aggregateId}2`, events: someEvents(5) };
    await pair.eventStore.append(stream, stream.events, { expectedVersion: 0 });
    const row = await saveRow(pair, stream, { version: 3, lastEventId: other.events[2]?.id });
    await assertLoad(pair, stream, 100, { head: 5, row, anchored: false, afterVersion: 0 }, numbers(1, 5));
  }),

  promise("begins at the first event when the snapshot carries no proof", async (pair) => {
    const stream = await filledStream(pair.eventStore, 5);
    const row = await saveRow(pair, stream, { version: 3, lastEventId: undefined, checksum: undefined });
    await assertLoad(pair, stream, 100, { head: 5, row, anchored: false, afterVersion: 0 }, numbers(1, 5));
  }),

  promise("never mixes the rows and events of different ids and types", async (pair) => {
    const one = await filledStream(pair.eventStore, 3);
    const sameType = { aggregateType: one.aggregateType, aggregateId: `${one.aggregateId} ` };
    const sameId = { aggregateType: `${one.aggregateType} `, aggregateId: one.aggregateId };
    await saveRow(pair, one, { version: 2 });
    for (const stream of [sameType, sameId]) {
      await assertLoad(pair, stream, 10, { head: 0, row: undefined, anchored: false, afterVersion: 0 }, []);
    }
  }),

  promise("reads head, snapshot and events of one moment while appends go on", async (pair) => {
    const stream = await filledStream(pair.eventStore, 4);
    await saveRow(pair, stream, { version: 2 });
    const appends = numbers(1, 8).map(() => pair.eventStore.append(stream, someEvents(3), { expectedVersion: "any" }));
    const loads = numbers(1, 16).map(() => pair.joint.readForLoad(streamOnly(stream), KEY, 100));
    for (const { head, afterVersion, events } of await Promise.all(loads)) {
      assert.equal((head - 4) % 3, 0);
      assert.equal(afterVersion, 2);
      assert.deepEqual(
        events.map((event) => event.version),
        numbers(3, head),
      );
    }
    await Promise.all(appends);
  }),

  promise("refuses names and limits out of bounds", async (pair) => {
    const stream = newStream();
    for (const name of refusedNames as readonly string[]) {
      await rejectsWith(pair.joint.readForLoad({ ...stream, aggregateId: name }, KEY, 1), InvalidNameError);
      await rejectsWith(pair.joint.readForLoad({ ...stream, aggregateType: name }, KEY, 1), InvalidNameError);
    }
    for (const limit of [...refusedNumbers, 0, 100_001] as readonly number[]) {
      await rejectsWith(pair.joint.readForLoad(stream, KEY, limit), InvalidNumberError);
    }
  }),

  promise("refuses to read after the snapshot store was closed", async (pair) => {
    await pair.snapshotStore.close();
    await rejectsWith(pair.joint.readForLoad(newStream(), KEY, 1), ClosedError);
  }),
];

function promise(title: string, check: (pair: Pair) => Promise<void>): ContractCase<StorePair> {
  return contractCase(title, async (pair) => {
    const joint = pair.snapshotStore.jointWith?.(pair.eventStore);
    await check({ ...pair, joint: joint ?? assert.fail("The stores do not know that they share a database.") });
  });
}

/** Stores a snapshot that stands on the event of its version, unless `fields` say otherwise. */
async function saveRow(
  pair: Pair,
  stream: StreamId & { readonly events: readonly { readonly id: string }[] },
  fields: Partial<SnapshotRow> & { readonly version: number },
): Promise<SnapshotRow> {
  const lastEventId = stream.events[fields.version - 1]?.id;
  const snapshot = someSnapshot({ ...streamOnly(stream), ...KEY, lastEventId, ...fields });
  assert.equal(await pair.snapshotStore.saveSnapshot(snapshot), "stored");
  return snapshot;
}

async function assertLoad(
  pair: Pair,
  stream: StreamId,
  limit: number,
  expected: Omit<LoadPage, "events">,
  versions: readonly number[],
): Promise<void> {
  const { row, events, ...page } = await pair.joint.readForLoad(streamOnly(stream), KEY, limit);
  const { row: expectedRow, ...expectedPage } = expected;
  assert.deepEqual(page, expectedPage);
  assertRow(row, expectedRow);
  assert.deepEqual(
    events.map((event) => event.version),
    versions,
  );
}

function assertRow(row: SnapshotRow | undefined, expected: SnapshotRow | undefined): void {
  assert.deepEqual(row && fieldsOf(row), expected && fieldsOf(expected));
}

function fieldsOf(row: SnapshotRow): SnapshotRow {
  const { aggregateType, aggregateId, version, schemaVersion, fingerprint } = row;
  const { lastEventId, checksum, createdAt, stateText } = row;
  return {
    aggregateType,
    aggregateId,
    version,
    schemaVersion,
    fingerprint,
    lastEventId,
    checksum,
    createdAt,
    stateText,
  };
}
