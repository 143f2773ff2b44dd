import { randomUUID } from "node:crypto";
import { AggregateRepository } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { Pool } from "pg";
import { afterAll, expect, it } from "vitest";
import { freshSchema } from "../setup/postgres.ts";
import { Account } from "./account.ts";
import { saveEvents } from "./setup.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url, max: 1 });
afterAll(() => pool.end());

it.each(["sync", "background"] as const)(
  "trap: a pool of one connection is not exhausted by loads, pages, saves and snapshots at once, in mode %s",
  async (mode) => {
    const { eventStore, snapshotStore, migrate } = await connectPostgres(pool);
    await migrate();
    const snapshots = { store: snapshotStore, threshold: 5, mode };
    const accounts = new AggregateRepository(Account, { eventStore, snapshots, pageSize: 2 });
    const ids = Array.from({ length: 20 }, () => randomUUID());
    for (let round = 0; round < 2; round += 1) await Promise.all(ids.map((id) => saveEvents(accounts, id, 7)));
    await accounts.close();
    const reader = new AggregateRepository(Account, { eventStore, pageSize: 2 });
    const versions = await Promise.all(ids.map(async (id) => (await reader.load(id)).version));
    expect(new Set(versions)).toEqual(new Set([14]));
  },
);
