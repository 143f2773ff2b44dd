import {
  type Context,
  context,
  type Link,
  propagation,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import type { DomainEvent, EventMetadata } from "../events/event.ts";

/** Meant for the next service, with what users have entered; an event is kept forever. */
const BAGGAGE = "baggage";

const setter: TextMapSetter<Record<string, string>> = {
  set(keys, key, value) {
    if (key !== BAGGAGE) keys[key] = value;
  },
};

const getter: TextMapGetter<EventMetadata> = {
  keys: Object.keys,
  get(metadata, key) {
    const value = metadata[key];
    return typeof value === "string" ? value : undefined;
  },
};

/**
 * The trace context as metadata of events, in the form of the propagators that are registered: `traceparent` and `tracestate`.
 * Baggage is left out. Empty without a span.
 *
 * @param from @default the active context
 */
export function traceMetadata(from: Context = context.active()): EventMetadata {
  const keys: Record<string, string> = {};
  propagation.inject(from, keys, setter);
  return keys;
}

/**
 * `parent` with the span as whose consequence the event was raised: a span started in it continues that trace. Without a trace
 * in the metadata, `parent` as it is.
 *
 * @param parent @default the active context
 */
export function contextFromEvent(event: Pick<DomainEvent, "metadata">, parent: Context = context.active()): Context {
  return propagation.extract(parent, event.metadata, getter);
}

/** For the `links` of a span that handles the event, in a trace of its own. Undefined without a trace in the metadata. */
export function linkFromEvent(event: Pick<DomainEvent, "metadata">): Link | undefined {
  const spanContext = trace.getSpanContext(contextFromEvent(event, trace.deleteSpan(context.active())));
  return spanContext && { context: spanContext };
}
