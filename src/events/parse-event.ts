import { CorruptStreamError } from "../errors.ts";
import type { EventMetadata, NewEvent, StoredEvent } from "./event.ts";
import type { StreamId } from "./stream-id.ts";
import type { JsonValue } from "./strict-json.ts";

/** An event as every store keeps it. */
export interface EventRow extends NewEvent {
  readonly version: number;
}

const NO_METADATA: EventMetadata = Object.freeze({});

/**
 * Reads a stored row back.
 *
 * @throws {CorruptStreamError} when its data or metadata is not JSON any more.
 */
export function parseEvent(stream: StreamId, row: EventRow): StoredEvent {
  try {
    return {
      id: row.id,
      type: row.type,
      data: JSON.parse(row.dataText) as JsonValue,
      version: row.version,
      occurredAt: row.occurredAt,
      // Most events carry none: they share one, frozen.
      metadata: row.metadataText === "{}" ? NO_METADATA : (JSON.parse(row.metadataText) as EventMetadata),
      schemaVersion: row.schemaVersion,
    };
  } catch (cause) {
    throw new CorruptStreamError({ stream, version: row.version, problem: "its data or metadata is not JSON", cause });
  }
}
