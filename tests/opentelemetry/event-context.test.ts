import { context, propagation, type Span, TraceFlags, trace } from "@opentelemetry/api";
import {
  AggregateRepository,
  type EventMetadata,
  InMemoryEventStore,
  InMemorySnapshotStore,
  type StoredEvent,
} from "eventfold";
import { contextFromEvent, InstrumentedRepository, linkFromEvent, traceMetadata } from "eventfold/opentelemetry";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { storedEvents } from "../aggregates/setup.ts";
import { startSdk } from "./sdk.ts";

const sdk = startSdk();
const tracer = trace.getTracer("application");

function setUp(telemetry = {}) {
  const eventStore = new InMemoryEventStore();
  const snapshots = { store: new InMemorySnapshotStore(), threshold: 10 };
  const accounts = new InstrumentedRepository(Account, { eventStore, snapshots }, telemetry);
  const last = async (id: string): Promise<StoredEvent> => (await storedEvents(eventStore, id)).at(-1)!;
  return { accounts, eventStore, last };
}

/** Does `work` in a span of the application. */
async function inSpan<Result>(work: (span: Span) => Promise<Result>): Promise<Result> {
  return await tracer.startActiveSpan("request", async (span) => {
    try {
      return await work(span);
    } finally {
      span.end();
    }
  });
}

const traceparent = (span: Span): string => {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
};

it("events carry the span of whoever created or loaded the instance", async () => {
  const { accounts, last } = setUp();
  const id = await inSpan(async (span) => {
    const account = accounts.createNew(undefined, { metadata: { actor: "ada" } });
    account.open();
    await accounts.save(account);
    expect((await last(account.id)).metadata).toEqual({ actor: "ada", traceparent: traceparent(span) });
    return account.id;
  });
  for (const method of ["load", "find", "loadOrCreate"] as const) {
    await inSpan(async (span) => {
      const account = (await accounts[method](id))!;
      account.deposit(1);
      await accounts.save(account);
      expect((await last(id)).metadata).toEqual({ traceparent: traceparent(span) });
    });
  }
});

it("events of an update carry the span of the update", async () => {
  const { accounts, last } = setUp();
  const id = await inSpan(async () => {
    const account = accounts.createNew();
    account.open();
    await accounts.save(account);
    await accounts.update(account.id, (loaded) => loaded.deposit(1));
    return account.id;
  });
  const update = sdk.spans.find(({ name }) => name === "update Account")!;
  expect((await last(id)).metadata.traceparent).toContain(update.span.spanContext().spanId);
});

it("trap: a trace that the user has set is left alone as a whole", async () => {
  const { accounts, last } = setUp();
  const metadata = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  const theirs = trace.setSpanContext(context.active(), {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    traceFlags: TraceFlags.SAMPLED,
    // A tracestate of another trace must not stand beside it.
    traceState: propagatedState("vendor=theirs"),
  });
  await context.with(theirs, async () => {
    const account = accounts.createNew("a", { metadata });
    account.open();
    await accounts.save(account);
  });
  expect((await last("a")).metadata).toEqual(metadata);
});

it("trap: baggage, which may be personal, does not end up in events", async () => {
  const baggage = propagation.createBaggage({ email: { value: "ada@example.com" } });
  const metadata = await inSpan(async () => {
    return context.with(propagation.setBaggage(context.active(), baggage), async () => traceMetadata());
  });
  expect(Object.keys(metadata)).toEqual(["traceparent"]);
});

it("nothing is added without a span, or when it is not wanted", async () => {
  const { accounts, last } = setUp();
  const account = accounts.createNew("a");
  account.open();
  await accounts.save(account);
  expect((await last("a")).metadata).toEqual({});

  const silent = setUp({ traceContext: false });
  await inSpan(async () => {
    const other = silent.accounts.createNew("a");
    other.open();
    await silent.accounts.save(other);
  });
  expect((await silent.last("a")).metadata).toEqual({});
});

it("a consumer continues the trace of an event, or links to it", async () => {
  const { accounts, eventStore } = setUp();
  const producer = await inSpan(async (span) => {
    const account = accounts.createNew("a");
    account.open();
    await accounts.save(account);
    return span.spanContext();
  });
  const [event] = await eventStore.readAll();
  const { traceId, spanId } = producer;
  const within = trace.getSpanContext(contextFromEvent(event!));
  expect(within).toMatchObject({ traceId, spanId, isRemote: true, traceFlags: TraceFlags.SAMPLED });
  expect(linkFromEvent(event!)?.context).toMatchObject({ traceId, spanId });
});

it.each<EventMetadata>([{}, { traceparent: "nonsense" }, { traceparent: 7 }, { traceparent: null }])(
  "an event without a trace leaves its consumer where it is: %o",
  async (metadata) => {
    await inSpan(async (span) => {
      expect(trace.getSpan(contextFromEvent({ metadata }))).toBe(span);
      expect(linkFromEvent({ metadata })).toBeUndefined();
    });
  },
);

it("a plain repository takes the trace as metadata", async () => {
  const eventStore = new InMemoryEventStore();
  const accounts = new AggregateRepository(Account, { eventStore });
  await inSpan(async (span) => {
    const account = accounts.createNew("a", { metadata: { tenant: "t", ...traceMetadata() } });
    account.open();
    await accounts.save(account);
    const [event] = await storedEvents(eventStore, "a");
    expect(event?.metadata).toEqual({ tenant: "t", traceparent: traceparent(span) });
  });
});

it("keeps the tracestate beside its traceparent", async () => {
  const spanContext = {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    traceFlags: TraceFlags.NONE,
    traceState: propagatedState("vendor=ours"),
  };
  const metadata = traceMetadata(trace.setSpanContext(context.active(), spanContext));
  expect(metadata).toEqual({
    traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-00`,
    tracestate: "vendor=ours",
  });
  expect(linkFromEvent({ metadata })?.context.traceState?.serialize()).toBe("vendor=ours");
});

function propagatedState(text: string) {
  const carrier = { traceparent: `00-${"3".repeat(32)}-${"4".repeat(16)}-01`, tracestate: text };
  return trace.getSpanContext(propagation.extract(context.active(), carrier))!.traceState!;
}
