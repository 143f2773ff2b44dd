import assert from "node:assert/strict";
import { ClosedError, InvalidNameError, InvalidNumberError } from "../../errors.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { LoadPage, WantedSnapshot } from "../../snapshots/snapshot-store.ts";
import {
  type ContractCase,
  filledStream,
  newName,
  newStream,
  numbers,
  readStreamToEnd,
  rejectsWith,
  someEvents,
  streamOnly,
  versionsOf,
} from "./contract.ts";
import { assertRow, type Pair, promise, type StorePair, saveRow, WANTED } from "./joint-pair.ts";
import { refusedNames, refusedNumbers } from "./samples.ts";

export const jointLoadCases: readonly ContractCase<StorePair>[] = [
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
    const page = await pair.joint.readForLoad(streamOnly(stream), WANTED, 10);
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
    await assertLoad(pair, stream, 100, { head: 9, row, anchored: false, afterVersion: 0 }, numbers(1, 9));
    const level = await saveRow(pair, stream, { version: 8, schemaVersion: 3 });
    await assertLoad(pair, stream, 5, { head: 9, row: level, anchored: false, afterVersion: 0 }, numbers(1, 5));
  }),

  promise("begins after a row of an older schema version when the class can upgrade it", async (pair) => {
    const stream = await filledStream(pair.eventStore, 9);
    const wanted = { schemaVersion: 5, fingerprint: "new", upgradableFrom: 3 };
    const load = async (version: number, schemaVersion: number, afterVersion: number): Promise<void> => {
      const row = await saveRow(pair, stream, { version, schemaVersion, fingerprint: newName() });
      const facts = { head: 9, row, anchored: afterVersion > 0, afterVersion };
      await assertLoad(pair, stream, 2, facts, numbers(afterVersion + 1, Math.min(9, afterVersion + 2)), wanted);
    };
    await load(1, 2, 0);
    await load(2, 3, 2);
    await load(3, 4, 3);
    await load(4, 5, 0);
    await load(5, 6, 0);
    await load(6, 4, 6);
    const own = await saveRow(pair, stream, { version: 1, schemaVersion: 5, fingerprint: "new" });
    await assertLoad(pair, stream, 2, { head: 9, row: own, anchored: true, afterVersion: 1 }, [2, 3], wanted);
  }),

  promise("begins at the first event when a row that can be upgraded is not of this history", async (pair) => {
    const stream = await filledStream(pair.eventStore, 3);
    const row = await saveRow(pair, stream, { version: 2, schemaVersion: 1, lastEventId: stream.events[0]?.id });
    const facts = { head: 3, row, anchored: false, afterVersion: 0 };
    await assertLoad(pair, stream, 9, facts, [1, 2, 3], { ...WANTED, upgradableFrom: 1 });
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
    const loads = numbers(1, 16).map(() => pair.joint.readForLoad(streamOnly(stream), WANTED, 100));
    for (const { head, afterVersion, events } of await Promise.all(loads)) {
      assert.ok(head !== undefined && (head - 4) % 3 === 0);
      assert.equal(afterVersion, 2);
      assert.deepEqual(versionsOf(events), numbers(3, head));
    }
    await Promise.all(appends);
  }),

  promise("refuses names and limits out of bounds", async (pair) => {
    const stream = newStream();
    for (const name of refusedNames as readonly string[]) {
      await rejectsWith(pair.joint.readForLoad({ ...stream, aggregateId: name }, WANTED, 1), InvalidNameError);
      await rejectsWith(pair.joint.readForLoad({ ...stream, aggregateType: name }, WANTED, 1), InvalidNameError);
    }
    for (const limit of [...refusedNumbers, 0, 100_001] as readonly number[]) {
      await rejectsWith(pair.joint.readForLoad(stream, WANTED, limit), InvalidNumberError);
    }
  }),

  promise("refuses to read after the snapshot store was closed", async (pair) => {
    await pair.snapshotStore.close();
    await rejectsWith(pair.joint.readForLoad(newStream(), WANTED, 1), ClosedError);
  }),
];

/** `head` may be missing from a full page, and only there. */
async function assertLoad(
  pair: Pair,
  stream: StreamId,
  limit: number,
  expected: Omit<LoadPage, "events">,
  versions: readonly number[],
  wanted: WantedSnapshot = WANTED,
): Promise<void> {
  const loaded = await pair.joint.readForLoad(streamOnly(stream), wanted, limit);
  const atOnce = pair.joint.readForLoadSync?.(streamOnly(stream), wanted, limit) ?? loaded;
  assert.deepEqual(atOnce, loaded);
  const { row, events, ...page } = loaded;
  const { row: expectedRow, ...expectedPage } = expected;
  const mayHaveMore = events.length === limit;
  assert.deepEqual({ ...page, head: page.head ?? (mayHaveMore ? expected.head : undefined) }, expectedPage);
  assertRow(row, expectedRow);
  assert.deepEqual(versionsOf(events), versions);
}
