import assert from "node:assert/strict";
import { DuplicateEventError, OptimisticConcurrencyError, StreamErasedError } from "../../errors.ts";
import { newEvent, type RecordedEvent, type StoredEvent } from "../../events/event.ts";
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
  someEvents,
  streamOnly,
  versionsOf,
} from "./contract.ts";

const promise = contractCase<EventStore>;

const SAVERS = 12;
const BATCH = 7;

export const raceCases: readonly ContractCase<EventStore>[] = [
  promise("lets exactly one of several racing appends win at each version, whole", async (store) => {
    const stream = newStream();
    let head = 0;
    for (let round = 1; round <= 5; round += 1) {
      const batches = numbers(1, SAVERS).map((saver) => someEvents(BATCH, `${round}-${saver}`));
      const outcomes = await Promise.allSettled(
        batches.map((events) => store.append(stream, events, { expectedVersion: head })),
      );
      const winners = batches.filter((_, index) => outcomes[index]?.status === "fulfilled");
      assert.equal(winners.length, 1, `${winners.length} of ${SAVERS} appends at version ${head} won`);
      for (const outcome of outcomes) if (outcome.status === "rejected") assertConflict(outcome.reason, head);
      const stored = await readStreamToEnd(store.read(stream, { afterVersion: head }));
      assert.deepEqual(idsOf(stored), idsOf(winners[0] ?? []));
      head += BATCH;
    }
  }),

  promise("tells appends apart that come at once with the same event ids, of which one is refused", async (store) => {
    const [refused, erased] = [await filledStream(store, 1), await filledStream(store, 1)];
    await store.eraseStream(streamOnly(erased));
    for (const [stream, error] of [
      [refused, OptimisticConcurrencyError],
      [erased, StreamErasedError],
    ] as const) {
      const ids = numbers(1, 3).map(() => newName("event"));
      const events = (owner: string) => ids.map((id) => newEvent({ id, type: "Happened", data: { owner } }));
      const good = newStream();
      // The first one keeps a store busy that has others wait for each other.
      const [, bad, one] = await Promise.allSettled([
        store.append(newStream(), someEvents(1), { expectedVersion: 0 }),
        store.append(streamOnly(stream), events("refused"), { expectedVersion: 0 }),
        store.append(good, events("stored").slice(0, 1), { expectedVersion: 0 }),
      ]);
      assert.ok(bad?.status === "rejected" && bad.reason instanceof error, `not refused: ${JSON.stringify(bad)}`);
      assert.deepEqual(one, { status: "fulfilled", value: { version: 1 } });
      const stored = await readStreamToEnd(store.read(good));
      assert.deepEqual(
        stored.map(({ id, data }) => [id, data]),
        [[ids[0], { owner: "stored" }]],
      );
      assert.equal(await store.versionOf(streamOnly(stream)), stream === erased ? 0 : 1);
    }
  }),

  promise("keeps every batch of racing savers that try again on a conflict, each in one piece", async (store) => {
    const stream = newStream();
    const save = async (saver: number): Promise<void> => {
      const events = someEvents(BATCH, saver);
      // Somebody wins each round, so nobody needs more rounds than there are savers.
      for (let attempt = 1; ; attempt += 1) {
        const expectedVersion = await store.versionOf(stream);
        try {
          await store.append(stream, events, { expectedVersion });
          return;
        } catch (error) {
          if (!(error instanceof OptimisticConcurrencyError) || attempt === SAVERS) throw error;
        }
      }
    };
    await Promise.all(numbers(1, SAVERS).map(save));
    assertWholeBatches(await readStreamToEnd(store.read(stream)), SAVERS);
  }),

  promise('keeps every one of racing appends that expect "any" version, each in one piece', async (store) => {
    const stream = newStream();
    const appends = numbers(1, SAVERS).map((saver) =>
      store.append(stream, someEvents(BATCH, saver), { expectedVersion: "any" }),
    );
    const versions = (await Promise.all(appends)).map(({ version }) => version);
    assert.deepEqual(
      versions.toSorted((a, b) => a - b),
      numbers(1, SAVERS).map((saver) => saver * BATCH),
    );
    assertWholeBatches(await readStreamToEnd(store.read(stream)), SAVERS);
  }),

  promise("lets racing appends to different streams all succeed", async (store) => {
    const aggregateType = newName("Type");
    const streams: StreamId[] = numbers(1, SAVERS).map(() => ({ aggregateType, aggregateId: newName() }));
    const batches = streams.map((_, index) => someEvents(BATCH, index));
    await Promise.all(
      streams.map((stream, index) => store.append(stream, batches[index] ?? [], { expectedVersion: 0 })),
    );
    for (const [index, stream] of streams.entries()) {
      assert.deepEqual(idsOf(await readStreamToEnd(store.read(stream))), idsOf(batches[index] ?? []));
    }
  }),

  promise("stores an event id once when several streams race for it", async (store) => {
    const id = newName("event");
    const streams = numbers(1, SAVERS).map(() => newStream());
    const outcomes = await Promise.allSettled(
      streams.map((stream) => {
        const events = [...someEvents(2), newEvent({ type: "Contended", data: {}, id })];
        return store.append(stream, events, { expectedVersion: 0 });
      }),
    );
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === "rejected")
        assert.ok(outcome.reason instanceof DuplicateEventError, String(outcome.reason));
      const version = await store.versionOf(streams[index] ?? newStream());
      assert.equal(version, outcome.status === "fulfilled" ? 3 : 0);
    }
  }),

  promise("shows a reader whole appends only, with a head of the same moment", async (store) => {
    const stream = newStream();
    const appends = numbers(1, 10).map(() => store.append(stream, someEvents(BATCH), { expectedVersion: "any" }));
    const pages = numbers(1, 20).map(() => store.readPage(stream, { afterVersion: 0, limit: 1_000 }));
    for (const { head, events } of await Promise.all(pages)) {
      assert.equal(head % BATCH, 0);
      assert.deepEqual(versionsOf(events), numbers(1, head));
    }
    await Promise.all(appends);
    assert.equal(await store.versionOf(stream), 10 * BATCH);
  }),

  promise("misses no event when all events are read on and on while appends go on", async (store) => {
    let afterPosition = await lastPosition(store);
    const aggregateType = newName("Type");
    const write = async (writer: number): Promise<void> => {
      for (let save = 0; save < 10; save += 1) {
        const stream: StreamId = { aggregateType, aggregateId: `${writer}-${save % 3}` };
        await store.append(stream, someEvents(1 + ((writer + save) % 3)), { expectedVersion: "any" });
      }
    };
    const seen: RecordedEvent[] = [];
    const poll = async (): Promise<void> => {
      const page = await store.readAll({ afterPosition, limit: 4 });
      seen.push(...page.filter((event) => event.aggregateType === aggregateType));
      afterPosition = page.at(-1)?.position ?? afterPosition;
    };
    const start = afterPosition;
    const progress = { writing: true };
    const writers = Promise.all(numbers(1, 8).map(write)).finally(() => {
      progress.writing = false;
    });
    while (progress.writing) await poll();
    await writers;
    const rest = await readAllAfter(store, afterPosition);
    seen.push(...rest.filter((event) => event.aggregateType === aggregateType));
    const all = (await readAllAfter(store, start)).filter((event) => event.aggregateType === aggregateType);
    assert.equal(
      all.length,
      numbers(1, 8)
        .flatMap((writer) => numbers(0, 9).map((save) => 1 + ((writer + save) % 3)))
        .reduce((a, b) => a + b),
    );
    assert.deepEqual(seen, all);
  }),
];

function assertConflict(reason: unknown, expectedVersion: number): void {
  assert.ok(reason instanceof OptimisticConcurrencyError, String(reason));
  assert.equal(reason.expectedVersion, expectedVersion);
  assert.equal(reason.actualVersion, expectedVersion + BATCH);
}

function assertWholeBatches(events: readonly StoredEvent[], batches: number): void {
  assert.deepEqual(versionsOf(events), numbers(1, batches * BATCH));
  const tags = new Set<unknown>();
  for (let start = 0; start < events.length; start += BATCH) {
    const batch = events.slice(start, start + BATCH).map((event) => event.data as { index: number; tag: number });
    assert.deepEqual(
      batch.map(({ index }) => index),
      numbers(0, BATCH - 1),
    );
    assert.equal(new Set(batch.map(({ tag }) => tag)).size, 1, "a batch is mixed with another");
    tags.add(batch[0]?.tag);
  }
  assert.equal(tags.size, batches);
}
