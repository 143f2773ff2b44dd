import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, inject } from "vitest";

/** A schema of its own in the run's PostgreSQL server. */
export interface FreshSchema {
  readonly schema: string;
  /** Connections opened by it see the schema and nothing else. */
  readonly url: string;
}

/** Creates a schema that is dropped after the calling test file or `describe` block; call it at the top of either. */
export async function freshSchema(): Promise<FreshSchema> {
  const server = inject("postgresUrl");
  const schema = `test_${randomUUID().replaceAll("-", "")}`;
  await execute(server, `CREATE SCHEMA ${schema}`);
  afterAll(() => execute(server, `SET lock_timeout = '10s'; DROP SCHEMA ${schema} CASCADE`));
  const url = new URL(server);
  url.searchParams.set("options", `-c search_path=${schema}`);
  return { schema, url: url.href.replaceAll("+", "%20") };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
