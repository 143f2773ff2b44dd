import assert from "node:assert/strict";
import {
  AggregateRepository,
  AggregateRoot,
  ClosedError,
  ConfigurationError,
  type DomainEvent,
  type EventStore,
  InvalidInstantError,
  InvalidNameError,
  InvalidNumberError,
  newEvent,
  Snapshot,
  type SnapshotMonitor,
  type SnapshotRow,
  type SnapshotStore,
  type StaleOptions,
  type StaleStream,
  type StreamId,
  upgradeState,
  wantedSnapshot,
} from "eventfold";
import { snapshotChecksum } from "../../src/snapshots/snapshot-checksum.ts";
import {
  type ContractCase,
  contractCase,
  newName,
  rejectsWith,
  someEvents,
} from "../../src/testing/contracts/contract.ts";
import { namesInOrder, refusedNames, refusedNumbers, trickyNames } from "../../src/testing/contracts/samples.ts";
import { rowOf, someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";

/** What `openSqlite` and `connectPostgres` give. */
export interface MonitoredStorage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  readonly snapshots: SnapshotMonitor;
  close(): Promise<void>;
}

const KEY = { schemaVersion: 1, fingerprint: "one" };
const WANTED = { ...KEY, upgradableFrom: 1 };
const NOON = "2026-01-31T12:00:00.000Z";
const HOUR_MS = 3_600_000;

