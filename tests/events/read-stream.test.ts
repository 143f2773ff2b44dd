import { CorruptStreamError, InMemoryEventStore, newEvent, type StoredEvent, type StreamPage } from "eventfold";
import { Faults, FaultyEventStore } from "eventfold/testing";
import { expect, it } from "vitest";
import { readPages, readStream } from "../../src/events/read-stream.ts";

const stream = { aggregateType: "Account", aggregateId: "a" };

async function countedStore(events: number) {
  const faults = new Faults();
  const store = new FaultyEventStore(new InMemoryEventStore(), faults);
  const batch = Array.from({ length: events }, (_, index) => newEvent({ type: "Happened", data: index }));
  if (events > 0) await store.append(stream, batch, { expectedVersion: 0 });
  return { store, pages: () => faults.callsOf("readPage") };
}

it("fetches a page when the one before is used up, never ahead", async () => {
  const { store, pages } = await countedStore(10);
  const fetched: number[] = [];
  for await (const _ of readStream(store, stream, { pageSize: 3 })) fetched.push(pages());
  expect(fetched).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
  expect(pages()).toBe(4);
});

it("fetches no page in vain", async () => {
  for (const [events, pageSize, expected] of [
    [0, 5, 1],
    [4, 5, 1],
    [5, 5, 1],
    [6, 5, 2],
    [10, 5, 2],
  ] as const) {
    const { store, pages } = await countedStore(events);
    for await (const _ of readStream(store, stream, { pageSize }));
    expect(pages()).toBe(expected);
  }
});

it("fetches nothing before the first event is asked for, and nothing after the reader has left", async () => {
  const { store, pages } = await countedStore(10);
  const read = readStream(store, stream, { pageSize: 2 });
  expect(pages()).toBe(0);
  for await (const event of read) if (event.version === 3) break;
  expect(pages()).toBe(2);
});

it("gives pages whole", async () => {
  const { store } = await countedStore(7);
  const sizes: number[] = [];
  for await (const page of readPages(store, stream, { afterVersion: 1, pageSize: 4 })) sizes.push(page.length);
  expect(sizes).toEqual([4, 2]);
});

it("ends where the first page saw the end, within a page too", async () => {
  const { store } = await countedStore(4);
  const versions: number[] = [];
  for await (const event of readStream(store, stream, { pageSize: 3 })) {
    if (event.version === 1)
      await store.append(stream, [newEvent({ type: "Happened", data: {} })], { expectedVersion: 4 });
    versions.push(event.version);
  }
  expect(versions).toEqual([1, 2, 3, 4]);
});

/** A store whose stream is said to have `head` events, but holds these versions. */
function damagedStore(head: number, versions: readonly number[]) {
  return {
    async readPage(
      _stream: unknown,
      range: { afterVersion: number; throughVersion?: number; limit: number },
    ): Promise<StreamPage> {
      const { afterVersion, throughVersion = head, limit } = range;
      const held = versions.filter((version) => version > afterVersion && version <= throughVersion).slice(0, limit);
      return { head, events: held.map((version) => ({ version }) as StoredEvent) };
    },
  };
}

it.each([
  ["the first event is missing", 3, [2, 3], 1],
  ["an event in the middle is missing", 5, [1, 2, 4, 5], 3],
  ["the last event is missing", 4, [1, 2, 3], 4],
  ["every event is missing", 4, [], 1],
])("never passes over a gap: %s", async (_gap, head, versions, at) => {
  for (const pageSize of [1, 2, 3, 100])
    await expectDamage(readStream(damagedStore(head, versions), stream, { pageSize }), at);
});

it.each([
  ["an event stands there twice", 4, [1, 2, 2, 3, 4], 3],
  ["the order is wrong", 3, [1, 3, 2], 2],
])("never passes over a page that is out of step: %s", async (_damage, head, versions, at) => {
  for (const pageSize of [3, 100])
    await expectDamage(readStream(damagedStore(head, versions), stream, { pageSize }), at);
});

async function expectDamage(read: AsyncIterable<StoredEvent>, version: number): Promise<void> {
  const end = (async () => {
    for await (const _ of read);
  })();
  await expect(end).rejects.toThrow(CorruptStreamError);
  await expect(end).rejects.toMatchObject({ stream, version });
}
