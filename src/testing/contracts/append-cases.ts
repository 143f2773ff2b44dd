import assert from "node:assert/strict";
import { DuplicateEventError, InvalidAppendError, OptimisticConcurrencyError } from "../../errors.ts";
import { type NewEvent, newEvent } from "../../events/event.ts";
import type { EventStore } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import {
  type ContractCase,
  contractCase,
  filledStream,
  idsOf,
  lastPosition,
  newName,
  newStream,
  numbers,
  readAllAfter,
  readStreamToEnd,
  rejectsWith,
  someEvents,
  streamOnly,
  versionsOf,
} from "./contract.ts";

const promise = contractCase<EventStore>;

export const appendCases: readonly ContractCase<EventStore>[] = [
  promise("starts a stream that is expected not to exist, and continues it at the version it has", async (store) => {
    const stream = newStream();
    assert.deepEqual(await store.append(stream, someEvents(3), { expectedVersion: 0 }), { version: 3 });
    assert.deepEqual(await store.append(stream, someEvents(1), { expectedVersion: 3 }), { version: 4 });
    assert.deepEqual(await store.append(stream, someEvents(2), { expectedVersion: 4 }), { version: 6 });
    assert.deepEqual(versionsOf(await readStreamToEnd(store.read(stream))), numbers(1, 6));
  }),

  promise('appends to a stream at whatever version when "any" is expected', async (store) => {
    const stream = newStream();
    assert.deepEqual(await store.append(stream, someEvents(2), { expectedVersion: "any" }), { version: 2 });
    assert.deepEqual(await store.append(stream, someEvents(3), { expectedVersion: "any" }), { version: 5 });
    assert.deepEqual(versionsOf(await readStreamToEnd(store.read(stream))), numbers(1, 5));
  }),

  promise("refuses to append at another version, naming stream, expected and actual version", async (store) => {
    const filled = await filledStream(store, 3);
    const stream = streamOnly(filled);
    for (const expectedVersion of [0, 1, 2, 4, 1_000, Number.MAX_SAFE_INTEGER]) {
      const append = store.append(stream, someEvents(1), { expectedVersion });
      await rejectsWith(append, OptimisticConcurrencyError, { stream, expectedVersion, actualVersion: 3 });
    }
    const absent = newStream();
    const append = store.append(absent, someEvents(2), { expectedVersion: 1 });
    await rejectsWith(append, OptimisticConcurrencyError, { stream: absent, expectedVersion: 1, actualVersion: 0 });
    assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream))), idsOf(filled.events));
  }),

  promise("appends where the expected event stands at the expected version, and nowhere else", async (store) => {
    const filled = await filledStream(store, 3);
    const stream = streamOnly(filled);
    const [first, , third] = idsOf(filled.events) as [string, string, string];
    const unknown = newName("event");
    for (const expectedEventId of [first, unknown, `${third} `]) {
      const facts = { stream, expectedVersion: 3, actualVersion: 3, expectedEventId };
      for (const count of [1, 3]) {
        const append = store.append(stream, someEvents(count), { expectedVersion: 3, expectedEventId });
        await rejectsWith(append, OptimisticConcurrencyError, facts);
      }
    }
    // Where the version is another one, that is what is said, whatever stands there.
    const behind = store.append(stream, someEvents(1), { expectedVersion: 1, expectedEventId: first });
    await rejectsWith(behind, OptimisticConcurrencyError, { actualVersion: 3, expectedEventId: undefined });
    const absent = newStream();
    const ahead = store.append(absent, someEvents(1), { expectedVersion: 1, expectedEventId: unknown });
    await rejectsWith(ahead, OptimisticConcurrencyError, { actualVersion: 0, expectedEventId: undefined });
    assert.equal(await store.exists(absent), false);
    assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream))), idsOf(filled.events));

    const [one] = someEvents(1) as [NewEvent];
    await store.append(stream, [one], { expectedVersion: 3, expectedEventId: third });
    const more = await store.append(stream, someEvents(3), { expectedVersion: 4, expectedEventId: one.id });
    assert.deepEqual(more, { version: 7 });
  }),

  promise("tells each of many appends at once whether its event stands there", async (store) => {
    const streams = await Promise.all(numbers(1, 12).map(() => filledStream(store, 2)));
    const appends = streams.map((stream, index) => {
      const expectedEventId = stream.events[index % 3 === 0 ? 0 : 1]?.id;
      return store.append(stream, someEvents(1 + (index % 2)), { expectedVersion: 2, expectedEventId });
    });
    const outcomes = await Promise.allSettled(appends);
    const refused = outcomes.map((outcome) => {
      return outcome.status === "rejected" && outcome.reason instanceof OptimisticConcurrencyError;
    });
    assert.deepEqual(
      refused,
      streams.map((_, index) => index % 3 === 0),
    );
    assert.deepEqual(
      await Promise.all(streams.map((stream) => store.versionOf(stream))),
      streams.map((_, index) => (index % 3 === 0 ? 2 : 3 + (index % 2))),
    );
  }),

  promise("refuses to expect an event at no version", async (store) => {
    const stream = newStream();
    for (const expectedVersion of [0, "any"] as const) {
      const append = store.append(stream, someEvents(1), { expectedVersion, expectedEventId: newName("event") });
      await rejectsWith(append, InvalidAppendError);
    }
    const number = store.append(stream, someEvents(1), { expectedVersion: 1, expectedEventId: 7 as unknown as string });
    await rejectsWith(number, InvalidAppendError);
    assert.equal(await store.exists(stream), false);
  }),

  promise("keeps nothing of an append that met a conflict", async (store) => {
    const filled = await filledStream(store, 3);
    const absent: StreamId = { aggregateType: filled.aggregateType, aggregateId: newName() };
    const events = someEvents(20);
    await rejectsWith(store.append(filled, events, { expectedVersion: 2 }), OptimisticConcurrencyError);
    await rejectsWith(store.append(absent, events, { expectedVersion: 5 }), OptimisticConcurrencyError);
    assert.equal(await store.versionOf(filled), 3);
    assert.equal(await store.exists(absent), false);
    assert.deepEqual(await store.streams(filled.aggregateType), [filled.aggregateId]);
    // The ids are still free, and the versions too.
    assert.deepEqual(await store.append(filled, events, { expectedVersion: 3 }), { version: 23 });
    assert.deepEqual(idsOf(await readStreamToEnd(store.read(filled, { afterVersion: 3 }))), idsOf(events));
  }),

  promise("rejects the whole append when an event id occurs twice in it", async (store) => {
    const stream = newStream();
    const [first, second, third] = someEvents(3) as [NewEvent, NewEvent, NewEvent];
    const twice = [first, second, { ...third, id: first.id }];
    await rejectsDuplicate(store, stream, twice, 0, first.id);
    assert.equal(await store.exists(stream), false);
    assert.deepEqual(await store.append(stream, [first, second, third], { expectedVersion: 0 }), { version: 3 });
  }),

  promise("rejects the whole append when the stream holds one of its event ids", async (store) => {
    const stream = await filledStream(store, 4);
    const [stored] = stream.events as [NewEvent];
    const events = someEvents(5);
    await rejectsDuplicate(
      store,
      stream,
      [...events, newEvent({ type: "Other", data: 1, id: stored.id })],
      4,
      stored.id,
    );
    await rejectsDuplicate(store, stream, [stored, ...events], "any", stored.id);
    assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream))), idsOf(stream.events));
    assert.deepEqual(await store.append(stream, events, { expectedVersion: 4 }), { version: 9 });
  }),

  promise("rejects the whole append when another stream holds one of its event ids", async (store) => {
    const { events: stored, aggregateType } = await filledStream(store, 2);
    const sameType: StreamId = { aggregateType, aggregateId: newName() };
    const otherType = newStream();
    for (const stream of [sameType, otherType]) {
      const events = someEvents(3);
      await rejectsDuplicate(store, stream, [...events, ...stored.slice(1)], 0, stored[1]?.id);
      assert.equal(await store.exists(stream), false);
      assert.deepEqual(await store.append(stream, events, { expectedVersion: 0 }), { version: 3 });
    }
  }),

  promise("tells event ids apart that differ in case, accents or trailing spaces", async (store) => {
    const stream = newStream();
    const base = newName();
    const ids = ["a", "A", "a ", "\u00e9", "e\u0301", "\u{1f600}", "\ufffd", "'"].map((suffix) => base + suffix);
    const events = ids.map((id) => newEvent({ type: "Named", data: {}, id }));
    await store.append(stream, events, { expectedVersion: 0 });
    assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream))), ids);
  }),

  promise("reports an append that is repeated as a conflict, not as a duplicate", async (store) => {
    const stream = await filledStream(store, 2);
    const repeated = store.append(stream, stream.events, { expectedVersion: 0 });
    await rejectsWith(repeated, OptimisticConcurrencyError, { expectedVersion: 0, actualVersion: 2 });
  }),

  promise("refuses an append without events", async (store) => {
    const stream = newStream();
    await rejectsWith(store.append(stream, [], { expectedVersion: 0 }), InvalidAppendError);
    await rejectsWith(store.append(stream, [], { expectedVersion: "any" }), InvalidAppendError);
    assert.equal(await store.exists(stream), false);
  }),

  promise("refuses an append with an event that is not ready to be stored, and keeps nothing of it", async (store) => {
    const stream = newStream();
    const bare = { id: newName(), type: "Bare", data: { a: 1 } } as unknown as NewEvent;
    await rejectsWith(store.append(stream, [...someEvents(2), bare], { expectedVersion: 0 }), InvalidAppendError);
    assert.equal(await store.exists(stream), false);
  }),

  promise("appends 1,000 events at once", async (store) => {
    const stream = await filledStream(store, 1_000);
    const page = await store.readPage(stream, { afterVersion: 0, limit: 2_000 });
    assert.equal(page.head, 1_000);
    assert.deepEqual(idsOf(page.events), idsOf(stream.events));
    assert.deepEqual(versionsOf(page.events), numbers(1, 1_000));
  }),

  promise("keeps the events that it was given at the call, whatever becomes of the objects", async (store) => {
    const start = await lastPosition(store);
    const filled = await filledStream(store, 1);
    const stream: { aggregateType: string; aggregateId: string } = streamOnly(filled);
    const given = streamOnly(stream);
    const events = someEvents(3);
    const ids = idsOf(events);
    const options = { expectedVersion: 1, expectedEventId: filled.events[0]?.id };
    const append = store.append(stream, events, options);
    for (const event of events)
      Object.assign(event, { id: newName(), type: "Changed", dataText: "0", metadataText: "7" });
    events.length = 1;
    stream.aggregateId = newName("changed");
    options.expectedVersion = 9;
    options.expectedEventId = "changed";
    assert.deepEqual(await append, { version: 4 });
    const stored = await readStreamToEnd(store.read(given, { afterVersion: 1 }));
    assert.deepEqual(idsOf(stored), ids);
    assert.deepEqual(
      stored.map((event) => event.data),
      numbers(0, 2).map((index) => ({ index, tag: null })),
    );
    assert.equal(await store.exists(stream), false);
    const all = await readAllAfter(store, start);
    assert.deepEqual(
      all.filter(({ id }) => ids.includes(id)).map(streamOnly),
      ids.map(() => given),
    );
  }),
];

async function rejectsDuplicate(
  store: EventStore,
  stream: StreamId,
  events: readonly NewEvent[],
  expectedVersion: number | "any",
  id: string | undefined,
): Promise<void> {
  const error = await rejectsWith(store.append(stream, events, { expectedVersion }), DuplicateEventError, {});
  assert.deepEqual(streamOnly(error.stream), streamOnly(stream));
  assert.ok(error.eventId === undefined || error.eventId === id, `names ${error.eventId} instead of ${id}`);
}
