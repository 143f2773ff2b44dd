import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AggregateRepository,
  type AppendResult,
  ClosedError,
  CommitUnknownError,
  ConfigurationError,
  OptimisticConcurrencyError,
  type StreamId,
} from "eventfold";
import {
  connectPostgres,
  migratePostgres,
  PostgresEventStore,
  PostgresSnapshotStore,
  postgresMigrationSql,
} from "eventfold/postgres";
import { Faults, FaultyEventStore } from "eventfold/testing";
import { Client, Pool, type PoolConfig } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newStream, someEvents } from "../../src/testing/contracts/contract.ts";
import { someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";
import { Account } from "../aggregates/account.ts";
import { fullReplay, saveEvents } from "../aggregates/setup.ts";
import { freshSchema } from "../setup/postgres.ts";

const { url } = await freshSchema();
const pool = new Pool({ connectionString: url });
const store = new PostgresEventStore(pool);

beforeAll(() => migratePostgres(pool));
afterAll(() => pool.end());

describe("an append whose answer is lost", () => {
  it("may stand: the server had it when the connection broke", async () => {
    const wire = await Wire.open();
    const behind = new PostgresEventStore(wire.pool);
    const [stream, events] = [newStream(), someEvents(3)];
    await behind.versionOf(stream);
    wire.cutting = "answers";
    const append = behind.append(stream, events, { expectedVersion: 0 });
    await expect(append).rejects.toThrow(CommitUnknownError);
    await expect(append).rejects.toMatchObject({ stream, cause: expect.any(Error) });
    // The server goes on by itself.
    while ((await store.versionOf(stream)) === 0);
    expect(await store.versionOf(stream)).toBe(3);
    wire.cutting = "nothing";
    const again = behind.append(stream, events, { expectedVersion: 0 });
    await expect(again).rejects.toMatchObject({ name: OptimisticConcurrencyError.name, actualVersion: 3 });
    await wire.close();
  });

  it("may not stand: the connection broke before the server had it, which looks the same", async () => {
    const wire = await Wire.open();
    const behind = new PostgresEventStore(wire.pool);
    const [stream, events] = [newStream(), someEvents(3)];
    await behind.versionOf(stream);
    wire.cutting = "questions";
    await expect(behind.append(stream, events, { expectedVersion: 0 })).rejects.toThrow(CommitUnknownError);
    expect(await store.versionOf(stream)).toBe(0);
    wire.cutting = "nothing";
    expect(await behind.append(stream, events, { expectedVersion: 0 })).toEqual({ version: 3 });
    await wire.close();
  });

  it("is not known to stand when the server process is ended while it waits for a lock", async () => {
    const stream = newStream();
    await held(stream, {}, async ({ append, processId }) => {
      await pool.query("SELECT pg_terminate_backend($1)", [await processId()]);
      await expect(append).rejects.toMatchObject({ name: CommitUnknownError.name, cause: { code: "57P01" } });
    });
    expect(await store.versionOf(stream)).toBe(0);
  });

  it("may stand when the client gave up on it, since the server did not", async () => {
    const stream = newStream();
    await held(stream, { query_timeout: 50 }, async ({ append }) => {
      await expect(append).rejects.toThrow(CommitUnknownError);
    });
    while ((await store.versionOf(stream)) === 0);
    expect(await store.versionOf(stream)).toBe(2);
  });
});

it.each(["answers", "questions"] as const)(
  "an update settles by itself what became of an append when the connection broke, with %s lost",
  async (cutting) => {
    const wire = await Wire.open();
    const accounts = new AggregateRepository(Account, { eventStore: new PostgresEventStore(wire.pool) });
    const { aggregateId } = newStream();
    for (let round = 1; round <= 5; round += 1) {
      await saveEvents(accounts, aggregateId, 1);
      let changes = 0;
      // The next connection is whole again.
      wire.pool.once("remove", () => (wire.cutting = "nothing"));
      const account = await accounts.update(aggregateId, (loaded) => {
        changes += 1;
        loaded.deposit(1);
        wire.cutting = cutting;
      });
      expect([changes, account.version]).toEqual([1, 2 * round]);
      expect((await fullReplay(store, aggregateId)).state).toEqual(account.state);
    }
    await wire.close();
  },
);

describe("an append that was certainly not carried out", () => {
  it("fails with PostgreSQL's own error when it was cancelled", async () => {
    await held(newStream(), { statement_timeout: 50 }, async ({ append }) => {
      await expect(append).rejects.toMatchObject({ code: "57014" });
    });
  });

  it("fails with the error of the connection when there was none", async () => {
    const nowhere = new Pool({ host: "/nowhere", port: 5432 });
    const refused = new Pool({ host: "127.0.0.1", port: 1 });
    for (const [unreachable, code] of [
      [nowhere, "ENOENT"],
      [refused, "ECONNREFUSED"],
    ] as const) {
      const append = new PostgresEventStore(unreachable).append(newStream(), someEvents(1), { expectedVersion: 0 });
      await expect(append).rejects.toMatchObject({ code, syscall: "connect" });
      await unreachable.end();
    }
  });

  it("fails with the server's error when it lets nobody in", async () => {
    const missing = new URL(url);
    missing.pathname = `/missing_${process.pid}`;
    const other = new Pool({ connectionString: missing.href });
    const append = new PostgresEventStore(other).append(newStream(), someEvents(1), { expectedVersion: 0 });
    await expect(append).rejects.toMatchObject({ code: "3D000" });
    await other.end();
  });

  it("fails with the pool's error when no connection came free in time, or the pool was ended", async () => {
    const small = new Pool({ connectionString: url, max: 1 });
    const client = await small.connect();
    // From now on: the first connection may take as long as it takes.
    small.options.connectionTimeoutMillis = 50;
    const behind = new PostgresEventStore(small);
    await expect(behind.append(newStream(), someEvents(1), { expectedVersion: 0 })).rejects.toThrow(
      /^timeout exceeded/,
    );
    client.release();
    await small.end();
    await expect(behind.append(newStream(), someEvents(1), { expectedVersion: 0 })).rejects.toThrow(
      /^Cannot use a pool/,
    );
  });

  it("fails with the client's error when that was ended", async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.end();
    const append = new PostgresEventStore(client).append(newStream(), someEvents(1), { expectedVersion: 0 });
    await expect(append).rejects.toThrow(/not queryable/);
  });
});

