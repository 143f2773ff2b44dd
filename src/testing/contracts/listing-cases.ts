import assert from "node:assert/strict";
import { InvalidNumberError, OptimisticConcurrencyError } from "../../errors.ts";
import { newEvent, type RecordedEvent } from "../../events/event.ts";
import type { EventStore } from "../../events/event-store.ts";
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
  rejectsWith,
  someEvents,
  streamOnly,
  versionsOf,
} from "./contract.ts";
import { namesInOrder, refusedNumbers } from "./samples.ts";

const promise = contractCase<EventStore>;

export const listingCases: readonly ContractCase<EventStore>[] = [
  promise("lists the aggregates of a type once each, in the order of their UTF-8 bytes", async (store) => {
    const aggregateType = newName("Type");
    for (const aggregateId of shuffled(namesInOrder)) {
      await store.append({ aggregateType, aggregateId }, someEvents(3), { expectedVersion: 0 });
    }
    await store.append({ aggregateType, aggregateId: "9" }, someEvents(3), { expectedVersion: 3 });
    assert.deepEqual(await store.streams(aggregateType), namesInOrder);
    assert.deepEqual(await store.streams(aggregateType, { limit: 3 }), namesInOrder.slice(0, 3));
    for (const [index, afterId] of namesInOrder.entries()) {
      assert.deepEqual(await store.streams(aggregateType, { afterId }), namesInOrder.slice(index + 1));
      const pair = await store.streams(aggregateType, { afterId, limit: 2 });
      assert.deepEqual(pair, namesInOrder.slice(index + 1, index + 3));
    }
  }),

  promise("continues a list after an id that is not in it", async (store) => {
    const aggregateType = newName("Type");
    for (const aggregateId of ["b", "d"]) {
      await store.append({ aggregateType, aggregateId }, someEvents(1), { expectedVersion: 0 });
    }
    assert.deepEqual(await store.streams(aggregateType, { afterId: "a" }), ["b", "d"]);
    assert.deepEqual(await store.streams(aggregateType, { afterId: "c" }), ["d"]);
    assert.deepEqual(await store.streams(aggregateType, { afterId: "e" }), []);
  }),

  promise("lists 1,000 aggregates by default, and none of a type without events", async (store) => {
    const aggregateType = newName("Type");
    const ids = numbers(1, 1_001).map((number) => String(number).padStart(4, "0"));
    const append = (aggregateId: string): Promise<unknown> =>
      store.append({ aggregateType, aggregateId }, someEvents(1), { expectedVersion: 0 });
    for (let start = 0; start < ids.length; start += 100) await Promise.all(ids.slice(start, start + 100).map(append));
    assert.deepEqual(await store.streams(aggregateType), ids.slice(0, 1_000));
    assert.deepEqual(await store.streams(aggregateType, { afterId: "1000" }), ["1001"]);
    assert.deepEqual(await store.streams(`${aggregateType} `), []);
    assert.deepEqual(await store.streams(aggregateType.toUpperCase()), []);
  }),

  promise("reads all events in the order of their positions, with the streams they belong to", async (store) => {
    const start = await lastPosition(store);
    const [one, two] = [newStream(), newStream()];
    const events = someEvents(5);
    const [a, b, c, d, e] = events.map((event) => [event]) as [
      typeof events,
      typeof events,
      typeof events,
      typeof events,
      typeof events,
    ];
    await store.append(one, [...a, ...b], { expectedVersion: 0 });
    await store.append(two, c, { expectedVersion: 0 });
    await store.append(one, d, { expectedVersion: 2 });
    await store.append(two, e, { expectedVersion: 1 });
    const all = await store.readAll({ afterPosition: start });
    const own = all.filter((event) => [one.aggregateId, two.aggregateId].includes(event.aggregateId));
    assert.deepEqual(idsOf(own), idsOf(events));
    assert.deepEqual(own.map(streamOnly), [one, one, two, one, two]);
    assert.deepEqual(versionsOf(own), [1, 2, 1, 3, 2]);
    assertGrowing(all);
  }),

  promise("gives each of all events every field that a stream's events have", async (store) => {
    const start = await lastPosition(store);
    const stream = newStream();
    const event = newEvent({ type: "Full", data: { a: -0 }, metadata: { actor: "x" }, schemaVersion: 3 });
    await store.append(stream, [event], { expectedVersion: 0 });
    const { position, ...recorded } =
      (await store.readAll({ afterPosition: start })).find(({ id }) => id === event.id) ?? assert.fail();
    assert.ok(Number.isSafeInteger(position) && position > start);
    const [stored] = (await store.readPage(stream, { afterVersion: 0, limit: 1 })).events;
    assert.deepEqual(recorded, { ...stored, ...stream });
  }),

  promise("meets every event once when it continues after the last position of each page", async (store) => {
    const start = await lastPosition(store);
    const stream = await filledStream(store, 12);
    for (const limit of [1, 5, 6, 11, 12, 13]) {
      const seen: RecordedEvent[] = [];
      for (let afterPosition = start, full = true; full; ) {
        const page = await store.readAll({ afterPosition, limit });
        assert.ok(page.length <= limit);
        seen.push(...page);
        full = page.length === limit;
        afterPosition = page.at(-1)?.position ?? afterPosition;
      }
      assertGrowing(seen);
      assert.deepEqual(
        idsOf(seen.filter(({ aggregateId }) => aggregateId === stream.aggregateId)),
        idsOf(stream.events),
      );
    }
    assert.deepEqual(await store.readAll({ afterPosition: Number.MAX_SAFE_INTEGER }), []);
  }),

  promise("reads 1,000 of all events by default", async (store) => {
    const start = await lastPosition(store);
    await filledStream(store, 1_001);
    assert.equal((await store.readAll({ afterPosition: start })).length, 1_000);
    assert.ok((await store.readAll()).length === 1_000);
  }),

  promise("leaves out of all events what was rejected", async (store) => {
    const start = await lastPosition(store);
    const stream = await filledStream(store, 2);
    const refused = someEvents(3);
    await rejectsWith(store.append(stream, refused, { expectedVersion: 1 }), OptimisticConcurrencyError);
    const kept = await store.append(stream, someEvents(1), { expectedVersion: 2 });
    assert.equal(kept.version, 3);
    const ids = idsOf(await readAllAfter(store, start));
    assert.deepEqual(
      ids.filter((id) => idsOf(refused).includes(id)),
      [],
    );
  }),

  promise("refuses bounds of lists that are no whole numbers in range", async (store) => {
    for (const value of refusedNumbers) {
      await rejectsWith(store.readAll({ afterPosition: value as number }), InvalidNumberError);
    }
    for (const value of [...refusedNumbers, 0, 100_001]) {
      await rejectsWith(store.readAll({ limit: value as number }), InvalidNumberError);
      await rejectsWith(store.streams(newName("Type"), { limit: value as number }), InvalidNumberError);
    }
  }),
];

function assertGrowing(events: readonly RecordedEvent[]): void {
  const positions = events.map((event) => event.position);
  assert.deepEqual(
    positions,
    [...new Set(positions)].toSorted((a, b) => a - b),
  );
}

/** Another order, the same each time. */
function shuffled(names: readonly string[]): string[] {
  return names
    .map((name, index) => ({ name, place: (index * 17 + 5) % names.length }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ name }) => name);
}
