import assert from "node:assert/strict";
import { ClosedError, InvalidNameError, InvalidNumberError } from "../../errors.ts";
import { type NewEvent, newEvent } from "../../events/event.ts";
import type { EventStore } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import {
  type ContractCase,
  contractCase,
  filledStream,
  idsOf,
  newName,
  newStream,
  readStreamToEnd,
  rejectsWith,
  someEvents,
} from "./contract.ts";
import { refusedNames, refusedNumbers, trickyInstants, trickyNames, trickyValues } from "./samples.ts";

const promise = contractCase<EventStore>;

export const nameCases: readonly ContractCase<EventStore>[] = [
  promise("keeps ids apart that differ in anything: case, accents, spaces, quotes, length", async (store) => {
    const aggregateType = newName("Type");
    await assertApart(
      store,
      trickyNames.map((aggregateId) => ({ aggregateType, aggregateId })),
    );
    assert.deepEqual(new Set(await store.streams(aggregateType)), new Set(trickyNames));
  }),

  promise("keeps types apart that differ in anything", async (store) => {
    const aggregateId = newName();
    await assertApart(
      store,
      trickyNames.map((aggregateType) => ({ aggregateType, aggregateId })),
    );
    for (const type of trickyNames) {
      const after = { afterId: aggregateId.slice(0, -1), limit: 1 };
      assert.deepEqual(await store.streams(type, after), [aggregateId]);
    }
  }),

  promise("never takes the border between type and id for a part of either", async (store) => {
    const unique = newName();
    const separators = [":", "/", "|", "-", "_", " ", ",", "\u0001", "\u001f", "\n", "::"];
    const pairs = separators.flatMap((mark) => [
      { aggregateType: `${unique}a${mark}b`, aggregateId: "c" },
      { aggregateType: `${unique}a`, aggregateId: `b${mark}c` },
    ]);
    await assertApart(store, [
      ...pairs,
      { aggregateType: `${unique}ab`, aggregateId: "c" },
      { aggregateType: `${unique}a`, aggregateId: "bc" },
    ]);
  }),

  promise("refuses names that not every store would keep, before anything is stored", async (store) => {
    const good = await filledStream(store, 1);
    for (const name of refusedNames as readonly string[]) {
      const bad: StreamId[] = [
        { aggregateType: name, aggregateId: good.aggregateId },
        { aggregateType: good.aggregateType, aggregateId: name },
      ];
      for (const stream of bad) {
        await rejectsWith(store.append(stream, someEvents(1), { expectedVersion: "any" }), InvalidNameError);
        await rejectsWith(readStreamToEnd(store.read(stream)), InvalidNameError);
        await rejectsWith(store.readPage(stream, { afterVersion: 0, limit: 1 }), InvalidNameError);
        await rejectsWith(store.versionOf(stream), InvalidNameError);
        await rejectsWith(store.exists(stream), InvalidNameError);
      }
      await rejectsWith(store.streams(name), InvalidNameError);
      if (name !== undefined) await rejectsWith(store.streams(good.aggregateType, { afterId: name }), InvalidNameError);
    }
    assert.deepEqual(await store.streams(good.aggregateType), [good.aggregateId]);
  }),

  promise(
    "refuses events made by other means with ids, types or versions that not every store would keep",
    async (store) => {
      const stream = newStream();
      const refuse = async (
        fields: object,
        kind: typeof InvalidNameError | typeof InvalidNumberError,
      ): Promise<void> => {
        const events = [...someEvents(1), { ...someEvents(1)[0], ...fields } as NewEvent];
        await rejectsWith<Error>(store.append(stream, events, { expectedVersion: 0 }), kind);
      };
      for (const name of refusedNames) {
        await refuse({ id: name }, InvalidNameError);
        await refuse({ type: name }, InvalidNameError);
      }
      for (const number of [...refusedNumbers, 0]) await refuse({ schemaVersion: number }, InvalidNumberError);
      assert.equal(await store.exists(stream), false);
    },
  ),
];

