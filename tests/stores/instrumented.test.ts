import { AggregateRepository, InMemoryEventStore, InMemorySnapshotStore, newEvent } from "eventfold";
import { InstrumentedEventStore, InstrumentedSnapshotStore } from "eventfold/opentelemetry";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import {
  eventStoreContract,
  Faults,
  FaultyEventStore,
  FaultySnapshotStore,
  jointStoreContract,
  snapshotStoreContract,
} from "eventfold/testing";
import { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { startSdk } from "../opentelemetry/sdk.ts";
import { freshSchema } from "../setup/postgres.ts";

// Contracts hold while spans and metrics are recorded.
startSdk();

describe("instrumented stores in memory", () => {
  for (const { title, run } of eventStoreContract) {
    it(title, () => run(() => new InstrumentedEventStore(new InMemoryEventStore())));
  }
  for (const { title, run } of snapshotStoreContract) {
    it(title, () => run(() => new InstrumentedSnapshotStore(new InMemorySnapshotStore())));
  }
});

describe("instrumented stores of SQLite", () => {
  for (const { title, run } of jointStoreContract) {
    it(title, () =>
      run(() => {
        const { eventStore, snapshotStore, close } = openSqlite(":memory:");
        return {
          eventStore: new InstrumentedEventStore(eventStore),
          snapshotStore: new InstrumentedSnapshotStore(snapshotStore),
          close,
        };
      }),
    );
  }
});

describe("instrumented stores of PostgreSQL", async () => {
  const { url } = await freshSchema();
  const pool = new Pool({ connectionString: url });
  afterAll(() => pool.end());
  const open = async () => {
    const { eventStore, snapshotStore, close, migrate } = await connectPostgres(pool);
    await migrate();
    return {
      eventStore: new InstrumentedEventStore(eventStore),
      snapshotStore: new InstrumentedSnapshotStore(snapshotStore),
      close,
    };
  };
  for (const { title, run } of eventStoreContract) it(title, () => run(async () => (await open()).eventStore));
  for (const { title, run } of snapshotStoreContract) it(title, () => run(async () => (await open()).snapshotStore));
  for (const { title, run } of jointStoreContract) it(title, () => run(open));
});

describe("decorators", () => {
  it("join stores through several layers, and not where only one of both is decorated", async () => {
    const { eventStore, snapshotStore, close } = openSqlite(":memory:");
    const faults = new Faults();
    const [events, snapshots] = [
      new FaultyEventStore(eventStore, faults),
      new FaultySnapshotStore(snapshotStore, faults),
    ];
    const joint = new InstrumentedSnapshotStore(snapshots).jointWith(new InstrumentedEventStore(events));
    expect(joint).toBeDefined();
    // Else it would go past what the other decorator does with each append.
    expect(new InstrumentedSnapshotStore(snapshotStore).jointWith(events)).toBeUndefined();
    expect(new InstrumentedSnapshotStore(new InMemorySnapshotStore()).jointWith(eventStore)).toBeUndefined();
    await close();
  });

  it("a load over an instrumented pair is one read", async () => {
    const { eventStore, snapshotStore, close } = openSqlite(":memory:");
    const faults = new Faults();
    const accounts = new AggregateRepository(Account, {
      eventStore: new InstrumentedEventStore(new FaultyEventStore(eventStore, faults)),
      snapshots: {
        store: new InstrumentedSnapshotStore(new FaultySnapshotStore(snapshotStore, faults)),
        threshold: 1,
        mode: "atomic",
      },
    });
    const account = accounts.createNew();
    account.open();
    await accounts.save(account);
    await accounts.load(account.id);
    const points = ["append", "saveSnapshot", "readForLoad", "readPage", "getSnapshot"] as const;
    expect(points.map((point) => faults.callsOf(point))).toEqual([1, 0, 1, 0, 0]);
    await close();
  });

  it("passes streams of events through", async () => {
    const store = new InstrumentedEventStore(new InMemoryEventStore());
    const stream = { aggregateType: "Account", aggregateId: "a" };
    const events = [1, 2, 3].map((number) => newEvent({ type: "Counted", data: { number } }));
    await store.append(stream, events, { expectedVersion: 0 });
    const versions: number[] = [];
    for await (const { version } of store.read(stream, { pageSize: 2 })) versions.push(version);
    expect(versions).toEqual([1, 2, 3]);
  });
});