it("asks for prepare: false when the connection has forgotten its prepared statements", async () => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const forgetful = new PostgresEventStore(client);
    await forgetful.versionOf(newStream());
    await client.query("DEALLOCATE ALL");
    const read = forgetful.versionOf(newStream());
    await expect(read).rejects.toMatchObject({ name: ConfigurationError.name, option: "prepare" });
    expect(await new PostgresEventStore(client, { prepare: false }).versionOf(newStream())).toBe(0);
  } finally {
    await client.end();
  }
});

describe("connectPostgres", () => {
  it("closes the connections that it opened, once, and refuses further calls", async () => {
    const storage = await connectPostgres(url);
    const stream = newStream();
    await storage.eventStore.append(stream, someEvents(1), { expectedVersion: 0 });
    await Promise.all([storage.close(), storage.close()]);
    await storage.close();
    await expect(storage.eventStore.versionOf(stream)).rejects.toThrow(ClosedError);
    await expect(storage.snapshotStore.snapshotExists("a", "b")).rejects.toThrow(ClosedError);
  });

  it("leaves a pool of the caller open", async () => {
    const storage = await connectPostgres(pool);
    await storage.close();
    await expect(storage.eventStore.versionOf(newStream())).rejects.toThrow(ClosedError);
    expect(await store.versionOf(newStream())).toBe(0);
  });

  it("goes on after the server has closed an idle connection", async () => {
    const named = new URL(url);
    named.searchParams.set("application_name", `idle_${process.pid}`);
    const storage = await connectPostgres(named.href.replaceAll("+", "%20"));
    const stream = newStream();
    await storage.eventStore.append(stream, someEvents(1), { expectedVersion: 0 });
    const backends = "FROM pg_stat_activity WHERE application_name = $1";
    const idle = [`idle_${process.pid}`];
    expect((await pool.query(`SELECT pg_terminate_backend(pid) ${backends}`, idle)).rowCount).toBe(1);
    while ((await pool.query(`SELECT ${backends}`, idle)).rowCount !== 0);
    // The news may arrive with the next query or before it.
    await storage.eventStore.versionOf(stream).catch(() => 1);
    expect(await storage.eventStore.versionOf(stream)).toBe(1);
    await storage.close();
  });

  it("refuses what is neither a connection string nor a pool", async () => {
    for (const wrong of [undefined, null, 7, {}, { query: "SELECT 1" }]) {
      await expect(connectPostgres(wrong as unknown as Pool)).rejects.toThrow(ConfigurationError);
    }
  });

  it("refuses an option that is not known", async () => {
    const options = { aggregateIdTyp: "uuid" } as object;
    const refusal = expect.objectContaining({ name: ConfigurationError.name, option: "aggregateIdTyp" });
    await expect(connectPostgres(pool, options)).rejects.toThrow(refusal);
    await expect(migratePostgres(pool, options)).rejects.toThrow(refusal);
    expect(() => postgresMigrationSql(options)).toThrow(refusal);
    expect(() => new PostgresEventStore(pool, options)).toThrow(refusal);
    expect(() => new PostgresSnapshotStore(pool, options)).toThrow(refusal);
  });

  it("names the package pg where that is not installed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "eventfold-without-pg-"));
    try {
      cpSync(join(import.meta.dirname, "../../src"), join(folder, "src"), { recursive: true });
      const program = `
        import { connectPostgres } from ${JSON.stringify(join(folder, "src/stores/postgres/index.ts"))};
        await connectPostgres({ query() {} });
        await connectPostgres("postgresql://localhost/app").catch((error) => console.log(error.code, error.message));`;
      const flags = ["--experimental-strip-types", "--no-warnings", "--input-type=module"];
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, "--eval", program], { cwd: folder });
      expect(stdout).toMatch(/^CONFIGURATION .*npm install pg/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("stores of one pool", () => {
  it("read together, and stores of different pools do not", async () => {
    const other = new Pool({ connectionString: url });
    const snapshots = new PostgresSnapshotStore(pool);
    expect(snapshots.jointWith(new PostgresEventStore(pool))).toBeDefined();
    expect(snapshots.jointWith(new PostgresEventStore(other))).toBeUndefined();
    expect(snapshots.jointWith(new FaultyEventStore(store, new Faults()))).toBeUndefined();
    await other.end();
  });

  it("keep snapshots of one row in order when many connections save them at once", async () => {
    const snapshots = new PostgresSnapshotStore(pool);
    const { aggregateId, aggregateType } = newStream();
    const versions = Array.from({ length: 200 }, (_, index) => 1 + ((index * 37) % 200));
    const outcomes = await Promise.all(
      versions.map((version) => snapshots.saveSnapshot(someSnapshot({ aggregateId, aggregateType, version }))),
    );
    expect(outcomes[versions.indexOf(200)]).toBe("stored");
    expect(outcomes).toContain("kept");
    expect(await snapshots.getSnapshot(aggregateId, aggregateType)).toMatchObject({ version: 200 });
  });
});

/** An append that waits for another one to the same stream, and the process of the server in which it waits. */
interface Held {
  readonly append: Promise<AppendResult>;
  processId(): Promise<number>;
}

/** Runs `work` while an append of two events over a connection of its own waits; the other append is rolled back then. */
async function held(stream: StreamId, config: PoolConfig, work: (held: Held) => Promise<void>): Promise<void> {
  const holder = await pool.connect();
  const waiting = new Pool({ connectionString: url, max: 1, ...config });
  waiting.on("error", () => {});
  try {
    await holder.query("BEGIN");
    await new PostgresEventStore(holder).append(stream, someEvents(1), { expectedVersion: 0 });
    const { rows } = await holder.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const blocked = "SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))";
    const append = new PostgresEventStore(waiting).append(stream, someEvents(2), { expectedVersion: 0 });
    // It may be rejected before `work` looks at it.
    append.catch(() => undefined);
    await work({
      append,
      async processId() {
        for (;;) {
          const [found] = (await pool.query<{ pid: number }>(blocked, [rows[0]?.pid])).rows;
          if (found !== undefined) return found.pid;
        }
      },
    });
  } finally {
    await holder.query("ROLLBACK");
    holder.release();
    await waiting.end();
  }
}

/** Passes a connection to the server on, and can cut it on either way. */
class Wire {
  /** What does not arrive from now on: it ends the connection instead. */
  cutting: "nothing" | "answers" | "questions" = "nothing";
  readonly pool: Pool;
  readonly #server: Server;

  static async open(): Promise<Wire> {
    const { host, port } = new Client({ connectionString: url });
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = createServer((near) => {
      const far = host.startsWith("/") ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port, host);
      wire.#pass(near, far, "questions");
      wire.#pass(far, near, "answers");
    });
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    const wire: Wire = new Wire(server);
    return wire;
  }

  constructor(server: Server) {
    this.#server = server;
    const through = new URL(url);
    through.searchParams.delete("host");
    through.hostname = "127.0.0.1";
    through.port = String((server.address() as AddressInfo).port);
    this.pool = new Pool({ connectionString: through.href.replaceAll("+", "%20"), max: 1 });
    this.pool.on("error", () => {});
  }

  async close(): Promise<void> {
    await this.pool.end();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket, what: "answers" | "questions"): void {
    from.on("data", (chunk) => {
      if (this.cutting === what) from.destroy();
      else to.write(chunk);
    });
    from.on("close", () => to.destroy());
    from.on("error", () => to.destroy());
  }
}
