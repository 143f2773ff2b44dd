// npm run bench:operations [-- --streams 20000] [--json <file>]
//
// How long operations take on a large database: 50 events a stream on average, few streams with thousands. Each runs in a process of
// its own, so that its peak memory is its own.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { startPostgres } from "../tests/setup/postgres-server.ts";
import { describeMachine } from "./machine.ts";
import {
  makeStreams,
  type OperatedDatabase,
  operatedPostgres,
  operatedSqlite,
  type Stream,
} from "./operations/database.ts";
import type { Report } from "./operations/one-operation.ts";
import { count } from "./wording.ts";

interface Line extends Report {
  readonly database: string;
  readonly operation: string;
}

/** In this order: snapshots are taken before the last fifth of the events comes. */
const BEFORE = ["open", "warm"];
const AFTER = ["open", "health", "health of a sample", "stale", "statistics", "largest", "verify", "warm again"];

const { values } = parseArgs({ options: { streams: { type: "string", default: "20000" }, json: { type: "string" } } });
const streams = makeStreams(Number(values.streams));
const machine = describeMachine();
const lines: Line[] = [];
for (const withDatabase of [withSqlite, withPostgres]) await withDatabase(streams, measure);
console.log(machine.facts.join(", "));
if (machine.caution !== undefined) console.log(machine.caution);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines }, undefined, 2)}\n`);

async function measure(database: OperatedDatabase): Promise<void> {
  await database.fill(0.8);
  for (const operation of BEFORE) run(database, operation);
  await database.fill(1);
  for (const operation of AFTER) run(database, operation);
}

function run({ name, address }: OperatedDatabase, operation: string): void {
  const script = join(import.meta.dirname, "operations/one-operation.ts");
  const hook = join(import.meta.dirname, "../tools/node/sources.mjs");
  const { status, stdout } = spawnSync(process.execPath, ["--import", hook, script, operation, address], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${operation} of ${name} failed.`);
  const report = JSON.parse(stdout) as Report;
  lines.push({ database: name, operation, ...report });
  console.log(textOf(name, operation, report));
}

function textOf(name: string, operation: string, { ms, streams: done, events, peakBytes, note }: Report): string {
  const rate = (things: number): string => count(Math.round(things / (ms / 1_000)));
  const rates = ms < 1 || done === 0 ? [] : [`${rate(done)} streams/s`];
  if (events !== undefined) rates.push(`${rate(events)} events/s`);
  const peak = `peak ${Math.round(peakBytes / 2 ** 20)} MiB`;
  return [name.padEnd(10), operation.padEnd(18), `${Math.round(ms)} ms`.padStart(9), peak, ...rates, note].join("  ");
}

async function withSqlite(list: readonly Stream[], work: typeof measure): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-operations-"));
  try {
    await work(await operatedSqlite(join(folder, "operations.db"), list));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withPostgres(list: readonly Stream[], work: typeof measure): Promise<void> {
  const server = await startPostgres();
  const schema = `eventfold_bench_${randomUUID().replaceAll("-", "")}`;
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query(`CREATE SCHEMA ${schema}`);
    const url = new URL(server.url);
    url.searchParams.set("options", `-c search_path=${schema}`);
    await work(await operatedPostgres(url.href.replaceAll("+", "%20"), list));
  } finally {
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await client.end();
    await server.stop();
  }
}
