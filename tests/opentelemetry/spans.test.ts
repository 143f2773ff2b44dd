import { randomUUID } from "node:crypto";
import { context, SpanKind, trace } from "@opentelemetry/api";
import { AggregateNotFoundError, AggregateRepository, type SnapshotMode, type SnapshotOptions } from "eventfold";
import { InstrumentedRepository, type TelemetryOptions } from "eventfold/opentelemetry";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Faults, FaultyEventStore, FaultySnapshotStore, failing } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { freshSchema } from "../setup/postgres.ts";
import { type Seen, startSdk } from "./sdk.ts";

const sdk = startSdk();

const tree = (spans: readonly Seen[]): string[] => spans.map(({ name, parent }) => `${parent ?? "-"} > ${name}`);
const named = (name: string): Seen => {
  const found = sdk.spans.filter((span) => span.name === name);
  expect(found.length, `spans named ${name} among ${sdk.spans.map((span) => span.name).join()}`).toBe(1);
  return found[0]!;
};

eachStorage((open, kind) => {
  const system = { memory: "memory", SQLite: "sqlite", PostgreSQL: "postgresql" }[kind];
  const joint = kind !== "memory";

  async function setUp(
    snapshots: Omit<SnapshotOptions<Account>, "store"> = { threshold: 10 },
    more?: TelemetryOptions,
  ) {
    const storage = await open();
    const faults = new Faults();
    const eventStore = new FaultyEventStore(storage.eventStore, faults);
    const store = new FaultySnapshotStore(storage.snapshotStore, faults);
    const options = { eventStore, snapshots: { store, ...snapshots }, logger: false as const };
    const accounts = new InstrumentedRepository(Account, options, more);
    const id = randomUUID();
    const saved = async (events: number, saveId = id): Promise<void> => {
      const account = await accounts.loadOrCreate(saveId);
      account.grow(events);
      await accounts.save(account);
    };
    return { accounts, options, faults, id, saved };
  }

  it("a load is a span with the read of the store as its child, and says what was replayed", async () => {
    const { accounts, id, saved } = await setUp();
    await saved(10);
    await saved(3);
    await sdk.reset();
    await accounts.load(id);
    expect(tree(sdk.spans)).toEqual([
      ...(joint
        ? ["load Account > readForLoad"]
        : ["load Account > getSnapshot snapshots", "load Account > readPage events"]),
      "- > load Account",
    ]);
    const load = named("load Account");
    expect(load.span.kind).toBe(SpanKind.INTERNAL);
    expect(load.attributes).toEqual({
      "eventfold.aggregate.type": "Account",
      "eventfold.aggregate.version": 13,
      "eventfold.events_replayed": 3,
      "eventfold.load.source": "snapshot",
      "eventfold.snapshot.version": 10,
    });
    const read = sdk.spans[joint ? 0 : 1]!;
    expect(read.span.kind).toBe(joint ? SpanKind.CLIENT : SpanKind.INTERNAL);
    expect(read.attributes).toEqual({
      "db.system.name": system,
      "db.operation.name": joint ? "readForLoad" : "readPage",
      ...(!joint && { "db.collection.name": "events" }),
      "eventfold.aggregate.type": "Account",
      // In memory the event that the snapshot ends with is read, too.
      "eventfold.events": joint ? 3 : 4,
    });
  });

  it("a load that uses no snapshot says why", async () => {
    const { options, id, saved } = await setUp();
    await saved(10);
    await sdk.reset();
    await new InstrumentedRepository(AccountOfSchema2, options).load(id);
    expect(named("load Account").attributes).toMatchObject({
      "eventfold.events_replayed": 10,
      "eventfold.load.source": "events",
      "eventfold.snapshot.miss_reason": "schema-mismatch",
    });
  });

  const waiting: readonly SnapshotMode[] = joint ? ["sync", "atomic"] : ["sync"];
  it.each(waiting)("a save is a span with append and snapshot as its children: %s", async (mode) => {
    const { saved } = await setUp({ threshold: 10, mode });
    await saved(9);
    await sdk.reset();
    await saved(1);
    expect(tree(sdk.spans).slice(joint ? 2 : 3)).toEqual([
      ...(mode === "atomic"
        ? ["save Account > append"]
        : ["save Account > append events", "save Account > saveSnapshot snapshots"]),
      "- > save Account",
    ]);
    expect(named("save Account").attributes).toEqual({
      "eventfold.aggregate.type": "Account",
      "eventfold.aggregate.version": 10,
      "eventfold.events": 1,
      "eventfold.snapshot.mode": mode,
      "eventfold.snapshot.result": "stored",
      "eventfold.snapshot.why": "every 10 events: version 10 reached 10",
    });
  });

  it("a queued snapshot is written in a trace of its own, which links to the save that took it", async () => {
    const { accounts, saved } = await setUp({ threshold: 1, mode: "background" });
    const saves: Seen[] = [];
    for (let number = 0; number < 3; number += 1) {
      await saved(1, randomUUID());
      saves.push(sdk.spans.at(-1)!);
    }
    expect(saves.map(({ attributes }) => attributes["eventfold.snapshot.result"])).toEqual(Array(3).fill("queued"));
    await accounts.awaitPendingSnapshots();
    const writes = sdk.spans.filter(({ name }) => name === "saveSnapshot snapshots");
    expect(writes.map(({ span }) => span.parentSpanContext)).toEqual(Array(3).fill(undefined));
    const linked = writes.map(({ span }) => span.links.map((link) => link.context.spanId).join());
    expect(new Set(linked)).toEqual(new Set(saves.map(({ span }) => span.spanContext().spanId)));
  });

  it("trap: an update that met a conflict has failed in one save, and not as a whole", async () => {
    const { accounts, id, saved } = await setUp();
    await saved(1);
    await sdk.reset();
    let attempts = 0;
    await accounts.update(id, async (account) => {
      attempts += 1;
      account.deposit(5);
      if (attempts === 1) await saved(1);
    });
    const { attributes, failed } = named("update Account");
    expect([attributes, failed]).toEqual([{ "eventfold.aggregate.type": "Account", "eventfold.attempts": 2 }, false]);
    const own = sdk.spans.filter(({ parent }) => parent === "update Account");
    const outcomes = own.filter(({ name }) => name === "save Account").map((save) => save.attributes["error.type"]);
    // The first one is that of the other writer, in the middle.
    expect(outcomes).toEqual([undefined, "OPTIMISTIC_CONCURRENCY", undefined]);
    expect(own.filter(({ name }) => name === "load Account").length).toBe(3);
    const failedAppends = sdk.spans.filter((span) => span.name === "append events" && span.failed);
    expect(failedAppends.map((append) => append.attributes["error.type"])).toEqual(["OPTIMISTIC_CONCURRENCY"]);
  });

  it("fails a load of what is not there, and no search for it", async () => {
    const { accounts, id } = await setUp();
    await expect(accounts.load(id)).rejects.toThrow(AggregateNotFoundError);
    expect(named("load Account").attributes["error.type"]).toBe("AGGREGATE_NOT_FOUND");
    await sdk.reset();
    expect(await accounts.find(id)).toBeUndefined();
    expect((await accounts.loadOrCreate(id)).version).toBe(0);
    expect(sdk.spans.map(({ failed }) => failed)).toEqual(sdk.spans.map(() => false));
  });

  it("says what a store has thrown, in the spans of store and save", async () => {
    const { accounts, faults } = await setUp();
    faults.next("append", failing(Object.assign(new Error("Ada's secret"), { code: "ECONNRESET" })));
    const account = accounts.createNew();
    account.open();
    await expect(accounts.save(account)).rejects.toThrow();
    expect(sdk.spans.map(({ name, attributes }) => [name, attributes["error.type"]])).toEqual([
      ["append events", "ECONNRESET"],
      ["save Account", "ECONNRESET"],
    ]);
  });

  it.each([
    [Object.assign(new TypeError("x"), { code: "Ada Lovelace, 12 St James's Square" }), "TypeError"],
    [Object.assign(new Error("x"), { code: "x".repeat(65), name: "Ada Lovelace" }), "_OTHER"],
    ["Ada Lovelace", "_OTHER"],
    [undefined, "_OTHER"],
  ])("tells a kind of error, and nothing that could be data: %o", async (thrown, expected) => {
    const { accounts, id, saved } = await setUp();
    await saved(1);
    await accounts.update(id, () => Promise.reject(thrown as Error)).catch(() => undefined);
    expect(named("update Account").attributes["error.type"]).toBe(expected);
  });

  it("a load that replayed much and queues a snapshot says so, and the write links to it", async () => {
    const { accounts, options, id } = await setUp({ threshold: 10 });
    const plain = new AggregateRepository(Account, { eventStore: options.eventStore });
    const account = plain.createNew(id);
    account.grow(21);
    await plain.save(account);
    await accounts.load(id);
    const load = named("load Account");
    expect(load.attributes["eventfold.snapshot.result"]).toBe("queued");
    await accounts.awaitPendingSnapshots();
    const { span, parent } = named("saveSnapshot snapshots");
    expect([parent, span.links.map((link) => link.context.spanId)]).toEqual([
      undefined,
      [load.span.spanContext().spanId],
    ]);
  });

  it("a snapshot by hand belongs to the call, also while an older one waits", async () => {
    const { accounts, id, saved } = await setUp({ threshold: 10, mode: "background" });
    await saved(10);
    const account = await accounts.load(id);
    account.deposit(1);
    await accounts.save(account);
    await accounts.createSnapshot(account);
    await accounts.awaitPendingSnapshots();
    // Where a database is waited for, the older one may be written as well, in a trace of its own.
    const writes = sdk.spans.filter(({ name }) => name === "saveSnapshot snapshots");
    expect(writes.filter(({ parent }) => parent !== undefined)).toMatchObject([
      { parent: "createSnapshot Account", span: { links: [] } },
    ]);
  });

  it("is the span of the store below which a driver's spans stand", async () => {
    const { accounts, faults } = await setUp();
    let active: unknown;
    faults.next("append", (call) => {
      active = trace.getActiveSpan()?.spanContext().spanId;
      return call();
    });
    const account = accounts.createNew();
    account.open();
    await accounts.save(account);
    expect(active).toBe(named("append events").span.spanContext().spanId);
  });

  it("a snapshot that fails leaves the save as it is, and says so", async () => {
    const { faults, saved } = await setUp({ threshold: 1 });
    faults.next("saveSnapshot", failing(new Error("disk full")));
    await saved(1);
    expect(named("saveSnapshot snapshots")).toMatchObject({ failed: true, attributes: { "error.type": "Error" } });
    expect(named("save Account")).toMatchObject({ failed: false });
    expect(named("save Account").attributes["eventfold.snapshot.result"]).toBe("failed");
  });

  it("a walk is one span, however many aggregates there are", async () => {
    const { options, saved } = await setUp({ threshold: 100 });
    class Walked extends Account {
      static override readonly aggregateType: string = `Walked-${randomUUID()}`;
    }
    const walked = new InstrumentedRepository(Walked, options);
    for (let number = 0; number < 5; number += 1) {
      const account = walked.createNew();
      account.grow(3);
      await walked.save(account);
    }
    await saved(1);
    await sdk.reset();
    await walked.warm({ eventsMin: 1 });
    await walked.verifySnapshots();
    await walked.pruneSnapshots({ notWrittenForMs: 0 });
    const type = Walked.aggregateType;
    const spans = sdk.spans.filter(({ parent }) => parent === undefined);
    expect(spans.map(({ name }) => name)).toEqual([
      `warm ${type}`,
      `verifySnapshots ${type}`,
      `pruneSnapshots ${type}`,
    ]);
    expect(sdk.spans.length).toBe(4);
    expect(spans[0]!.attributes).toMatchObject({ "eventfold.aggregates.count": 5, "eventfold.aggregates.failed": 0 });
  });

  it("creates snapshots and erases in spans of their own", async () => {
    const { accounts, id, saved } = await setUp({ mode: "manual" });
    await saved(3);
    const account = await accounts.load(id);
    await sdk.reset();
    await accounts.createSnapshot(account);
    await accounts.erase(id, { events: true });
    expect(named("createSnapshot Account").attributes).toMatchObject({
      "eventfold.aggregate.version": 3,
      "eventfold.snapshot.result": "stored",
    });
    const erasures = tree(sdk.spans).filter((path) => path.startsWith("erase Account > erase"));
    const apart = ["eraseSnapshots snapshots", "eraseStream events", "eraseSnapshots snapshots"];
    expect(erasures).toEqual((joint ? ["eraseStream"] : apart).map((call) => `erase Account > ${call}`));
  });

  it("names aggregates only when asked to, and nothing else that tells them apart", async () => {
    const secret = "Ada Lovelace";
    for (const aggregateIds of [false, true]) {
      const { accounts, id } = await setUp({ threshold: 1 }, { aggregateIds });
      const account = accounts.createNew(id, { metadata: { actor: secret } });
      account.open(secret);
      await accounts.save(account);
      await accounts.load(id);
      await expect(accounts.update(id, () => Promise.reject(new Error(secret)))).rejects.toThrow(secret);
      const spans = sdk.spans.map(({ name, attributes, span }) => [name, attributes, span.status, span.links]);
      expect(JSON.stringify(spans).includes(id)).toBe(aggregateIds);
      expect(JSON.stringify(spans)).not.toContain(secret);
      if (aggregateIds) expect(sdk.spans.every((span) => span.attributes["eventfold.aggregate.id"] === id)).toBe(true);
      await sdk.reset();
    }
  });

  it("continues the trace of its caller", async () => {
    const { accounts, saved, id } = await setUp();
    await saved(1);
    await sdk.reset();
    const tracer = trace.getTracer("application");
    await tracer.startActiveSpan("request", async (request) => {
      await accounts.load(id);
      expect(named("load Account").span.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
      request.end();
    });
  });

  it.each(["sync", "background", "manual"] satisfies SnapshotMode[])(
    "gives what a plain repository gives: %s",
    async (mode) => {
      const { accounts, options, id, saved } = await setUp({ threshold: 2, mode });
      for (let number = 0; number < 5; number += 1) await saved(1);
      await accounts.close();
      const plain = await new AggregateRepository(Account, { eventStore: options.eventStore }).load(id);
      const { state, version } = await new InstrumentedRepository(Account, options).load(id);
      expect([state, version]).toEqual([plain.state, plain.version]);
    },
  );
});

it("says the error code of PostgreSQL, beside our own", async () => {
  const { url } = await freshSchema();
  const { eventStore, close } = await connectPostgres(url);
  const accounts = new InstrumentedRepository(Account, { eventStore });
  await expect(accounts.load("a")).rejects.toThrow();
  expect(named("readPage events").attributes).toMatchObject({
    "error.type": "TABLES_MISSING",
    "db.response.status_code": "42P01",
  });
  await close();
});

it("spans what SQLite answers at once, and what fails there", async () => {
  const { eventStore, snapshotStore: store, close } = openSqlite(":memory:");
  const snapshots = { store, threshold: 2 };
  const accounts = new InstrumentedRepository(Account, { eventStore, snapshots, logger: false });
  const account = accounts.createNew("a");
  account.grow(2);
  await accounts.save(account);
  await sdk.reset();
  await accounts.load("a");
  expect(tree(sdk.spans)).toEqual(["load Account > readForLoad", "- > load Account"]);
  expect(named("readForLoad").attributes).toMatchObject({ "db.system.name": "sqlite", "eventfold.events": 0 });
  await close();
  await sdk.reset();
  await expect(accounts.load("a")).rejects.toThrow();
  expect(sdk.spans.map(({ name, attributes }) => [name, attributes["error.type"]])).toEqual([
    ["readForLoad", "CLOSED"],
    ["readPage events", "CLOSED"],
    ["load Account", "CLOSED"],
  ]);
  expect((await sdk.collect()).histogram("db.client.operation.duration", { "error.type": "CLOSED" }).count).toBe(2);
});

// Last, since nothing registers it again.
describe("without what the SDK registers", () => {
  it("works without a context manager; then spans stand side by side", async () => {
    const { InMemoryEventStore } = await import("eventfold");
    context.disable();
    const accounts = new InstrumentedRepository(Account, { eventStore: new InMemoryEventStore() });
    const account = accounts.createNew();
    account.open();
    await accounts.save(account);
    expect(tree(sdk.spans)).toEqual(["- > append events", "- > save Account"]);
  });
});
