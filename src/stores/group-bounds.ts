import { StoreOverloadedError } from "../errors.ts";
import type { NewEvent } from "../events/event.ts";

/** What one group takes at most; a save that is larger by itself goes alone. */
const SAVES_MAX = 100;
const EVENTS_MAX = 1_000;
const TEXT_MAX = 1_000_000;

/** Saves that a store has taken and not answered, at most. */
const QUEUE_LIMIT = 10_000;

/** A save as groups count it. */
export interface Sized {
  readonly events: number;
  /** UTF-16 units of the events' data and metadata. */
  readonly text: number;
}

export function sizeOf(events: readonly NewEvent[]): Sized {
  const text = events.reduce((sum, { dataText, metadataText }) => sum + dataText.length + metadataText.length, 0);
  return { events: events.length, text };
}

/** @throws {StoreOverloadedError} */
export function refuseOverload(waiting: number): void {
  if (waiting >= QUEUE_LIMIT) throw new StoreOverloadedError({ waiting });
}

/** Removes the next group from the front of `queue`: one save at least. */
export function takeGroup<Save extends { readonly size: Sized }>(queue: Save[]): Save[] {
  let [saves, events, text] = [0, 0, 0];
  for (const { size } of queue) {
    events += size.events;
    text += size.text;
    if (saves > 0 && (saves === SAVES_MAX || events > EVENTS_MAX || text > TEXT_MAX)) break;
    saves += 1;
  }
  return queue.splice(0, saves);
}
