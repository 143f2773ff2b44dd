import {
  ClosedError,
  CommitUnknownError,
  ConfigurationError,
  DuplicateEventError,
  type NewEvent,
  newEvent,
  OptimisticConcurrencyError,
  StoreOverloadedError,
  StreamErasedError,
  type StreamId,
} from "eventfold";
import {
  connectPostgres,
  migratePostgres,
  PostgresEventStore,
  type PostgresPool,
  type PostgresQuery,
  type PostgresResult,
} from "eventfold/postgres";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  filledStream,
  idsOf,
  newStream,
  numbers,
  readStreamToEnd,
  someEvents,
} from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url, max: 5 });
pool.on("error", () => {});
const reading = new PostgresEventStore(pool);

beforeAll(() => migratePostgres(pool));
afterAll(() => pool.end());

it("sends a lone append at once, and those that come meanwhile together", async () => {
  const counted = new CountedPool();
  const store = grouping(counted);
  const first = append(store, newStream(), someEvents(1));
  expect(counted.queries).toBe(1);
  const others = numbers(1, 50).map((count) => append(store, newStream(), someEvents(1 + (count % 3))));
  await first;
  expect(await Promise.all(others)).toEqual(numbers(1, 50).map((count) => ({ version: 1 + (count % 3) })));
  expect(counted.queries).toBe(2);
  await append(store, newStream(), someEvents(1));
  expect(counted.queries).toBe(3);
});

it("keeps every value as a single append does", async () => {
  const events = (): NewEvent[] => [
    newEvent({ type: 'a "quoted", \\ {type}', data: { text: "\u0000 ' \" \\ , { } \ud800", many: [[], [null]] } }),
    newEvent({ type: "NULL", data: null, metadata: { correlationId: "c" }, schemaVersion: 7 }),
    newEvent({ type: "third", data: "", occurredAt: "0001-01-01T00:00:00.001Z" }),
  ];
  const store = grouping();
  const streams = [newStream(), newStream(), newStream()];
  const saved = streams.map(() => events());
  await Promise.all(streams.map((stream, index) => append(store, stream, saved[index]!)));
  const stored = await Promise.all(streams.map((stream) => readStreamToEnd(reading.read(stream))));
  for (const [index, group] of saved.entries()) {
    expect(
      stored[index]!.map(({ id, type, schemaVersion, data, metadata, occurredAt }) => [
        id,
        type,
        schemaVersion,
        JSON.stringify(data),
        JSON.stringify(metadata),
        occurredAt,
      ]),
    ).toEqual(
      group.map((each) => [each.id, each.type, each.schemaVersion, each.dataText, each.metadataText, each.occurredAt]),
    );
  }
});

it("goes on while a test has the timers in its hand", async () => {
  const store = grouping();
  // A connection that is there already: making one is the driver's business, with timers of its own.
  await append(store, newStream(), someEvents(1));
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers();
  const versions = await Promise.all(numbers(1, 3).map(() => append(store, newStream(), someEvents(1))));
  expect(versions).toEqual(numbers(1, 3).map(() => ({ version: 1 })));
});

