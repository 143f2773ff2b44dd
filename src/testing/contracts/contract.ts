import assert from "node:assert/strict";
import { type NewEvent, newEvent, type RecordedEvent, type StoredEvent } from "../../events/event.ts";
import type { EventStore } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { JsonValue } from "../../events/strict-json.ts";

/**
 * One promise of a port, as data, for whatever runner is at hand:
 *
 * ```ts
 * for (const { title, run } of eventStoreContract) it(title, () => run(() => new MyEventStore(pool)));
 * ```
 */
export interface ContractCase<Store> {
  /** What every implementation promises. */
  readonly title: string;
  /**
   * Resolves when the promise is kept, and rejects with an `AssertionError` that shows what came instead.
   *
   * @param open gives a store that is ready for use, which the case closes in the end. The stores may lie over one database,
   *   and other data in it does not matter: each case makes streams of its own.
   */
  readonly run: (open: OpenStore<Store>) => Promise<void>;
}

export type OpenStore<Store> = () => Store | Promise<Store>;

interface Closable {
  close(): Promise<void>;
}

export function contractCase<Store extends Closable>(
  title: string,
  check: (store: Store) => Promise<void>,
): ContractCase<Store> {
  const run = async (open: OpenStore<Store>): Promise<void> => {
    const store = await open();
    try {
      await check(store);
    } finally {
      await store.close();
    }
  };
  return { title, run };
}

/** A name that no other case uses. */
export function newName(label = "name"): string {
  return `${label}-${crypto.randomUUID()}`;
}

/** A stream that does not exist, of a type that does not exist either. */
export function newStream(): StreamId {
  return { aggregateType: newName("Type"), aggregateId: newName("id") };
}

/** Events that differ in everything that they may differ in. */
export function someEvents(count: number, tag: JsonValue = null): NewEvent[] {
  return Array.from({ length: count }, (_, index) => newEvent({ type: `Happened${index % 3}`, data: { index, tag } }));
}

/** A new stream of `count` events. */
export async function filledStream(store: EventStore, count: number): Promise<StreamId & { events: NewEvent[] }> {
  const stream = newStream();
  const events = someEvents(count);
  await store.append(stream, events, { expectedVersion: 0 });
  return { ...stream, events };
}

export async function readStreamToEnd(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export function versionsOf(events: readonly { readonly version: number }[]): number[] {
  return events.map((event) => event.version);
}

export function idsOf(events: readonly { readonly id: string }[]): string[] {
  return events.map((event) => event.id);
}

/** The position of the newest of all events, after which cases look. By halves: there may be many events before. */
export async function lastPosition(store: EventStore): Promise<number> {
  let [low, high] = [0, Number.MAX_SAFE_INTEGER];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const [next] = await store.readAll({ afterPosition: middle, limit: 1 });
    assert.ok(next === undefined || next.position > middle);
    if (next === undefined) high = middle;
    else low = next.position;
  }
  return low;
}

export async function readAllAfter(store: EventStore, afterPosition: number): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for (let page = await store.readAll({ afterPosition }); page.length > 0; ) {
    all.push(...page);
    const next = page.at(-1)?.position ?? 0;
    page = await store.readAll({ afterPosition: next });
    // Or a store whose bound is not exclusive would be read without end.
    assert.ok(page.every(({ position }) => position > next));
  }
  return all;
}

/** The whole numbers from `first` to `last`. */
export function numbers(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/** Rejects unless `call` rejects with an error of `kind` whose fields include `facts`. Gives the error. */
export async function rejectsWith<Kind extends Error>(
  call: Promise<unknown>,
  kind: abstract new (...facts: never[]) => Kind,
  facts: Partial<Kind> = {},
): Promise<Kind> {
  const outcome = await call.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) assert.fail(`Expected a ${kind.name}, but the call succeeded.`);
  const { error } = outcome;
  if (!(error instanceof kind)) assert.fail(`Expected a ${kind.name}, but this was thrown: ${String(error)}`);
  for (const [name, value] of Object.entries(facts)) {
    assert.deepEqual(error[name as keyof Kind], value, `field ${name} of ${error.name}`);
  }
  return error;
}

/** The stream's two parts and nothing else, as errors name it. */
export function streamOnly({ aggregateType, aggregateId }: StreamId): StreamId {
  return { aggregateType, aggregateId };
}
