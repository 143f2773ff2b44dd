import assert from "node:assert/strict";
import { InvalidNumberError } from "../../errors.ts";
import { newEvent } from "../../events/event.ts";
import type { EventStore } from "../../events/event-store.ts";
import {
  type ContractCase,
  contractCase,
  filledStream,
  idsOf,
  newStream,
  numbers,
  readStreamToEnd,
  rejectsWith,
  someEvents,
  versionsOf,
} from "./contract.ts";
import { refusedNumbers } from "./samples.ts";

const promise = contractCase<EventStore>;

export const readCases: readonly ContractCase<EventStore>[] = [
  promise("reads back every field of every event, in order", async (store) => {
    const stream = newStream();
    const metadata = { correlationId: "c", causationId: "d", actor: "e", tenant: "f", own: [1, { deep: null }] };
    const full = newEvent({
      type: "Full",
      data: { b: 1, a: [2] },
      metadata,
      occurredAt: new Date(1_234),
      schemaVersion: 7,
    });
    const least = newEvent({ type: "Least", data: {} });
    await store.append(stream, [full, least], { expectedVersion: 0 });
    assert.deepEqual(await readStreamToEnd(store.read(stream)), [
      {
        id: full.id,
        type: "Full",
        data: { b: 1, a: [2] },
        version: 1,
        occurredAt: "1970-01-01T00:00:01.234Z",
        metadata,
        schemaVersion: 7,
      },
      {
        id: least.id,
        type: "Least",
        data: {},
        version: 2,
        occurredAt: least.occurredAt,
        metadata: {},
        schemaVersion: 1,
      },
    ]);
  }),

  promise("reads nothing from a stream that does not exist, and reports it as version 0", async (store) => {
    const stream = newStream();
    assert.deepEqual(versionsOf(await readStreamToEnd(store.read(stream))), []);
    assert.deepEqual(await store.readPage(stream, { afterVersion: 0, limit: 10 }), { head: 0, events: [] });
    assert.equal(await store.versionOf(stream), 0);
    assert.equal(await store.exists(stream), false);
  }),

  promise("knows version and existence of a stream", async (store) => {
    const stream = await filledStream(store, 5);
    assert.equal(await store.versionOf(stream), 5);
    assert.equal(await store.exists(stream), true);
  }),

  promise("reads the events after a version, without that version", async (store) => {
    const stream = await filledStream(store, 5);
    for (const afterVersion of [0, 1, 4, 5, 6, Number.MAX_SAFE_INTEGER]) {
      const expected = numbers(1, 5).filter((version) => version > afterVersion);
      assert.deepEqual(versionsOf(await readStreamToEnd(store.read(stream, { afterVersion }))), expected);
      const page = await store.readPage(stream, { afterVersion, limit: 10 });
      assert.deepEqual(versionsOf(page.events), expected);
      assert.equal(page.head, 5);
    }
  }),

  promise("reads the events through a version, with that version", async (store) => {
    const stream = await filledStream(store, 5);
    for (const throughVersion of [0, 1, 4, 5, 6, Number.MAX_SAFE_INTEGER]) {
      for (const afterVersion of [0, 2, 5]) {
        const expected = numbers(afterVersion + 1, Math.min(5, throughVersion));
        assert.deepEqual(
          versionsOf(await readStreamToEnd(store.read(stream, { afterVersion, throughVersion, pageSize: 2 }))),
          expected,
        );
        const page = await store.readPage(stream, { afterVersion, throughVersion, limit: 10 });
        assert.deepEqual(versionsOf(page.events), expected);
        assert.equal(page.head, 5);
      }
    }
  }),

  promise("reads each event once, whether the pages come out even or not", async (store) => {
    const stream = await filledStream(store, 12);
    for (const pageSize of [1, 2, 3, 5, 6, 11, 12, 13, 24, 100_000]) {
      assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream, { pageSize }))), idsOf(stream.events));
      const tail = versionsOf(
        await readStreamToEnd(store.read(stream, { pageSize, afterVersion: 5, throughVersion: 11 })),
      );
      assert.deepEqual(tail, numbers(6, 11));
    }
  }),

  promise("reads a stream of one page more, or one event more or less, by default", async (store) => {
    const stream = newStream();
    let head = 0;
    for (const count of [999, 1, 1, 1_000]) {
      head = (await store.append(stream, someEvents(count), { expectedVersion: head })).version;
      assert.deepEqual(versionsOf(await readStreamToEnd(store.read(stream))), numbers(1, head));
    }
  }),

  promise("gives a page of at most the limit, with the head of the whole stream", async (store) => {
    const stream = await filledStream(store, 6);
    for (const limit of [1, 5, 6, 7]) {
      const page = await store.readPage(stream, { afterVersion: 0, limit });
      assert.equal(page.head, 6);
      assert.deepEqual(versionsOf(page.events), numbers(1, Math.min(6, limit)));
    }
  }),

  promise("ends a read at the head it first saw, while appends go on between its pages", async (store) => {
    const stream = await filledStream(store, 6);
    const seen: number[] = [];
    for await (const event of store.read(stream, { pageSize: 2 })) {
      seen.push(event.version);
      // Or a read without an end would run forever.
      assert.ok(event.version <= 6, "the read goes on past the head that it first saw");
      await store.append(stream, someEvents(3), { expectedVersion: "any" });
    }
    assert.deepEqual(seen, numbers(1, 6));
    assert.equal(await store.versionOf(stream), 24);
  }),

  promise("reads several streams side by side, and may be left before the end", async (store) => {
    const [one, two] = [await filledStream(store, 9), await filledStream(store, 9)];
    const reads = [one, two, one].map((stream) => store.read(stream, { pageSize: 2 })[Symbol.asyncIterator]());
    for (const version of numbers(1, 9)) {
      for (const [index, read] of reads.entries()) {
        const { value } = await read.next();
        const stream = index === 1 ? two : one;
        assert.equal(value?.id, stream.events[version - 1]?.id);
      }
    }
    for await (const event of store.read(one, { pageSize: 3 })) if (event.version === 4) break;
    await store.append(one, someEvents(1), { expectedVersion: 9 });
    assert.deepEqual(versionsOf(await readStreamToEnd(store.read(one))), numbers(1, 10));
  }),

  promise("reads the same events again after a reader has changed what it was handed", async (store) => {
    const stream = newStream();
    const event = newEvent({ type: "Kept", data: { list: [1] }, metadata: { own: { a: 1 } } });
    await store.append(stream, [event], { expectedVersion: 0 });
    const [first = assert.fail()] = await readStreamToEnd(store.read(stream));
    (first.data as { list: number[] }).list.push(2);
    (first.metadata as { own: { a: number } }).own.a = 2;
    Object.assign(first, { type: "Changed", version: 9 });
    const [again] = await readStreamToEnd(store.read(stream));
    assert.deepEqual([again?.type, again?.version], ["Kept", 1]);
    assert.deepEqual([again?.data, again?.metadata], [{ list: [1] }, { own: { a: 1 } }]);
  }),

  promise("refuses bounds that are no whole numbers in range", async (store) => {
    const stream = await filledStream(store, 1);
    for (const value of refusedNumbers) {
      const bad = value as number;
      await rejectsWith(readStreamToEnd(store.read(stream, { afterVersion: bad })), InvalidNumberError);
      await rejectsWith(readStreamToEnd(store.read(stream, { throughVersion: bad })), InvalidNumberError);
      await rejectsWith(store.readPage(stream, { afterVersion: bad, limit: 1 }), InvalidNumberError);
      await rejectsWith(store.readPage(stream, { afterVersion: 0, throughVersion: bad, limit: 1 }), InvalidNumberError);
      await rejectsWith(store.append(stream, someEvents(1), { expectedVersion: bad }), InvalidNumberError);
    }
    for (const value of [...refusedNumbers, 0, 100_001]) {
      const bad = value as number;
      await rejectsWith(store.readPage(stream, { afterVersion: 0, limit: bad }), InvalidNumberError);
      await rejectsWith(readStreamToEnd(store.read(stream, { pageSize: bad })), InvalidNumberError);
    }
    assert.equal(await store.versionOf(stream), 1);
  }),
];
