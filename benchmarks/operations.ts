// npm run bench:operations [-- --streams 20000] [--json <file>]
//
// How long operations take on a large database: 50 events a stream on average, few streams with thousands. Each runs in a process
// of its own, so that its peak memory is its own. Commands are timed as a whole, from the start of their process to its end.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { startPostgres } from "../tests/setup/postgres-server.ts";
import { Account } from "./account.ts";
import { describeMachine } from "./machine.ts";
import {
  makeStreams,
  type OperatedDatabase,
  operatedPostgres,
  operatedSqlite,
  type Stream,
} from "./operations/database.ts";
import { installPackage } from "./operations/installed-package.ts";
import type { Report } from "./operations/one-operation.ts";
import type { Used } from "./operations/used.ts";
import { medianOf } from "./statistics.ts";
import { count } from "./wording.ts";

interface Line extends Report {
  readonly database: string;
  readonly operation: string;
}

/** In this order: snapshots are taken before the last fifth of the events comes. */
const BEFORE = ["open", "warm"];
const AFTER = ["open", "health", "health of a sample", "stale", "statistics", "largest", "verify", "warm again"];

const SOURCES = join(import.meta.dirname, "../tools/node/sources.mjs");

const { values } = parseArgs({ options: { streams: { type: "string", default: "20000" }, json: { type: "string" } } });
const streams = makeStreams(Number(values.streams));
const machine = describeMachine();
const lines: Line[] = [];
const folder = mkdtempSync(join(tmpdir(), "eventfold-operations-"));
let eventfold = "";
try {
  eventfold = installPackage(folder);
  for (const withDatabase of [withSqlite, withPostgres]) await withDatabase(streams, measure);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(machine.facts.join(", "));
if (machine.caution !== undefined) console.log(machine.caution);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines }, undefined, 2)}\n`);

async function measure(database: OperatedDatabase): Promise<void> {
  await database.fill(0.8);
  for (const operation of BEFORE) run(database, operation);
  await database.fill(1);
  for (const operation of AFTER) run(database, operation);
  const typical = streams.find(({ length }) => length === 100);
  const longest = streams.at(-1);
  command(database, ["--help"], { streams: 0, note: "nothing but starting the command line" });
  for (const stream of [typical, longest]) {
    if (stream === undefined) continue;
    const { aggregateId, length } = stream;
    const args = ["inspect", database.address, Account.aggregateType, aggregateId];
    command(database, args, { streams: 1, events: length, note: `a stream of ${count(length)} events` });
  }
  command(database, ["health", database.address], { streams: streams.length, note: "" });
  command(database, ["advise", database.address], { streams: streams.length, note: "" });
}

function run({ name, address }: OperatedDatabase, operation: string): void {
  const script = join(import.meta.dirname, "operations/one-operation.ts");
  const { status, stdout } = spawnSync(process.execPath, ["--import", SOURCES, script, operation, address], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${operation} of ${name} failed.`);
  print({ database: name, operation, ...(JSON.parse(stdout) as Report) });
}

/** As a user runs it, thrice; the middle time counts. */
function command({ name }: OperatedDatabase, args: readonly string[], known: Omit<Report, "ms" | keyof Used>): void {
  const usedFile = join(folder, "used.json");
  const hook = join(import.meta.dirname, "operations/note-use.ts");
  const times = [1, 2, 3].map(() => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ["--import", hook, eventfold, ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, USED_FILE: usedFile },
    });
    if (status !== 0) throw new Error(`eventfold ${args[0]} ended with ${status}: ${stderr}`);
    return performance.now() - startedAt;
  });
  const used = JSON.parse(readFileSync(usedFile, "utf8")) as Used;
  print({ database: name, operation: `eventfold ${args[0]}`, ms: medianOf(times), ...used, ...known });
}

function print(line: Line): void {
  lines.push(line);
  console.log(textOf(line));
}

function textOf({ database, operation, ms, cpuMs, streams: done, events, peakBytes, note }: Line): string {
  const rate = (things: number): string => count(Math.round(things / (ms / 1_000)));
  const rates = ms < 1 || done <= 1 ? [] : [`${rate(done)} streams/s`];
  if (events !== undefined && done > 1) rates.push(`${rate(events)} events/s`);
  const times = [`${Math.round(ms)} ms`.padStart(9), `CPU ${Math.round(cpuMs)} ms`.padStart(13)];
  const peak = `peak ${Math.round(peakBytes / 2 ** 20)} MiB`;
  return [database.padEnd(10), operation.padEnd(18), ...times, peak, ...rates, note].join("  ").trimEnd();
}

async function withSqlite(list: readonly Stream[], work: typeof measure): Promise<void> {
  await work(await operatedSqlite(join(folder, "operations.db"), list));
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
