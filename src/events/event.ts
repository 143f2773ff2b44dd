import { v7 as uuidv7 } from "uuid";
import { checkName, checkWholeNumber } from "./bounds.ts";
import { type Instant, toInstant } from "./instant.ts";
import { type JsonValue, toStrictJson } from "./strict-json.ts";

/** Who and why, beside what: travels with each event. Plain JSON; keys of your own are welcome. */
export interface EventMetadata {
  /** The conversation that this belongs to, across services. */
  readonly correlationId?: string;
  /** Id of the command or event that led to this one. */
  readonly causationId?: string;
  /** Who did it. */
  readonly actor?: string;
  readonly tenant?: string;
  readonly [key: string]: JsonValue | undefined;
}

/**
 * What happened to one aggregate, as `evolve` sees it: the same when it is raised and each time it is replayed.
 *
 * @typeParam Data the event's own facts, in today's shape; a named interface reads best in hovers.
 */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  /** Unique across all streams; a UUIDv7 unless the repository was given another source of ids. */
  readonly id: string;
  readonly type: Type;
  readonly data: Data;
  /** Place in its stream: 1, 2, 3 … */
  readonly version: number;
  /** When it was raised, by the clock of the process that raised it. */
  readonly occurredAt: Instant;
  readonly metadata: EventMetadata;
  /** Version of the shape of `data`: 1 plus the number of upgrades that its type has had. */
  readonly schemaVersion: number;
}

/** An event as a store reads it back: `data` in the shape in which it was stored, before codec and upgrades. */
export type StoredEvent = DomainEvent<string, JsonValue>;

/** An event with its place among all events. */
export interface RecordedEvent extends StoredEvent {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Grows over all streams, and may skip. */
  readonly position: number;
}

/** An event that a store can append: checked, and already in the text that will be stored. Made by `newEvent`. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: Instant;
  readonly schemaVersion: number;
  readonly dataText: string;
  readonly metadataText: string;
}

export interface NewEventFields {
  /** 1 to 255 UTF-16 units. */
  readonly type: string;
  /** Plain JSON; `{}` for an event that says it all by its type. */
  readonly data: unknown;
  /** @default {} */
  readonly metadata?: EventMetadata;
  /** @default a new UUIDv7 */
  readonly id?: string;
  /** @default now */
  readonly occurredAt?: Date | Instant;
  /** @default 1 */
  readonly schemaVersion?: number;
}

/**
 * Makes an event for `EventStore.append`, for imports and tools; aggregates raise theirs.
 *
 * @throws {SerializationError} when JSON would not bring `data` or `metadata` back as they are.
 * @throws {InvalidNameError} {@link InvalidNumberError} {@link InvalidInstantError} for the other fields.
 */
export function newEvent(fields: NewEventFields): NewEvent {
  const { id = uuidv7(), schemaVersion = 1 } = fields;
  checkName("event type", fields.type);
  checkName("event id", id);
  checkWholeNumber("event schema version", schemaVersion, 1);
  return {
    id,
    type: fields.type,
    occurredAt: toInstant("time of the event", fields.occurredAt ?? new Date()),
    schemaVersion,
    dataText: toStrictJson(fields.data, "data", "drop"),
    metadataText: metadataText(fields.metadata ?? {}),
  };
}

/** @throws {SerializationError} naming the path of what JSON would not bring back. */
export function metadataText(metadata: EventMetadata): string {
  return toStrictJson(metadata, "metadata", "drop");
}