describe("in the middle of a group", () => {
  it("a conflict and an erased stream fail by themselves, by the same one statement", async () => {
    const counted = new CountedPool();
    const store = grouping(counted);
    const behind = await filledStream(reading, 3);
    const ahead = await filledStream(reading, 2);
    const erased = await filledStream(reading, 1);
    await reading.eraseStream(erased);
    const good = numbers(1, 6).map(() => newStream());
    void append(store, newStream(), someEvents(1));
    const outcomes = await Promise.allSettled([
      append(store, good[0]!, someEvents(1)),
      append(store, behind, someEvents(2), 1),
      append(store, good[1]!, someEvents(3)),
      append(store, erased, someEvents(1), 0),
      append(store, good[2]!, someEvents(2)),
      append(store, ahead, someEvents(1), 7),
      append(store, erased, someEvents(1), "any"),
      append(store, good[3]!, someEvents(1), "any"),
    ]);
    expect(
      outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.version : outcome.reason.name)),
    ).toEqual([
      1,
      OptimisticConcurrencyError.name,
      3,
      StreamErasedError.name,
      2,
      OptimisticConcurrencyError.name,
      StreamErasedError.name,
      1,
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { stream: streamOf(behind), expectedVersion: 1, actualVersion: 3 } });
    expect(outcomes[5]).toMatchObject({ reason: { stream: streamOf(ahead), expectedVersion: 7, actualVersion: 2 } });
    expect(await versionsOf([good[0]!, behind, good[1]!, erased, good[2]!, ahead, good[3]!])).toEqual([
      1, 3, 3, 0, 2, 2, 1,
    ]);
    // The first, the group, and the second one to the erased stream.
    expect(counted.queries).toBe(3);
  });

  it("an event id that is stored already fails its save alone", async () => {
    const store = grouping();
    const { events } = await filledStream(reading, 1);
    const streams = numbers(1, 5).map(() => newStream());
    const saves = streams.map((_, index) => (index === 2 ? [...someEvents(2), ...events] : someEvents(2)));
    void append(store, newStream(), someEvents(1));
    const outcomes = await Promise.allSettled(streams.map((stream, index) => append(store, stream, saves[index]!)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(outcomes[2]).toMatchObject({
      reason: { name: DuplicateEventError.name, stream: streams[2], eventId: events[0]!.id },
    });
    expect(await versionsOf(streams)).toEqual([2, 2, 0, 2, 2]);
  });

  it("one of two saves of the same event wins", async () => {
    const store = grouping();
    const events = someEvents(1);
    const streams = numbers(1, 6).map(() => newStream());
    void append(store, newStream(), someEvents(1));
    const outcomes = await Promise.allSettled(
      streams.map((stream, index) => append(store, stream, index % 3 === 0 ? events : someEvents(1))),
    );
    const rejected = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(rejected).toMatchObject([{ reason: { name: DuplicateEventError.name, eventId: events[0]!.id } }]);
    expect((await versionsOf(streams)).toSorted((a, b) => a - b)).toEqual([0, 1, 1, 1, 1, 1]);
  });

  it("what the server refuses of one is stored of the others", async () => {
    const store = grouping();
    await pool.query("ALTER TABLE events ADD CONSTRAINT no_bad CHECK (type <> 'Bad')");
    try {
      const streams = numbers(1, 3).map(() => newStream());
      void append(store, newStream(), someEvents(1));
      const outcomes = await Promise.allSettled(
        streams.map((stream, index) =>
          append(store, stream, [newEvent({ type: index === 1 ? "Bad" : "Good", data: 1 })]),
        ),
      );
      expect(outcomes).toMatchObject([
        { value: { version: 1 } },
        { reason: { code: "23514" } },
        { value: { version: 1 } },
      ]);
      expect(await versionsOf(streams)).toEqual([1, 0, 1]);
    } finally {
      await pool.query("ALTER TABLE events DROP CONSTRAINT no_bad");
    }
  });
});

describe("appends to one stream", () => {
  it("go one after another, in the order in which they came", async () => {
    const store = grouping();
    const stream = newStream();
    const saves = numbers(0, 9).map((expectedVersion) => ({ expectedVersion, events: someEvents(1) }));
    const versions = saves.map(({ expectedVersion, events }) => append(store, stream, events, expectedVersion));
    expect(await Promise.all(versions)).toEqual(numbers(1, 10).map((version) => ({ version })));
    expect(idsOf(await readStreamToEnd(reading.read(stream)))).toEqual(saves.flatMap(({ events }) => idsOf(events)));
  });

  it("of which a transaction elsewhere keeps one waiting keep nobody else waiting, not even that transaction", async () => {
    const store = grouping();
    const stuck = newStream();
    const others = numbers(1, 20).map(() => newStream());
    const holder = await pool.connect();
    try {
      await holder.query("BEGIN");
      await append(new PostgresEventStore(holder), stuck, someEvents(1));
      void append(store, newStream(), someEvents(1));
      const [first, second] = [append(store, stuck, someEvents(2), "any"), append(store, stuck, someEvents(3), "any")];
      await Promise.all(others.map((stream) => append(store, stream, someEvents(1))));
      await append(store, others[0]!, someEvents(1), 1);
      await holder.query("COMMIT");
      expect(await Promise.all([first, second])).toEqual([{ version: 3 }, { version: 6 }]);
    } finally {
      holder.release(true);
    }
  });

  it("that goes out alone and is kept waiting keep nobody else waiting either", async () => {
    const store = grouping();
    const stuck = newStream();
    const holder = await pool.connect();
    try {
      await holder.query("BEGIN");
      await append(new PostgresEventStore(holder), stuck, someEvents(1));
      const waiting = append(store, stuck, someEvents(1));
      const conflict = expect(waiting).rejects.toMatchObject({ actualVersion: 1 });
      await append(store, newStream(), someEvents(1));
      await holder.query("COMMIT");
      await conflict;
    } finally {
      holder.release(true);
    }
  });
});