/** What monitoring promises on every database. Each case makes types of its own; other data does not matter. */
export const monitoringContract: readonly ContractCase<MonitoredStorage>[] = [
  contractCase("counts streams, events and their spread over streams", async (storage) => {
    const aggregateType = await streamsOfLengths(storage, [1, 1, 2, 3, 4, 10, 19, 20, 49, 100]);
    const [health] = await storage.snapshots.health({ aggregateType });
    assert.deepEqual(
      { ...health, longest: health?.longest.map(({ events }) => events) },
      {
        aggregateType,
        exact: true,
        examined: 10,
        streams: 10,
        events: 209,
        lengths: { p50: 4, p90: 49, p99: 100, max: 100 },
        histogram: [
          { fromLength: 1, toLength: 1, streams: 2, events: 2 },
          { fromLength: 2, toLength: 4, streams: 3, events: 9 },
          { fromLength: 10, toLength: 19, streams: 2, events: 29 },
          { fromLength: 20, toLength: 49, streams: 2, events: 69 },
          { fromLength: 100, toLength: 199, streams: 1, events: 100 },
        ],
        longest: [100, 49, 20, 19, 10, 4, 3, 2, 1, 1],
        withSnapshot: 0,
        coverage: 0,
        replayed: { p50: 4, p90: 49, p99: 100, max: 100 },
        loads: { ...noLoads, missing: 10 },
        keys: [],
        orphans: { snapshots: 0, complete: true },
      },
    );
  }),

  contractCase("keeps the ten longest streams", async (storage) => {
    const aggregateType = await streamsOfLengths(storage, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const [health] = await storage.snapshots.health({ aggregateType });
    assert.deepEqual(
      health?.longest.map(({ events }) => events),
      [12, 11, 10, 9, 8, 7, 6, 5, 4, 3],
    );
  }),

  contractCase("says what loads of a class would make of every snapshot", async (storage) => {
    const aggregateType = newName("Type");
    const make = async (rows: readonly Parameters<typeof stored>[2][]): Promise<string> => {
      const stream = await streamOf(storage, aggregateType, 10);
      for (const row of rows) await stored(storage, stream, row);
      return stream.aggregateId;
    };
    const streams = {
      usable: await make([{ version: 8 }]),
      "usable, though another is newer": await make([{ version: 4 }, { version: 9, schemaVersion: 2 }]),
      missing: await make([]),
      "schema-mismatch": await make([{ version: 8, schemaVersion: 2 }]),
      "fingerprint-mismatch": await make([{ version: 8, fingerprint: "other" }]),
      unproven: await make([{ version: 8, checksum: undefined }]),
      "unproven without its last event": await make([{ version: 8, lastEventId: undefined }]),
      "ahead-of-stream": await make([{ version: 11, lastEventId: "later" }]),
      "history-mismatch": await make([{ version: 8, lastEventId: "another" }]),
    };
    const [health] = await storage.snapshots.health({ aggregateType, wanted: [{ aggregateType, ...WANTED }] });
    assert.deepEqual(health?.loads, {
      usable: 2,
      missing: 1,
      "schema-mismatch": 1,
      "fingerprint-mismatch": 1,
      unproven: 2,
      "ahead-of-stream": 1,
      "history-mismatch": 1,
    });
    assert.equal(health?.withSnapshot, 8);
    assert.equal(health?.coverage, 8 / 9);
    assert.deepEqual(health?.replayed, { p50: 10, p90: 10, p99: 10, max: 10 });
    const verdicts = new Map(
      (await stale(storage, { aggregateType, wanted: [{ aggregateType, ...WANTED }], eventsSince: 0 })).map((each) => [
        each.aggregateId,
        each,
      ]),
    );
    for (const [name, id] of Object.entries(streams)) {
      const [verdict] = name.split(/,| without/);
      assert.equal(verdicts.get(id)?.verdict, verdict, name);
      const tail = name === "usable" ? 2 : name.startsWith("usable") ? 6 : 10;
      assert.equal(verdicts.get(id)?.eventsSince, tail, name);
    }
  }),

  contractCase("agrees with the loads of the class", async (storage) => {
    class Counter extends AggregateRoot<{ value: number }, DomainEvent<"Happened">> {
      static readonly aggregateType = newName("Type");
      static readonly schemaVersion = 2;
      protected initialState(): { value: number } {
        return { value: 0 };
      }
      protected evolve({ value }: { value: number }): { value: number } {
        return { value: value + 1 };
      }
    }
    const { aggregateType } = Counter;
    const wanted = [wantedSnapshot(Counter)];
    const reasons = new Map<string, string>();
    const counters = new AggregateRepository(Counter, {
      eventStore: storage.eventStore,
      snapshots: { store: storage.snapshotStore },
      logger: false,
      observer: (fact) => {
        if (fact.kind === "missed") reasons.set(fact.stream.aggregateId, fact.reason);
      },
    });
    const variants: Partial<SnapshotRow>[] = [
      {},
      { schemaVersion: 1 },
      { schemaVersion: 3 },
      { fingerprint: "other" },
      { lastEventId: undefined },
      { version: 11 },
      { version: 9, lastEventId: "another" },
      { version: 12, lastEventId: undefined },
    ];
    for (const variant of [undefined, ...variants]) {
      const { aggregateId } = await streamOf(storage, aggregateType, 10);
      const row = rowOf(await counters.createSnapshot(await counters.load(aggregateId)));
      await storage.snapshotStore.deleteSnapshot(aggregateId, aggregateType);
      if (variant === undefined) continue;
      const forged = { ...row, ...variant };
      const snapshot = new Snapshot({ ...forged, checksum: snapshotChecksum(forged) });
      await storage.snapshotStore.saveSnapshot(snapshot);
    }
    const judged = await stale(storage, { aggregateType, wanted, eventsSince: 0 });
    assert.equal(judged.length, variants.length);
    reasons.clear();
    for (const { aggregateId, verdict } of judged) {
      await counters.load(aggregateId);
      assert.equal(verdict, reasons.get(aggregateId));
    }
    assert.equal(new Set(reasons.values()).size, 6);
  }),

  contractCase("agrees with the loads of a class that upgrades states", async (storage) => {
    class Counter extends AggregateRoot<{ value: number }, DomainEvent<"Happened">> {
      static readonly aggregateType = newName("Type");
      static readonly schemaVersion = 3;
      static readonly stateUpgrades = upgradeState<{ count: number }>().to<{ value: number }>(
        ({ count }) => ({ value: count }),
        { fingerprint: "two" },
      );
      protected initialState(): { value: number } {
        return { value: 0 };
      }
      protected evolve({ value }: { value: number }): { value: number } {
        return { value: value + 1 };
      }
    }
    const { aggregateType } = Counter;
    const used = new Map<string, boolean>();
    const counters = new AggregateRepository(Counter, {
      eventStore: storage.eventStore,
      snapshots: { store: storage.snapshotStore },
      logger: false,
      observer: (fact) => {
        if (fact.kind === "loaded") used.set(fact.stream.aggregateId, fact.snapshotVersion !== undefined);
      },
    });
    const verdicts = new Map<string, string>();
    for (const [schemaVersion, fingerprint, verdict] of [
      [2, "two", "usable"],
      [2, "another", "schema-mismatch"],
      [1, "two", "schema-mismatch"],
      [3, "two", "fingerprint-mismatch"],
    ] as const) {
      const stream = await streamOf(storage, aggregateType, 10);
      const page = await storage.eventStore.readPage(stream, { afterVersion: 8, limit: 1 });
      const key = { ...stream, version: 9, schemaVersion, fingerprint, lastEventId: page.events[0]?.id };
      const row = { ...rowOf(someSnapshot(key)), stateText: '{"count":9}' };
      await storage.snapshotStore.saveSnapshot(new Snapshot({ ...row, checksum: snapshotChecksum(row) }));
      verdicts.set(stream.aggregateId, verdict);
    }
    const judged = await stale(storage, { aggregateType, wanted: [wantedSnapshot(Counter)], eventsSince: 0 });
    assert.deepEqual(new Map(judged.map(({ aggregateId, verdict }) => [aggregateId, verdict])), verdicts);
    for (const [aggregateId, verdict] of verdicts) {
      assert.equal((await counters.load(aggregateId)).state.value, 10);
      assert.equal(used.get(aggregateId), verdict === "usable");
    }
  }),

  contractCase("takes snapshots that can be upgraded for usable", async (storage) => {
    const aggregateType = newName("Type");
    for (const schemaVersion of [1, 2, 3, 4]) {
      await stored(storage, await streamOf(storage, aggregateType, 5), { version: 5, schemaVersion });
    }
    const wanted = [{ aggregateType, schemaVersion: 3, fingerprint: "three", upgradableFrom: 2 }];
    const [health] = await storage.snapshots.health({ aggregateType, wanted });
    assert.deepEqual(health?.loads, { ...noLoads, usable: 1, "schema-mismatch": 2, "fingerprint-mismatch": 1 });
  }),

  contractCase("judges by the newest snapshot where no class is named, and tells keys apart", async (storage) => {
    const aggregateType = newName("Type");
    const first = await streamOf(storage, aggregateType, 10);
    await stored(storage, first, { version: 9, createdAt: "2026-01-31T11:00:00.000Z" });
    await stored(storage, first, { version: 5, schemaVersion: 2, createdAt: "2026-01-31T10:00:00.000Z" });
    const second = await streamOf(storage, aggregateType, 20);
    await stored(storage, second, { version: 10, schemaVersion: 2, createdAt: "2026-01-30T12:00:00.000Z" });
    await stored(storage, second, { version: 9, fingerprint: "other", lastEventId: "another" });
    const [health] = await storage.snapshots.health({ aggregateType, asOf: NOON });
    assert.deepEqual(health?.loads, { ...noLoads, usable: 2 });
    assert.deepEqual(health?.replayed, { p50: 1, p90: 10, p99: 10, max: 10 });
    const flawless = { unproven: 0, "ahead-of-stream": 0, "history-mismatch": 0 };
    assert.deepEqual(health?.keys, [
      {
        schemaVersion: 2,
        fingerprint: "one",
        snapshots: 2,
        ageMs: { p50: 2 * HOUR_MS, p90: 24 * HOUR_MS, p99: 24 * HOUR_MS, max: 24 * HOUR_MS },
        eventsSince: { p50: 5, p90: 10, p99: 10, max: 10 },
        flaws: flawless,
      },
      {
        schemaVersion: 1,
        fingerprint: "one",
        snapshots: 1,
        ageMs: { p50: HOUR_MS, p90: HOUR_MS, p99: HOUR_MS, max: HOUR_MS },
        eventsSince: { p50: 1, p90: 1, p99: 1, max: 1 },
        flaws: flawless,
      },
      {
        schemaVersion: 1,
        fingerprint: "other",
        snapshots: 1,
        ageMs: { p50: 0, p90: 0, p99: 0, max: 0 },
        eventsSince: { p50: 11, p90: 11, p99: 11, max: 11 },
        flaws: { ...flawless, "history-mismatch": 1 },
      },
    ]);
  }),

  contractCase("lists types by name, and behind them those of which only snapshots are left", async (storage) => {
    const [first, second, third, gone] = [newName("Type B"), newName("Type C"), newName("Type D"), newName("Type A")];
    for (const type of [third, first, second]) await streamOf(storage, type, 1);
    await storage.snapshotStore.saveSnapshot(
      someSnapshot({ aggregateType: gone, aggregateId: crypto.randomUUID(), ...KEY }),
    );
    const made = (await storage.snapshots.health()).filter(({ aggregateType }) =>
      [first, second, third, gone].includes(aggregateType),
    );
    assert.deepEqual(
      made.map(({ aggregateType, streams, orphans }) => [aggregateType, streams, orphans.snapshots]),
      [
        [first, 1, 0],
        [second, 1, 0],
        [third, 1, 0],
        [gone, 0, 1],
      ],
    );
    const [alone] = await storage.snapshots.health({ aggregateType: gone });
    assert.deepEqual(alone, {
      aggregateType: gone,
      exact: true,
      examined: 0,
      streams: 0,
      events: 0,
      lengths: none,
      histogram: [],
      longest: [],
      withSnapshot: 0,
      coverage: 0,
      replayed: none,
      loads: noLoads,
      keys: [],
      orphans: { snapshots: 1, complete: true },
    });
    assert.deepEqual(await storage.snapshots.health({ aggregateType: newName("Type") }), []);
  }),

  contractCase("counts the snapshots whose stream is gone", async (storage) => {
    const aggregateType = newName("Type");
    const orphan = (fields: object): Promise<unknown> =>
      storage.snapshotStore.saveSnapshot(
        someSnapshot({ aggregateType, aggregateId: crypto.randomUUID(), ...KEY, ...fields }),
      );
    for (let count = 0; count < 3; count += 1) {
      await stored(storage, await streamOf(storage, aggregateType, 3), { version: 2 });
      await orphan({ version: 7 });
    }
    // The first id there is, and a stream of the same id in another type.
    const aggregateId = "00000000-0000-0000-0000-000000000000";
    await orphan({ aggregateId });
    await orphan({ aggregateId, schemaVersion: 2 });
    const elsewhere = { aggregateType: newName("Type"), aggregateId };
    await storage.eventStore.append(elsewhere, someEvents(1), { expectedVersion: 0 });
    const [health] = await storage.snapshots.health({ aggregateType });
    assert.deepEqual(health?.orphans, { snapshots: 5, complete: true });
    assert.deepEqual([health?.streams, health?.withSnapshot, health?.loads.usable], [3, 3, 3]);
    const [other] = await storage.snapshots.health({ aggregateType: elsewhere.aggregateType });
    assert.deepEqual(other?.orphans, { snapshots: 0, complete: true });
  }),

  contractCase("sums up rows and bytes by type and key", async (storage) => {
    const aggregateType = newName("Type");
    const save = (stateText: string, fields: Partial<Parameters<typeof someSnapshot>[0]> = {}) =>
      storage.snapshotStore.saveSnapshot(
        someSnapshot({ aggregateType, aggregateId: crypto.randomUUID(), stateText, ...KEY, ...fields }),
      );
    await save('"a"', { createdAt: "2026-01-31T12:00:00.120Z" });
    await save('"ä\u{1f600}"', { createdAt: "0001-01-01T00:00:00.000Z" });
    await save("{}", { schemaVersion: 2, createdAt: "9999-12-31T23:59:59.999Z" });
    await save(JSON.stringify("x".repeat(100_000)), { fingerprint: "another" });
    const statistics = await storage.snapshots.statistics({ aggregateType });
    assert.deepEqual(
      { ...statistics, tableBytes: undefined },
      {
        complete: true,
        snapshots: 4,
        stateBytes: 100_015,
        tableBytes: undefined,
        groups: [
          {
            aggregateType,
            schemaVersion: 1,
            fingerprint: "another",
            snapshots: 1,
            stateBytes: { total: 100_002, mean: 100_002, max: 100_002 },
            oldestAt: NOON,
            newestAt: NOON,
          },
          {
            aggregateType,
            ...KEY,
            snapshots: 2,
            stateBytes: { total: 11, mean: 5.5, max: 8 },
            oldestAt: "0001-01-01T00:00:00.000Z",
            newestAt: "2026-01-31T12:00:00.120Z",
          },
          {
            aggregateType,
            schemaVersion: 2,
            fingerprint: "one",
            snapshots: 1,
            stateBytes: { total: 2, mean: 2, max: 2 },
            oldestAt: "9999-12-31T23:59:59.999Z",
            newestAt: "9999-12-31T23:59:59.999Z",
          },
        ],
      },
    );
    assert.ok(statistics.tableBytes === undefined || statistics.tableBytes > 0);
    const all = await storage.snapshots.statistics();
    assert.equal(all.groups.filter((group) => group.aggregateType === aggregateType).length, 3);
    const part = await storage.snapshots.statistics({ aggregateType, snapshotsMax: 2 });
    assert.deepEqual([part.complete, part.snapshots], [false, 3]);
    assert.equal((await storage.snapshots.statistics({ aggregateType, snapshotsMax: 4 })).complete, true);
  }),

  contractCase("sums up nothing where there is nothing", async (storage) => {
    const aggregateType = newName("Type");
    const { tableBytes: _, ...statistics } = await storage.snapshots.statistics({ aggregateType });
    assert.deepEqual(statistics, { complete: true, snapshots: 0, stateBytes: 0, groups: [] });
    assert.deepEqual(await storage.snapshots.largest({ aggregateType }), { complete: true, snapshots: [] });
    assert.deepEqual(await storage.snapshots.stale({ aggregateType }), { streams: [], next: undefined, examined: 0 });
  }),

  contractCase("lists the largest states, those of equal size by id", async (storage) => {
    const aggregateType = newName("Type");
    const sizes = { b: 20, a: 20, c: 5_000, d: 10 };
    for (const [aggregateId, size] of Object.entries(sizes)) {
      // In PostgreSQL the largest is the one that compresses best.
      const stateText = JSON.stringify("x".repeat(size - 2));
      await storage.snapshotStore.saveSnapshot(
        someSnapshot({ aggregateType, aggregateId: uuidOf(aggregateId), stateText, version: 7, ...KEY }),
      );
    }
    const row = { aggregateType, ...KEY, version: 7, createdAt: NOON };
    assert.deepEqual(await storage.snapshots.largest({ aggregateType, limit: 3 }), {
      complete: true,
      snapshots: [
        { ...row, aggregateId: uuidOf("c"), stateBytes: 5_000 },
        { ...row, aggregateId: uuidOf("a"), stateBytes: 20 },
        { ...row, aggregateId: uuidOf("b"), stateBytes: 20 },
      ],
    });
    const part = await storage.snapshots.largest({ aggregateType, limit: 1, snapshotsMax: 3 });
    assert.equal(part.complete, false);
    assert.equal(part.snapshots.length, 1);
    assert.ok((await storage.snapshots.largest()).snapshots.length > 0);
  }),

  contractCase(
    "finds streams with more events since their snapshot than a bound, and those without one",
    async (storage) => {
      const aggregateType = newName("Type");
      const fresh = await streamOf(storage, aggregateType, 300);
      await stored(storage, fresh, { version: 100 });
      const behind = await streamOf(storage, aggregateType, 301);
      await stored(storage, behind, { version: 100, createdAt: "2026-01-31T11:00:00.000Z" });
      await streamOf(storage, aggregateType, 200);
      const without = await streamOf(storage, aggregateType, 201);
      const found = await stale(storage, { aggregateType, asOf: NOON });
      assert.deepEqual(
        new Map(found.map((each) => [each.aggregateId, each])),
        new Map<string, StaleStream>([
          [
            behind.aggregateId,
            {
              aggregateType,
              aggregateId: behind.aggregateId,
              version: 301,
              verdict: "usable",
              snapshot: { ...KEY, version: 100, createdAt: "2026-01-31T11:00:00.000Z" },
              eventsSince: 201,
              ageMs: HOUR_MS,
            },
          ],
          [
            without.aggregateId,
            {
              aggregateType,
              aggregateId: without.aggregateId,
              version: 201,
              verdict: "missing",
              snapshot: undefined,
              eventsSince: 201,
              ageMs: undefined,
            },
          ],
        ]),
      );
    },
  ),

  contractCase("finds old snapshots only where there are events since", async (storage) => {
    const aggregateType = newName("Type");
    const createdAt = "2026-01-31T11:00:00.000Z";
    await stored(storage, await streamOf(storage, aggregateType, 10), { version: 10, createdAt });
    const behind = await streamOf(storage, aggregateType, 10);
    await stored(storage, behind, { version: 9, createdAt });
    const query = { aggregateType, asOf: NOON };
    assert.deepEqual(idsOf(await stale(storage, { ...query, olderThanMs: HOUR_MS - 1 })), [behind.aggregateId]);
    assert.deepEqual(await stale(storage, { ...query, olderThanMs: HOUR_MS }), []);
  }),

  contractCase("takes no account of snapshots that a class would not use", async (storage) => {
    const aggregateType = newName("Type");
    const stream = await streamOf(storage, aggregateType, 300);
    await stored(storage, stream, { version: 299 });
    assert.deepEqual(await stale(storage, { aggregateType, wanted: [{ aggregateType, ...WANTED }] }), []);
    const wanted = [{ aggregateType, schemaVersion: 2, fingerprint: "one", upgradableFrom: 2 }];
    assert.deepEqual(idsOf(await stale(storage, { aggregateType, wanted })), [stream.aggregateId]);
  }),

  contractCase("goes through all types page by page, and meets every stream once", async (storage) => {
    const types = [newName("Type A"), newName("Type B"), newName("Type C")];
    const made: string[] = [];
    for (const aggregateType of types) {
      for (let index = 0; index < 5; index += 1) {
        made.push((await streamOf(storage, aggregateType, 1)).aggregateId);
      }
    }
    const found: StaleStream[] = [];
    let after: StreamId | undefined;
    do {
      const page = await storage.snapshots.stale({ eventsSince: 0, limit: 2, after });
      assert.ok(page.streams.length <= 2);
      found.push(...page.streams);
      after = page.next;
    } while (after !== undefined);
    assert.deepEqual(
      idsOf(found)
        .filter((id) => made.includes(id))
        .toSorted(),
      made.toSorted(),
    );
  }),

  contractCase("refuses what makes no sense, before the database is asked", async ({ snapshots, close }) => {
    const aggregateType = newName("Type");
    for (const name of refusedNames.filter((each) => each !== undefined) as string[]) {
      await rejectsWith(snapshots.health({ aggregateType: name }), InvalidNameError);
      await rejectsWith(snapshots.statistics({ aggregateType: name }), InvalidNameError);
      await rejectsWith(snapshots.largest({ aggregateType: name }), InvalidNameError);
      await rejectsWith(snapshots.stale({ aggregateType: name }), InvalidNameError);
      await rejectsWith(snapshots.stale({ after: { aggregateType, aggregateId: name } }), InvalidNameError);
      if (name === "") continue;
      const wanted = [{ aggregateType, ...WANTED, fingerprint: name }];
      await rejectsWith(snapshots.health({ aggregateType, wanted }), InvalidNameError);
    }
    for (const number of refusedNumbers as number[]) {
      await rejectsWith(snapshots.health({ streamsMax: number }), InvalidNumberError);
      await rejectsWith(snapshots.statistics({ snapshotsMax: number }), InvalidNumberError);
      await rejectsWith(snapshots.largest({ limit: number }), InvalidNumberError);
      await rejectsWith(snapshots.largest({ snapshotsMax: number }), InvalidNumberError);
      await rejectsWith(snapshots.stale({ limit: number }), InvalidNumberError);
      await rejectsWith(snapshots.stale({ eventsSince: number }), InvalidNumberError);
      await rejectsWith(snapshots.stale({ olderThanMs: number }), InvalidNumberError);
      const wanted = [{ aggregateType, ...WANTED, schemaVersion: number }];
      await rejectsWith(snapshots.stale({ aggregateType, wanted }), InvalidNumberError);
    }
    await rejectsWith(snapshots.health({ streamsMax: 1_000_001 }), InvalidNumberError, {
      what: "number of streams to look at",
    });
    await rejectsWith(snapshots.largest({ limit: 1_001 }), InvalidNumberError);
    await rejectsWith(snapshots.stale({ limit: 1_001 }), InvalidNumberError);
    await rejectsWith(snapshots.statistics({ snapshotsMax: 10_000_001 }), InvalidNumberError);
    await rejectsWith(snapshots.health({ asOf: "yesterday" }), InvalidInstantError);
    await rejectsWith(snapshots.stale({ asOf: new Date(Number.NaN) }), InvalidInstantError);
    const twice = [WANTED, { ...WANTED, schemaVersion: 2 }].map((wanted) => ({ aggregateType, ...wanted }));
    await rejectsWith(snapshots.health({ wanted: twice }), ConfigurationError, { option: "wanted" });
    await rejectsWith(snapshots.stale({ wanted: twice }), ConfigurationError, { option: "wanted" });
    for (const method of ["health", "statistics", "stale", "largest"] as const) {
      const unknown = { agregateType: aggregateType } as object;
      await rejectsWith(snapshots[method](unknown), ConfigurationError, { option: "agregateType" });
    }
    const after = { aggregateType: newName("Type"), aggregateId: uuidOf("a") };
    await rejectsWith(snapshots.stale({ aggregateType, after }), ConfigurationError, { option: "after" });
    await close();
    await rejectsWith(snapshots.health(), ClosedError);
    await rejectsWith(snapshots.statistics(), ClosedError);
    await rejectsWith(snapshots.stale(), ClosedError);
    await rejectsWith(snapshots.largest(), ClosedError);
  }),
];

/** For tables with ids of any text. */
export const monitoringNamesContract: readonly ContractCase<MonitoredStorage>[] = [
  contractCase("meets ids of every kind once, in the reverse order of their bytes", async (storage) => {
    const aggregateType = newName("Type");
    const ids = new Set([...trickyNames, ...namesInOrder, "\u{10ffff}".repeat(127) + "\uffff"]);
    for (const aggregateId of ids) {
      await storage.eventStore.append({ aggregateType, aggregateId }, someEvents(1), { expectedVersion: 0 });
    }
    const found = idsOf(await stale(storage, { aggregateType, eventsSince: 0, limit: 7 }));
    const inBytes = [...ids].toSorted((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)));
    assert.deepEqual(found, inBytes);
  }),
];

