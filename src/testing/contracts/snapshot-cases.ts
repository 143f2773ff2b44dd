import assert from "node:assert/strict";
import { ClosedError, InvalidInstantError, InvalidNameError, InvalidNumberError } from "../../errors.ts";
import type { JsonValue } from "../../events/strict-json.ts";
import { Snapshot } from "../../snapshots/snapshot.ts";
import type { SnapshotStore } from "../../snapshots/snapshot-store.ts";
import { type ContractCase, contractCase, newName, newStream, rejectsWith } from "./contract.ts";
import { refusedNames, refusedNumbers, trickyInstants, trickyNames, trickyValues } from "./samples.ts";
import { rowOf, someSnapshot } from "./some-snapshot.ts";

const promise = contractCase<SnapshotStore>;

export const snapshotValueCases: readonly ContractCase<SnapshotStore>[] = [
  promise("answers for an aggregate without a snapshot", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    assert.equal(await store.getSnapshot(aggregateId, aggregateType), undefined);
    assert.equal(await store.snapshotExists(aggregateId, aggregateType), false);
    assert.equal(await store.deleteSnapshot(aggregateId, aggregateType), false);
    assert.equal(await store.deleteSnapshotsByType(aggregateType), 0);
    assert.equal(await store.deleteSnapshotsByType(aggregateType, { schemaVersionBelow: 9 }), 0);
  }),

  promise("brings a snapshot built by hand back deeply equal", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    const state = { balance: 12.5, owner: "Zoë", lines: [1, [null], { a: true }] };
    const snapshot = new Snapshot({ aggregateId, aggregateType, version: 16, state, schemaVersion: 2 });
    assert.equal(await store.saveSnapshot(snapshot), "stored");
    const stored = await store.getSnapshot(aggregateId, aggregateType);
    assert.ok(stored instanceof Snapshot);
    assert.deepEqual(stored, snapshot);
    assert.deepEqual(stored.state, state);
    assert.deepEqual([stored.fingerprint, stored.lastEventId, stored.checksum], ["", undefined, undefined]);
  }),

  promise("brings the proof of a snapshot back deeply equal", async (store) => {
    const snapshot = someSnapshot({
      version: 7,
      schemaVersion: 3,
      fingerprint: "f1",
      lastEventId: "e'7",
      checksum: 'c"7',
    });
    await saveAndCompare(store, snapshot);
  }),

  promise("keeps the text of a state to the letter", async (store) => {
    const texts = [
      '{"z":1,"a":2,"10":3,"9":4}',
      ' { "spaced" :\t[ 1 ,\n2 ] } ',
      '{"zero":-0,"one":1.0,"big":12345678901234567890,"exponent":1E+2}',
      '{"same":1,"same":2}',
      '"\\u00e9 \\u0000 \\ud800 \\/ \u{1f600} \u2028 é e\u0301"',
    ];
    for (const stateText of texts) {
      const stored = await saveAndCompare(store, someSnapshot({ stateText }));
      assert.equal(stored.stateText, stateText);
    }
  }),

  promise("brings every state that JSON allows back exactly", async (store) => {
    for (const state of trickyValues) {
      const stored = await saveAndCompare(store, new Snapshot({ ...newStream(), version: 1, state }));
      assert.deepEqual(stored.state, state);
      assert.equal(JSON.stringify(stored.state), JSON.stringify(state));
    }
  }),

  promise("keeps a state of a megabyte and more", async (store) => {
    const state = { text: "\u{1f600} é \\ \u0000 ".repeat(100_000) };
    const snapshot = new Snapshot({ ...newStream(), version: 1, state });
    await store.saveSnapshot(snapshot);
    const stored = await store.getSnapshot(snapshot.aggregateId, snapshot.aggregateType);
    // Not deepEqual: the difference of two such values takes minutes to print.
    assert.ok(stored?.stateText === snapshot.stateText);
  }),

  promise("keeps versions and schema versions far past 32 bits", async (store) => {
    for (const number of [32_768, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      await saveAndCompare(store, someSnapshot({ version: number, schemaVersion: number }));
    }
  }),

  promise("brings back the time of creation to the millisecond, from the year 1 to 9999", async (store) => {
    for (const createdAt of trickyInstants) await saveAndCompare(store, someSnapshot({ createdAt }));
  }),

  promise("keeps ids, types and fingerprints apart that differ in anything", async (store) => {
    const [aggregateId, aggregateType, other] = [newName(), newName("Type"), newName("Other")];
    const snapshots = trickyNames.flatMap((name, index) => [
      someSnapshot({ aggregateType, aggregateId: name, version: index + 1 }),
      someSnapshot({ aggregateType: name, aggregateId, version: index + 1 }),
      someSnapshot({ aggregateType: other, aggregateId: "one", fingerprint: name, version: index + 1 }),
    ]);
    for (const snapshot of snapshots) assert.equal(await store.saveSnapshot(snapshot), "stored");
    for (const snapshot of snapshots) {
      const stored = await store.getSnapshot(snapshot.aggregateId, snapshot.aggregateType, { prefer: snapshot });
      assert.deepEqual(stored, snapshot);
    }
    assert.equal(await store.deleteSnapshotsByType(aggregateType), trickyNames.length);
    assert.equal(await store.deleteSnapshotsByType(other), trickyNames.length);
  }),

  promise("never takes the border between type and id for a part of either", async (store) => {
    const unique = newName();
    for (const mark of [":", "/", "|", " ", "\u0001", "\n", ""]) {
      const one = someSnapshot({ aggregateType: `${unique}a${mark}b`, aggregateId: "c" });
      const two = someSnapshot({ aggregateType: `${unique}a`, aggregateId: `b${mark}c` });
      await store.saveSnapshot(one);
      assert.equal(await store.snapshotExists(two.aggregateId, two.aggregateType), false);
      await store.saveSnapshot(two);
      assert.deepEqual(await store.getSnapshot(one.aggregateId, one.aggregateType), one);
      assert.equal(await store.deleteSnapshot(one.aggregateId, one.aggregateType), true);
      assert.deepEqual(await store.getSnapshot(two.aggregateId, two.aggregateType), two);
    }
  }),

  promise("cannot be changed through what it was given or has handed out", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    const state = { list: [1], deep: { a: 1 } };
    const save = store.saveSnapshot(new Snapshot({ aggregateId, aggregateType, version: 1, state }));
    state.list.push(2);
    state.deep.a = 2;
    await save;
    const handedOut = (await store.getSnapshot(aggregateId, aggregateType)) ?? assert.fail();
    assert.throws(() => (handedOut.state as { list: JsonValue[] }).list.push(3), TypeError);
    assert.throws(() => Object.assign(handedOut, { version: 9 }), TypeError);
    const again = await store.getSnapshot(aggregateId, aggregateType);
    assert.deepEqual(again?.state, { list: [1], deep: { a: 1 } });
    assert.notEqual(again, handedOut);
  }),

  promise("refuses rows that not every store would keep, before anything is stored", async (store) => {
    const good = someSnapshot();
    const refuse = async (fields: object, kind: abstract new (...facts: never[]) => Error): Promise<void> => {
      await rejectsWith(store.saveSnapshot(new Snapshot({ ...rowOf(good), ...fields })), kind);
    };
    for (const name of refusedNames) {
      await refuse({ aggregateId: name }, InvalidNameError);
      await refuse({ aggregateType: name }, InvalidNameError);
      if (name !== "") await refuse({ fingerprint: name }, InvalidNameError);
      if (name !== undefined) await refuse({ lastEventId: name }, InvalidNameError);
      if (name !== undefined) await refuse({ checksum: name }, InvalidNameError);
    }
    for (const number of [...refusedNumbers, 0, undefined]) {
      await refuse({ version: number }, InvalidNumberError);
      await refuse({ schemaVersion: number }, InvalidNumberError);
    }
    for (const createdAt of ["yesterday", "2026-01-31", "0000-01-01T00:00:00.000Z", "+010000-01-01T00:00:00.000Z"]) {
      await refuse({ createdAt }, InvalidInstantError);
    }
    assert.equal(await store.snapshotExists(good.aggregateId, good.aggregateType), false);
  }),

  promise("refuses questions with names or numbers out of bounds", async (store) => {
    const { aggregateId, aggregateType } = newStream();
    for (const name of refusedNames as readonly string[]) {
      for (const [id, type] of [[name, aggregateType] as const, [aggregateId, name] as const]) {
        await rejectsWith(store.getSnapshot(id, type), InvalidNameError);
        await rejectsWith(store.snapshotExists(id, type), InvalidNameError);
        await rejectsWith(store.deleteSnapshot(id, type), InvalidNameError);
      }
      await rejectsWith(store.deleteSnapshotsByType(name), InvalidNameError);
    }
    for (const number of [...refusedNumbers, 0] as readonly number[]) {
      const options = { schemaVersion: number };
      await rejectsWith(store.getSnapshot(aggregateId, aggregateType, options), InvalidNumberError);
      await rejectsWith(store.snapshotExists(aggregateId, aggregateType, options), InvalidNumberError);
      await rejectsWith(store.deleteSnapshot(aggregateId, aggregateType, options), InvalidNumberError);
      const below = store.deleteSnapshotsByType(aggregateType, { schemaVersionBelow: number });
      await rejectsWith(below, InvalidNumberError);
    }
  }),

  promise("refuses every call after it was closed, which may happen twice", async (store) => {
    const snapshot = someSnapshot();
    const { aggregateId, aggregateType } = snapshot;
    await store.close();
    await store.close();
    await rejectsWith(store.saveSnapshot(snapshot), ClosedError);
    await rejectsWith(store.getSnapshot(aggregateId, aggregateType), ClosedError);
    await rejectsWith(store.snapshotExists(aggregateId, aggregateType), ClosedError);
    await rejectsWith(store.deleteSnapshot(aggregateId, aggregateType), ClosedError);
    await rejectsWith(store.deleteSnapshotsByType(aggregateType), ClosedError);
  }),
];

async function saveAndCompare(store: SnapshotStore, snapshot: Snapshot): Promise<Snapshot> {
  assert.equal(await store.saveSnapshot(snapshot), "stored");
  const stored = await store.getSnapshot(snapshot.aggregateId, snapshot.aggregateType);
  assert.deepEqual(stored, snapshot);
  return stored ?? assert.fail();
}