describe("when the answer of a group is lost", () => {
  it.each([
    ["after it was stored", "answer", 1],
    ["before it was stored", "question", 0],
  ] as const)("%s, every caller is told that its own save may stand", async (_when, losing, version) => {
    const failing = new FailingPool(losing);
    const store = grouping(failing);
    const streams = numbers(1, 5).map(() => newStream());
    const first = append(store, newStream(), someEvents(1));
    const saves = streams.map((stream) => ({ stream, events: someEvents(1) }));
    const lost = saves.map(({ stream, events }) => append(store, stream, events));
    failing.failNext = 1;
    const outcomes = await Promise.allSettled(lost);
    await first;
    expect(outcomes).toMatchObject(
      streams.map((stream) => ({ reason: { name: CommitUnknownError.name, stream, cause: failing.error } })),
    );
    expect(await versionsOf(streams)).toEqual(streams.map(() => version));
    // As the error advises.
    const again = await Promise.allSettled(saves.map(({ stream, events }) => append(store, stream, events)));
    expect(again.map(({ status }) => status)).toEqual(streams.map(() => (version === 1 ? "rejected" : "fulfilled")));
    expect(await versionsOf(streams)).toEqual(streams.map(() => 1));
  });

  it("because it was never sent, every caller gets that error", async () => {
    const ended = new Pool({ connectionString: url });
    await ended.end();
    const store = grouping(ended);
    const outcomes = await Promise.allSettled(numbers(1, 5).map(() => append(store, newStream(), someEvents(1))));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { message: expect.stringContaining("Cannot use a pool") as string } });
    }
  });
});

it("tells the truth to every caller while connections are killed", async () => {
  const CALLERS = 24;
  const SAVES = 25;
  const victims = new Pool({ connectionString: named("victim"), max: 3 });
  victims.on("error", () => {});
  const store = grouping(victims);
  const streams = numbers(1, CALLERS / 2).map(() => newStream());
  const told: { stream: StreamId; ids: string[]; from: number; outcome: "stored" | "unknown" | "not stored" }[] = [];
  const save = async (caller: number): Promise<void> => {
    for (let turn = 0; turn < SAVES; turn += 1) {
      const stream = streams[(caller + turn) % streams.length]!;
      const events = someEvents(1 + ((caller + turn) % 4), { caller, turn });
      try {
        const { version } = await append(store, stream, events, "any");
        told.push({ stream, ids: idsOf(events), from: version - events.length, outcome: "stored" });
      } catch (error) {
        const outcome = error instanceof CommitUnknownError ? "unknown" : "not stored";
        told.push({ stream, ids: idsOf(events), from: -1, outcome });
      }
    }
  };
  const progress = { saving: true };
  const saving = Promise.all(numbers(1, CALLERS).map(save)).finally(() => {
    progress.saving = false;
  });
  const kill =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND state = 'active'";
  while (progress.saving) await pool.query(kill, ["victim"]);
  await saving;
  await victims.end();
  expect(told.filter(({ outcome }) => outcome === "unknown").length).toBeGreaterThan(0);
  for (const stream of streams) {
    // `read` refuses gaps.
    const stored = idsOf(await readStreamToEnd(reading.read(stream)));
    const saves = told.filter((each) => each.stream === stream);
    const found = saves.filter(({ ids }) => stored.includes(ids[0]!));
    for (const { ids, outcome, from } of saves) {
      const at = stored.indexOf(ids[0]!);
      if (outcome === "stored") expect(at).toBe(from);
      if (outcome === "not stored") expect(at).toBe(-1);
      if (at >= 0) expect(stored.slice(at, at + ids.length)).toEqual(ids);
    }
    expect(stored).toHaveLength(found.reduce((sum, { ids }) => sum + ids.length, 0));
  }
});

