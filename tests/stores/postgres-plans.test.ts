import { migratePostgres, PostgresEventStore, type PostgresPool, PostgresSnapshotStore } from "eventfold/postgres";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresSurvey } from "../../src/stores/postgres/postgres-survey.ts";
import { newStream, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { freshSchema } from "../setup/postgres.ts";

const LENGTH = 100_000;
const KEY = { schemaVersion: 1, fingerprint: "" };
const WANTED = { ...KEY, upgradableFrom: 1 };

interface Plan {
  readonly "Node Type": string;
  readonly "Function Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly Plans?: readonly Plan[];
  readonly [fact: string]: unknown;
}

const { url } = await freshSchema();
const client = new Client({ connectionString: url });
const short = newStream();
const long = { ...short, aggregateId: `${short.aggregateId}-long` };

// The plan that a connection keeps is made while the tables are empty, and then meets many events before anything is analyzed.
beforeAll(async () => {
  await client.connect();
  await client.query("SET plan_cache_mode = force_generic_plan");
  await migratePostgres(client);
  await client.query("ALTER TABLE events SET (autovacuum_enabled = off)");
  await client.query("ALTER TABLE snapshots SET (autovacuum_enabled = off)");
  for (const call of Object.values(calls)) await call(client, short);
  await fill(short.aggregateId, 200);
  await fill(long.aggregateId, LENGTH);
  for (const [stream, length] of [
    [short, 200],
    [long, LENGTH],
  ] as const) {
    const [event] = (await new PostgresEventStore(client).readPage(stream, { afterVersion: length - 101, limit: 1 }))
      .events;
    const snapshot = someSnapshot({ ...stream, ...KEY, version: length - 100, lastEventId: event?.id });
    await new PostgresSnapshotStore(client).saveSnapshot(snapshot);
  }
});
afterAll(() => client.end());

/** What each costs must not depend on how many events a stream has. */
const calls = {
  "a load": (pool: PostgresPool, stream: typeof short) => {
    const joint = new PostgresSnapshotStore(pool).jointWith(new PostgresEventStore(pool));
    return joint?.readForLoad(stream, WANTED, 1_000);
  },
  "a load whose snapshot can be upgraded": (pool: PostgresPool, stream: typeof short) => {
    const joint = new PostgresSnapshotStore(pool).jointWith(new PostgresEventStore(pool));
    return joint?.readForLoad(stream, { ...WANTED, schemaVersion: 2 }, 1_000);
  },
  "a load whose snapshot is of another key": (pool, stream) => {
    const joint = new PostgresSnapshotStore(pool).jointWith(new PostgresEventStore(pool));
    return joint?.readForLoad(stream, { ...WANTED, fingerprint: "other" }, 100);
  },
  "a page": (pool, stream) => new PostgresEventStore(pool).readPage(stream, { afterVersion: 50, limit: 100 }),
  "pages of many streams": (pool, { aggregateType, aggregateId }) => {
    const starts = [50, 150, 100].map((afterVersion) => ({ aggregateId, afterVersion }));
    return new PostgresEventStore(pool).readManyPages(aggregateType, starts, 20);
  },
  "snapshots of many aggregates": (pool, { aggregateType, aggregateId }) =>
    new PostgresSnapshotStore(pool).getManySnapshots([aggregateId, "absent"], aggregateType, { prefer: KEY }),
  "the version": (pool, stream) => new PostgresEventStore(pool).versionOf(stream),
  "a conflict": (pool, stream) =>
    new PostgresEventStore(pool).append(stream, someEvents(10), { expectedVersion: 7 }).catch(() => {}),
  "the list of streams": (pool, stream) => new PostgresEventStore(pool).streams(stream.aggregateType, { limit: 2 }),
  "a page of all events": (pool) => new PostgresEventStore(pool).readAll({ afterPosition: 10, limit: 100 }),
  "the list of types": (pool) => new PostgresSurvey(pool).aggregateTypes("", 10),
  "the list of types that have snapshots": (pool) => new PostgresSurvey(pool).snapshotTypes(10),
  "snapshots without events": (pool, { aggregateType }) =>
    new PostgresSurvey(pool).orphans(aggregateType, undefined, 1),
  "a sample of streams that are monitored": (pool, { aggregateType, aggregateId }) => {
    const position = aggregateId === long.aggregateId ? 10_000 : 100;
    return new PostgresSurvey(pool).streamsAt(aggregateType, [position]);
  },
  "the last position": (pool) => new PostgresSurvey(pool).lastPosition(),
} satisfies Record<string, (pool: PostgresPool, stream: typeof short) => unknown>;

describe.each(Object.entries(calls))("%s", (_name, call) => {
  it("touches no more rows of a long stream than of a short one, and sorts none of its events", async () => {
    const touched = async (stream: typeof short): Promise<number> => {
      const plans = await plansOf((pool) => call(pool, stream));
      // How many locks others hold is theirs to say.
      const nodes = plans.flatMap(flatten).filter((node) => node["Function Name"] !== "pg_lock_status");
      const sorts = nodes.filter((node) => node["Node Type"] === "Sort");
      expect(Math.max(0, ...sorts.map((node) => node["Actual Rows"]))).toBeLessThanOrEqual(1);
      return nodes.map(rowsTouched).reduce((a, b) => a + b, 0);
    };
    const [few, many] = [await touched(short), await touched(long)];
    expect(few).toBeGreaterThan(0);
    expect(many).toBeLessThanOrEqual(few);
  });
});

it("looks for the events behind each snapshot of a page by themselves, and for one of them", async () => {
  const call = (pool: PostgresPool) => new PostgresSurvey(pool).orphans(short.aggregateType, undefined, 2);
  expect(await call(client)).toEqual({ examined: 2, orphans: 0, lastId: long.aggregateId });
  const nodes = (await plansOf(call)).flatMap(flatten);
  expect(nodes.filter((node) => node["Relation Name"] === "events").map(rowsTouched)).toEqual([2]);
  expect(nodes.map(rowsTouched).reduce((a, b) => a + b, 0)).toBeLessThan(50);
  expect(nodes.filter((node) => node["Node Type"] === "Seq Scan")).toEqual([]);
});

it("jumps from one monitored stream to the next", async () => {
  const call = (pool: PostgresPool) => new PostgresSurvey(pool).streams(short.aggregateType, undefined, 10);
  expect(await call(client)).toHaveLength(2);
  const plans = await plansOf(call);
  const touched = plans.flatMap(flatten).map(rowsTouched);
  expect(touched.reduce((a, b) => a + b, 0)).toBeLessThan(50);
});

it("plans the statements of a load and a save once, not each time anew", async () => {
  const fresh = new Client({ connectionString: url });
  await fresh.connect();
  try {
    await fresh.query("ANALYZE");
    for (let turn = 0; turn < 20; turn += 1) for (const call of Object.values(calls)) await call(fresh, long);
    const { rows } = await fresh.query(`
      SELECT statement, custom_plans::int4 AS custom, generic_plans::int4 AS generic
      FROM pg_prepared_statements
      WHERE statement ~ 'header|head AS'`);
    // PostgreSQL tries five times with the values before it decides.
    expect(rows).toHaveLength(3);
    for (const { custom, generic } of rows)
      expect({ custom, generic }).toEqual({ custom: 5, generic: expect.any(Number) });
  } finally {
    await fresh.end();
  }
});

async function fill(aggregateId: string, length: number): Promise<void> {
  const columns = "aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at";
  await client.query(`
    INSERT INTO events (${columns})
    SELECT '${short.aggregateType}', '${aggregateId}', n, '${aggregateId}-' || n, 'Happened', 1, '{}', '{}', now()
    FROM generate_series(1, ${length}) AS n`);
}

/** The plans, with what really happened, of the statements that `work` sends: those that the connection has kept. */
async function plansOf(work: (pool: PostgresPool) => unknown): Promise<Plan[]> {
  const plans: Plan[] = [];
  await work({
    async query(config) {
      const values = (config.values ?? []).map((value) => client.escapeLiteral(literal(value)));
      const list = values.length > 0 ? `(${values.join(", ").replaceAll("'NULL'", "NULL")})` : "";
      const explained = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON, TIMING off) EXECUTE ${config.name}${list}`);
      plans.push(explained.rows[0]["QUERY PLAN"][0].Plan);
      return client.query(config);
    },
  });
  return plans;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return Array.isArray(value)
    ? `{${value.map((item) => JSON.stringify(String(item))).join(",")}}`
    : `${value as string | number}`;
}

function flatten(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flatten)];
}

function rowsTouched(node: Plan): number {
  const filtered = Object.entries(node).filter(([fact]) => fact.startsWith("Rows Removed by"));
  const rows = node["Actual Rows"] + filtered.reduce((sum, [, count]) => sum + Number(count), 0);
  return rows * node["Actual Loops"];
}
