import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { migratePostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Client } from "pg";
import { Account } from "../account.ts";

/** A database of many streams, most of them short and few long, as in most systems. */
export interface OperatedDatabase {
  readonly name: string;
  /** What the command line takes. */
  readonly address: string;
  /** Appends to every stream up to a share of its length. Events of all streams alternate, as if all had been active at once. */
  fill(share: number): Promise<void>;
}

export interface Stream {
  readonly aggregateId: string;
  readonly length: number;
}

/** Lengths with how many of 1,000 streams have it. The mean is 50. */
const LENGTHS = [
  { length: 10, of1000: 800 },
  { length: 100, of1000: 180 },
  { length: 1_000, of1000: 19 },
  { length: 5_000, of1000: 1 },
];

/** @param count a multiple of 1,000. */
export function makeStreams(count: number): readonly Stream[] {
  return LENGTHS.flatMap(({ length, of1000 }) =>
    Array.from({ length: (count / 1_000) * of1000 }, () => ({ aggregateId: randomUUID(), length })),
  );
}

// Both fill by one statement: through the library a million events would take minutes. What is written is what it would write.
const columns = "aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at";
const kind = "CASE WHEN n = 1 THEN 'AccountOpened' WHEN n % 3 = 0 THEN 'MoneyWithdrawn' ELSE 'MoneyDeposited' END";
const opened = `'{"ownerName":"Ada Lovelace"}'`;

export async function operatedSqlite(path: string, streams: readonly Stream[]): Promise<OperatedDatabase> {
  await openSqlite(path).close();
  return {
    name: "SQLite",
    address: path,
    async fill(share) {
      const database = new DatabaseSync(path);
      database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000");
      database.exec("CREATE TEMP TABLE streams (aggregate_id TEXT, length INTEGER, done INTEGER)");
      database
        .prepare("INSERT INTO streams SELECT value ->> 'aggregateId', value ->> 'length', 0 FROM json_each(?)")
        .run(JSON.stringify(streams));
      database.exec(`
        UPDATE streams
        SET done = coalesce((
          SELECT max(version) FROM events WHERE aggregate_type = 'Account' AND aggregate_id = streams.aggregate_id
        ), 0);
        INSERT INTO events (${columns})
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
        SELECT
          '${Account.aggregateType}', aggregate_id, n, aggregate_id || '-' || n, ${kind}, 1,
          CASE WHEN n = 1 THEN ${opened} ELSE
            '{"amount":' || (n % 89) || '.25,"counterparty":"Employer","reference":"invoice ' || n || '"}'
          END,
          '{}', strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01', '+' || n || ' hours')
        FROM numbers CROSS JOIN streams
        WHERE n > done AND n <= length * ${share};
        PRAGMA wal_checkpoint(TRUNCATE);
      `);
      database.close();
    },
  };
}

/** @param url of a database whose schema is empty. */
export async function operatedPostgres(url: string, streams: readonly Stream[]): Promise<OperatedDatabase> {
  const withClient = async (work: (client: Client) => Promise<unknown>): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  };
  await withClient(migratePostgres);
  return {
    name: "PostgreSQL",
    address: url,
    fill: (share) =>
      withClient(async (client) => {
        await client.query({
          text: `
            CREATE TEMP TABLE streams AS
            SELECT aggregate_id, length, coalesce((
              SELECT max(version) FROM events WHERE aggregate_type = 'Account' AND aggregate_id = stream.aggregate_id
            ), 0) AS done
            FROM unnest($1::text[], $2::int[]) AS stream (aggregate_id, length)`,
          values: [streams.map((stream) => stream.aggregateId), streams.map((stream) => stream.length)],
        });
        await client.query(`
          INSERT INTO events (${columns})
          SELECT
            '${Account.aggregateType}', aggregate_id, n, aggregate_id || '-' || n, ${kind}, 1,
            (CASE WHEN n = 1 THEN ${opened} ELSE
              '{"amount":' || (n % 89) || '.25,"counterparty":"Employer","reference":"invoice ' || n || '"}'
            END)::json,
            '{}', '2026-01-01'::timestamptz + n * interval '1 hour'
          FROM generate_series(1, 5000) AS n CROSS JOIN streams
          WHERE n > done AND n <= length * ${share}
          ORDER BY n`);
        await client.query("VACUUM ANALYZE events");
      }),
  };
}