it.each(["read committed", "repeatable read", "serializable"])(
  "tells the truth to savers of two stores that race at %s by default",
  async (isolation) => {
    const SAVERS = 24;
    const SAVES = 30;
    const racers = new Pool({ connectionString: isolated(isolation), max: 4 });
    const stores = [grouping(racers), grouping(racers)];
    const streams = numbers(1, 8).map(() => newStream());
    const won: { stream: StreamId; from: number; ids: string[] }[] = [];
    let lost = 0;
    const save = async (saver: number): Promise<void> => {
      const store = stores[saver % 2]!;
      for (let turn = 0; turn < SAVES; turn += 1) {
        const stream = streams[(saver * 3 + turn) % streams.length]!;
        const events = someEvents(1 + ((saver * 7 + turn) % 5), { saver, turn });
        const expectedVersion = turn % 4 === 0 ? "any" : await store.versionOf(stream);
        try {
          const { version } = await append(store, stream, events, expectedVersion);
          if (expectedVersion !== "any") expect(version).toBe(expectedVersion + events.length);
          won.push({ stream, from: version - events.length, ids: idsOf(events) });
        } catch (error) {
          if (!(error instanceof OptimisticConcurrencyError)) throw error;
          expect(error).toMatchObject({ stream, expectedVersion });
          expect(error.actualVersion).toBeGreaterThan(expectedVersion as number);
          lost += 1;
        }
      }
    };
    try {
      await Promise.all(numbers(1, SAVERS).map(save));
    } finally {
      await racers.end();
    }
    expect(lost).toBeGreaterThan(0);
    for (const stream of streams) {
      const stored = idsOf(await readStreamToEnd(reading.read(stream)));
      const saves = won.filter((each) => each.stream === stream).toSorted((a, b) => a.from - b.from);
      expect(stored).toEqual(saves.flatMap(({ ids }) => ids));
    }
  },
);

it("stores appends with a snapshot while others are in groups", async () => {
  const { eventStore, snapshotStore } = await connectPostgres(pool, { groupCommit: true });
  const joint = snapshotStore.jointWith(eventStore)!;
  const streams = numbers(1, 10).map(() => newStream());
  const both = streams.map((stream, index) => {
    if (index % 2 === 0) return append(eventStore, stream, someEvents(2));
    return joint.append(stream, someEvents(2), {
      expectedVersion: 0,
      snapshot: someSnapshot({ ...stream, version: 2 }),
    });
  });
  await Promise.all(both);
  expect(await versionsOf(streams)).toEqual(streams.map(() => 2));
  const found = streams.map(({ aggregateId, aggregateType }) =>
    snapshotStore.snapshotExists(aggregateId, aggregateType),
  );
  expect(await Promise.all(found)).toEqual(streams.map((_, index) => index % 2 === 1));
});

describe("bounds", () => {
  it("a group by saves, events and text", async () => {
    const queriesFor = async (saves: readonly NewEvent[][]): Promise<number> => {
      const counted = new CountedPool();
      const store = grouping(counted);
      await Promise.all([someEvents(1), ...saves].map((events) => append(store, newStream(), events)));
      return counted.queries - 1;
    };
    expect(await queriesFor(numbers(1, 100).map(() => someEvents(1)))).toBe(1);
    expect(await queriesFor(numbers(1, 101).map(() => someEvents(1)))).toBe(2);
    expect(await queriesFor(numbers(1, 10).map(() => someEvents(100)))).toBe(1);
    expect(await queriesFor(numbers(1, 11).map(() => someEvents(100)))).toBe(2);
    expect(await queriesFor([someEvents(1), someEvents(1_001), someEvents(1)])).toBe(3);
    const large = (): NewEvent[] => [newEvent({ type: "Large", data: "x".repeat(400_000) })];
    expect(await queriesFor([large(), large()])).toBe(1);
    expect(await queriesFor([large(), large(), large()])).toBe(2);
  });

  it("what waits: beyond 10,000 an append is refused before anything is sent", async () => {
    const exhausted = new ExhaustedPool();
    const store = grouping(exhausted);
    const stream = newStream();
    const taken = numbers(1, 10_000).map(() => append(store, stream, someEvents(1), "any"));
    await expect(append(store, newStream(), someEvents(1))).rejects.toMatchObject({
      name: StoreOverloadedError.name,
      waiting: 10_000,
    });
    exhausted.end();
    for (const { status } of await Promise.allSettled(taken)) expect(status).toBe("rejected");
    // There is room again.
    await expect(append(store, stream, someEvents(1))).rejects.toThrow("Cannot use a pool");
  });
});