const none = { p50: 0, p90: 0, p99: 0, max: 0 };

const noLoads = {
  usable: 0,
  missing: 0,
  "schema-mismatch": 0,
  "fingerprint-mismatch": 0,
  unproven: 0,
  "ahead-of-stream": 0,
  "history-mismatch": 0,
};

/** A stream of a new id that fits ids of every kind. */
export async function streamOf(
  { eventStore }: Pick<MonitoredStorage, "eventStore">,
  aggregateType: string,
  length: number,
): Promise<StreamId> {
  const stream = { aggregateType, aggregateId: crypto.randomUUID() };
  const events = Array.from({ length }, () => newEvent({ type: "Happened", data: {} }));
  await eventStore.append(stream, events, { expectedVersion: 0 });
  return stream;
}

async function streamsOfLengths(storage: MonitoredStorage, lengths: readonly number[]): Promise<string> {
  const aggregateType = newName("Type");
  for (const length of lengths) await streamOf(storage, aggregateType, length);
  return aggregateType;
}

/** A snapshot that proves itself by the event at its version, unless `fields` say otherwise. */
async function stored(
  { eventStore, snapshotStore }: MonitoredStorage,
  stream: StreamId,
  fields: Partial<Parameters<typeof someSnapshot>[0]> & { readonly version: number },
): Promise<void> {
  const page = await eventStore.readPage(stream, { afterVersion: fields.version - 1, limit: 1 });
  const lastEventId = page.events[0]?.id;
  await snapshotStore.saveSnapshot(someSnapshot({ ...stream, ...KEY, lastEventId, ...fields }));
}

/** All pages. */
async function stale({ snapshots }: MonitoredStorage, options: StaleOptions): Promise<StaleStream[]> {
  const found: StaleStream[] = [];
  let after: StreamId | undefined;
  do {
    const page = await snapshots.stale({ ...options, after });
    found.push(...page.streams);
    after = page.next;
  } while (after !== undefined);
  return found;
}

function idsOf(streams: readonly StreamId[]): string[] {
  return streams.map(({ aggregateId }) => aggregateId);
}

function uuidOf(digit: string): string {
  return `0198c2a7-7c5e-7b1a-9d3e-2f4a6b8c0d1${digit}`;
}
