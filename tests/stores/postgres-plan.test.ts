import { connectPostgres } from "eventfold/postgres";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readForLoad } from "../../src/stores/postgres/joint-statements.ts";
import { newStream, numbers, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/snapshot-cases.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const { eventStore, snapshotStore, migrate } = await connectPostgres(pool);
const stream = newStream();

beforeAll(async () => {
  await migrate();
  for (const _stream of numbers(1, 20)) await eventStore.append(newStream(), someEvents(50), { expectedVersion: 0 });
  const events = someEvents(3_000);
  await eventStore.append(stream, events, { expectedVersion: 0 });
  for (const schemaVersion of [1, 2, 3]) {
    const lastEventId = events[2_899]?.id;
    await snapshotStore.saveSnapshot(someSnapshot({ ...stream, schemaVersion, version: 2_900, lastEventId }));
  }
});
afterAll(() => pool.end());

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly Plans?: readonly Plan[];
}

describe.each(["force_generic_plan", "force_custom_plan"])("a load from a snapshot, with %s", (mode) => {
  it.each([
    ["a row of its own key", 3, 3],
    ["an older row that it can upgrade", 4, 2],
  ])("touches no more events than come after the snapshot: %s", async (_name, schemaVersion, upgradableFrom) => {
    for (const analyzed of [false, true]) {
      if (analyzed) await pool.query("ANALYZE events, snapshots");
      const nodes = await nodesOf(mode, schemaVersion, upgradableFrom);
      const events = nodes.filter((node) => node["Relation Name"] === "events");
      expect(events.filter((node) => node["Node Type"] === "Seq Scan")).toEqual([]);
      const touched = events.map((node) => node["Actual Rows"] * node["Actual Loops"]);
      // The head, the anchor, and the events to replay.
      expect(touched.toSorted((a, b) => a - b)).toEqual([1, 1, 100]);
    }
  });
});

async function nodesOf(mode: string, schemaVersion: number, upgradableFrom: number): Promise<Plan[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET plan_cache_mode = ${mode}`);
    await client.query(`PREPARE load (text, text, bigint, text, bigint, bigint) AS ${readForLoad}`);
    const { rows } = await client.query<{ "QUERY PLAN": readonly { readonly Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE load
       ('${stream.aggregateType}', '${stream.aggregateId}', ${schemaVersion}, '', ${upgradableFrom}, 1000)`,
    );
    return flat(rows[0]!["QUERY PLAN"][0]!.Plan);
  } finally {
    await client.end();
  }
}

function flat(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flat)];
}