describe("close", () => {
  it("answers all that was asked for before, and refuses what comes then", async () => {
    const storage = await connectPostgres(url, { groupCommit: true });
    const streams = numbers(1, 250).map((id) => ({ ...newStream(), aggregateId: `${id % 200}` }));
    const saves = streams.map((stream) => append(storage.eventStore, stream, someEvents(1), "any"));
    const closing = storage.close();
    await expect(append(storage.eventStore, newStream(), someEvents(1))).rejects.toThrow(ClosedError);
    await closing;
    expect(await Promise.all(saves)).toHaveLength(250);
    expect(await versionsOf(streams)).toEqual(streams.map(() => 1));
  });
});

it("refuses a client, which may be inside a transaction", async () => {
  const client = new Client({ connectionString: url });
  await expect(connectPostgres(client, { groupCommit: true })).rejects.toMatchObject({
    name: ConfigurationError.name,
    option: "groupCommit",
  });
});

describe("in tables whose ids are UUIDs", async () => {
  const own = await freshSchema();

  it("stores groups", async () => {
    const uuids = await connectPostgres(own.url, { groupCommit: true, aggregateIdType: "uuid" });
    await uuids.migrate();
    const streams = numbers(1, 20).map(() => ({ aggregateType: "Account", aggregateId: crypto.randomUUID() }));
    const versions = streams.map((_, index) => 1 + (index % 3));
    await Promise.all(streams.map((stream, index) => append(uuids.eventStore, stream, someEvents(versions[index]!))));
    expect(await Promise.all(streams.map((stream) => uuids.eventStore.versionOf(stream)))).toEqual(versions);
    await uuids.close();
  });
});

class CountedPool implements PostgresPool {
  queries = 0;

  query(config: PostgresQuery): Promise<PostgresResult> {
    this.queries += 1;
    return pool.query(config);
  }
}

/** Loses the connection before or after the server has done what it was asked for. */
class FailingPool implements PostgresPool {
  readonly error = new Error("Connection terminated unexpectedly");
  failNext = 0;
  readonly #losing: "question" | "answer";

  constructor(losing: "question" | "answer") {
    this.#losing = losing;
  }

  async query(config: PostgresQuery): Promise<PostgresResult> {
    if (this.failNext === 0) return pool.query(config);
    this.failNext -= 1;
    if (this.#losing === "answer") await pool.query(config);
    throw this.error;
  }
}

/** Has no connection to give, until it is ended. */
class ExhaustedPool implements PostgresPool {
  readonly #ended = Promise.withResolvers<never>();

  query(): Promise<PostgresResult> {
    return this.#ended.promise;
  }

  end(): void {
    this.#ended.reject(new Error("Cannot use a pool after calling end on the pool"));
  }
}

function grouping(over: PostgresPool = pool): PostgresEventStore {
  return new PostgresEventStore(over, { groupCommit: true });
}

function append(store: PostgresEventStore, stream: StreamId, events: NewEvent[], expectedVersion: number | "any" = 0) {
  const { aggregateType, aggregateId } = stream;
  return store.append({ aggregateType, aggregateId }, events, { expectedVersion });
}

function versionsOf(streams: readonly StreamId[]): Promise<number[]> {
  return Promise.all(streams.map((stream) => reading.versionOf(stream)));
}

function streamOf({ aggregateType, aggregateId }: StreamId): StreamId {
  return { aggregateType, aggregateId };
}

function named(applicationName: string): string {
  const withName = new URL(url);
  withName.searchParams.set("application_name", applicationName);
  return withName.href.replaceAll("+", "%20");
}

function isolated(isolation: string): string {
  const withIsolation = new URL(url);
  const settings = `${withIsolation.searchParams.get("options")} -c default_transaction_isolation=${isolation.replace(" ", "\\ ")}`;
  withIsolation.searchParams.set("options", settings);
  return withIsolation.href.replaceAll("+", "%20");
}
