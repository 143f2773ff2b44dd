import assert from "node:assert/strict";
import { ClosedError, InvalidNameError, OptimisticConcurrencyError, StreamErasedError } from "../../errors.ts";
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
  readStreamToEnd,
  rejectsWith,
  someEvents,
  streamOnly,
} from "./contract.ts";
import { refusedNames, trickyNames } from "./samples.ts";

const promise = contractCase<EventStore>;

export const erasureCases: readonly ContractCase<EventStore>[] = [
  promise("shows nothing of an erased stream any more, and says how many events it had", async (store) => {
    const start = await lastPosition(store);
    const stream = await filledStream(store, 7);
    assert.equal(await store.eraseStream(stream), 7);
    assert.equal(await store.versionOf(stream), 0);
    assert.equal(await store.exists(stream), false);
    assert.deepEqual(await store.readPage(stream, { afterVersion: 0, limit: 10 }), { head: 0, events: [] });
    assert.deepEqual(await readStreamToEnd(store.read(stream)), []);
    assert.deepEqual(await store.streams(stream.aggregateType), []);
    const left = (await readAllAfter(store, start)).filter((event) => event.aggregateId === stream.aggregateId);
    assert.deepEqual(left, []);
  }),

  promise("refuses every append to an erased stream, whatever version it expects", async (store) => {
    const stream = streamOnly(await filledStream(store, 3));
    await store.eraseStream(stream);
    for (const expectedVersion of ["any", 0, 1, 3, Number.MAX_SAFE_INTEGER] as const) {
      await rejectsWith(store.append(stream, someEvents(2), { expectedVersion }), StreamErasedError, { stream });
    }
    assert.equal(await store.exists(stream), false);
  }),

  promise("erases again without complaint, and a stream that never was", async (store) => {
    const stream = await filledStream(store, 2);
    assert.deepEqual([await store.eraseStream(stream), await store.eraseStream(stream)], [2, 0]);
    const never = newStream();
    assert.equal(await store.eraseStream(never), 0);
    for (const each of [stream, never]) {
      await rejectsWith(store.append(each, someEvents(1), { expectedVersion: 0 }), StreamErasedError);
    }
  }),

  promise("erases one stream and leaves all others, however alike their names", async (store) => {
    const { aggregateType, aggregateId } = newStream();
    const others = trickyNames.flatMap((name) => [
      { aggregateType, aggregateId: name },
      { aggregateType: name, aggregateId },
    ]);
    for (const stream of others) await store.append(stream, someEvents(1), { expectedVersion: 0 });
    await store.append({ aggregateType, aggregateId }, someEvents(1), { expectedVersion: 0 });
    await store.eraseStream({ aggregateType, aggregateId });
    for (const stream of others) {
      assert.deepEqual(await store.append(stream, someEvents(1), { expectedVersion: 1 }), { version: 2 });
    }
    for (const name of trickyNames) {
      assert.equal(await store.eraseStream({ aggregateType, aggregateId: name }), 2);
    }
    assert.deepEqual(await store.streams(aggregateType), []);
  }),

  promise("lets whoever reads all events go on, from positions that are erased too", async (store) => {
    const aggregateType = newName("Type");
    const [kept, erased] = ["kept", "erased"].map((aggregateId) => ({ aggregateType, aggregateId }));
    assert.ok(kept !== undefined && erased !== undefined);
    const start = await lastPosition(store);
    for (const version of numbers(0, 4)) {
      for (const stream of [kept, erased]) await store.append(stream, someEvents(1), { expectedVersion: version });
    }
    const before = await readAllAfter(store, start);
    await store.eraseStream(erased);
    const later = someEvents(2);
    await store.append(kept, later, { expectedVersion: 5 });
    const newest = await readAllAfter(store, before.at(-1)?.position ?? 0);
    assert.deepEqual(idsOf(newest.filter((event) => event.aggregateType === aggregateType)), idsOf(later));
    const left = [...before.filter(({ aggregateId }) => aggregateId !== "erased"), ...newest];
    for (const { position } of before) {
      const rest = await readAllAfter(store, position);
      assert.deepEqual(
        rest,
        left.filter((event) => event.position > position),
      );
      const [first] = await store.readAll({ afterPosition: position, limit: 1 });
      assert.deepEqual(first, rest[0]);
    }
  }),

  promise("gives no position again that an erased event had", async (store) => {
    const stream = await filledStream(store, 5);
    const last = await lastPosition(store);
    await store.eraseStream(stream);
    const events = someEvents(1);
    await store.append(newStream(), events, { expectedVersion: 0 });
    const recorded = (await readAllAfter(store, last)).find(({ id }) => id === events[0]?.id);
    assert.ok(recorded !== undefined && recorded.position > last);
  }),

  promise("leaves nothing behind when appends race with the erasure", async (store) => {
    for (let round = 1; round <= 5; round += 1) {
      const stream = streamOnly(await filledStream(store, round));
      const appends = numbers(1, 12).map((saver) => {
        const expectedVersion = saver % 3 === 0 ? round : "any";
        return store.append(stream, someEvents(3, saver), { expectedVersion });
      });
      const erasure = store.eraseStream(stream);
      const late = numbers(1, 4).map(() => store.append(stream, someEvents(3), { expectedVersion: "any" }));
      const outcomes = await Promise.allSettled([...appends, ...late]);
      const stored = outcomes.filter(({ status }) => status === "fulfilled").length * 3;
      for (const outcome of outcomes) {
        if (outcome.status === "fulfilled" || outcome.reason instanceof OptimisticConcurrencyError) continue;
        assert.ok(outcome.reason instanceof StreamErasedError, String(outcome.reason));
      }
      assert.equal(await erasure, round + stored);
      assert.equal(await store.exists(stream), false);
      await rejectsWith(store.append(stream, someEvents(1), { expectedVersion: "any" }), StreamErasedError);
    }
  }),

  promise("refuses to erase what has no name", async (store) => {
    const { aggregateType, aggregateId } = newStream();
    for (const name of refusedNames as readonly string[]) {
      await rejectsWith(store.eraseStream({ aggregateType, aggregateId: name }), InvalidNameError);
      await rejectsWith(store.eraseStream({ aggregateType: name, aggregateId }), InvalidNameError);
    }
  }),

  promise("refuses to erase after it was closed", async (store) => {
    await store.close();
    await rejectsWith(store.eraseStream(newStream()), ClosedError);
  }),
];