export const valueCases: readonly ContractCase<EventStore>[] = [
  promise(
    "brings data and metadata back exactly: −0, U+0000, lone surrogates, odd keys and their order",
    async (store) => {
      const stream = newStream();
      const events = trickyValues.map((value) => newEvent({ type: "Kept", data: value, metadata: { value } }));
      await store.append(stream, events, { expectedVersion: 0 });
      const stored = await readStreamToEnd(store.read(stream));
      for (const [index, value] of trickyValues.entries()) {
        assert.deepEqual(stored[index]?.data, value);
        assert.deepEqual(stored[index]?.metadata, { value });
        assert.deepEqual(JSON.stringify(stored[index]?.data), JSON.stringify(value));
      }
    },
  ),

  promise("brings back the time of an event to the millisecond, from the year 1 to 9999", async (store) => {
    const stream = newStream();
    const events = trickyInstants.map((occurredAt) => newEvent({ type: "Timed", data: {}, occurredAt }));
    await store.append(stream, events, { expectedVersion: 0 });
    const stored = await readStreamToEnd(store.read(stream));
    assert.deepEqual(
      stored.map((event) => event.occurredAt),
      trickyInstants,
    );
  }),

  promise("brings back event types, event ids and schema versions at the edge of what is allowed", async (store) => {
    const stream = newStream();
    const schemaVersions = [1, 32_768, 2 ** 31, Number.MAX_SAFE_INTEGER];
    const events = [
      ...trickyNames.map((type) => newEvent({ type, data: {} })),
      ...schemaVersions.map((schemaVersion) => newEvent({ type: "Versioned", data: {}, schemaVersion })),
      newEvent({ type: "Long", data: {}, id: newName("").padEnd(255, "\uffff") }),
    ];
    await store.append(stream, events, { expectedVersion: 0 });
    const stored = await readStreamToEnd(store.read(stream));
    assert.deepEqual(
      stored.map((event) => event.type),
      events.map((event) => event.type),
    );
    assert.deepEqual(
      stored.map((event) => event.schemaVersion),
      events.map((event) => event.schemaVersion),
    );
    assert.deepEqual(idsOf(stored), idsOf(events));
  }),

  promise("keeps an event of a megabyte and more", async (store) => {
    const stream = newStream();
    const data = {
      text: "\u{1f600} é \\ \u0000 ".repeat(100_000),
      list: Array.from({ length: 50_000 }, (_, index) => index),
    };
    await store.append(stream, [newEvent({ type: "Big", data }), ...someEvents(1)], { expectedVersion: 0 });
    const [stored] = await readStreamToEnd(store.read(stream));
    // Not deepEqual: the difference of two such values takes minutes to print.
    assert.ok(JSON.stringify(stored?.data) === JSON.stringify(data));
  }),
];

export const closingCases: readonly ContractCase<EventStore>[] = [
  promise("refuses every call after it was closed, which may happen twice", async (store) => {
    const stream = await filledStream(store, 1);
    const begun = store.read(stream, { pageSize: 1 });
    await store.close();
    await store.close();
    await rejectsWith(store.append(stream, someEvents(1), { expectedVersion: 1 }), ClosedError);
    await rejectsWith(readStreamToEnd(begun), ClosedError);
    await rejectsWith(store.readPage(stream, { afterVersion: 0, limit: 1 }), ClosedError);
    await rejectsWith(store.versionOf(stream), ClosedError);
    await rejectsWith(store.exists(stream), ClosedError);
    await rejectsWith(store.streams(stream.aggregateType), ClosedError);
    await rejectsWith(store.readAll(), ClosedError);
  }),
];

/** Gives each stream events of its own, and finds exactly these in it. */
async function assertApart(store: EventStore, streams: readonly StreamId[]): Promise<void> {
  const batches = streams.map((_, index) => someEvents(1 + (index % 3), index));
  for (const [index, stream] of streams.entries()) {
    assert.equal(await store.exists(stream), false);
    await store.append(stream, batches[index] ?? [], { expectedVersion: 0 });
  }
  for (const [index, stream] of streams.entries()) {
    const batch = batches[index] ?? [];
    assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream))), idsOf(batch));
    assert.equal(await store.versionOf(stream), batch.length);
  }
}
