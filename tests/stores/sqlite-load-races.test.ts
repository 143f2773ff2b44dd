import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AggregateRepository } from "eventfold";
import { openSqlite, type SqliteHandle } from "eventfold/sqlite";
import { afterAll, afterEach, expect, it } from "vitest";
import { selectFrom } from "../../src/stores/sqlite/statements.ts";
import { Account } from "../aggregates/account.ts";
import { fullReplay } from "../aggregates/setup.ts";

// A load whose snapshot is not at the head takes two statements without a transaction around them. Here another connection to the
// same file writes between the two.

const folder = mkdtempSync(join(tmpdir(), "eventfold-sqlite-races-"));
const path = join(folder, "races.db");
const own = new DatabaseSync(path);
own.exec("PRAGMA journal_mode = WAL");
let meanwhile: (() => unknown) | undefined;
let interruptions = 0;
const { eventStore, snapshotStore: store } = openSqlite(interrupted(own));
const other = openSqlite(path);
const otherHandle = new DatabaseSync(path);

afterEach(() => {
  meanwhile = undefined;
  interruptions = 0;
});
afterAll(async () => {
  await other.close();
  otherHandle.close();
  own.close();
  rmSync(folder, { recursive: true });
});

/** A connection that lets `meanwhile` happen before it reads the events after a snapshot. */
function interrupted(handle: DatabaseSync): SqliteHandle {
  return {
    exec: (sql) => handle.exec(sql),
    close: () => handle.close(),
    prepare(sql) {
      const statement = handle.prepare(sql);
      if (sql !== selectFrom) return statement;
      const all = statement.all.bind(statement);
      return Object.assign(statement, {
        all: (...values: Parameters<typeof all>) => {
          const act = meanwhile;
          meanwhile = undefined;
          if (act !== undefined) interruptions += 1;
          act?.();
          return all(...values);
        },
      });
    },
  };
}

const accounts = new AggregateRepository(Account, { eventStore, snapshots: { store }, logger: false });

/** An account with a snapshot at version 10, and events up to version 15. */
async function behind(): Promise<Account> {
  const account = accounts.createNew(randomUUID());
  account.grow(10);
  await accounts.save(account);
  await accounts.createSnapshot(account);
  account.grow(5);
  await accounts.save(account);
  return account;
}

function truncate({ id }: Account, throughVersion: number): void {
  otherHandle.prepare("DELETE FROM events WHERE aggregate_id = ? AND version > ?").run(id, throughVersion);
}

/** Events of another history, up to `version`. */
function growOtherwise({ id }: Account, afterVersion: number, version: number): void {
  const insert = otherHandle.prepare(`
    INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
    VALUES ('Account', ?, ?, ?, 'MoneyDeposited', 1, '{"amount":1000}', '{}', '2026-01-31T12:00:00.000Z')
  `);
  for (let each = afterVersion + 1; each <= version; each += 1) insert.run(id, each, randomUUID());
}

it.each<{ what: string; act: (account: Account) => unknown }>([
  { what: "appends", act: (account) => growOtherwise(account, 15, 20) },
  { what: "deletes the snapshot", act: ({ id }) => other.snapshotStore.deleteSnapshot(id, "Account") },
  {
    what: "erases the snapshots",
    act: ({ id }) => other.snapshotStore.eraseSnapshots(id, "Account", { throughVersion: 15 }),
  },
  { what: "restores the stream to the snapshot's version", act: (account) => truncate(account, 10) },
  { what: "restores the stream to a version before the snapshot's", act: (account) => truncate(account, 3) },
  {
    what: "restores the stream, which then grows past the snapshot",
    act: (account) => {
      truncate(account, 3);
      growOtherwise(account, 3, 20);
    },
  },
  {
    what: "restores the stream to the version after the snapshot's, which then grows",
    act: (account) => {
      truncate(account, 11);
      growOtherwise(account, 11, 13);
    },
  },
])("a load is as what stands there last when another process $what between its statements", async ({ act }) => {
  const account = await behind();
  meanwhile = () => act(account);
  const loaded = await accounts.load(account.id);
  expect(interruptions).toBe(1);
  const { state, version } = await fullReplay(eventStore, account.id);
  expect({ state: loaded.state, version: loaded.version }).toEqual({ state, version });
});

it("finds nothing of an aggregate that another process erases between its statements", async () => {
  const account = await behind();
  meanwhile = () => other.eventStore.eraseStream({ aggregateType: "Account", aggregateId: account.id });
  expect(await accounts.find(account.id)).toBeUndefined();
  expect(interruptions).toBe(1);
});

it("takes one statement when the snapshot is at the head", async () => {
  const account = await behind();
  await accounts.createSnapshot(account);
  meanwhile = () => expect.unreachable();
  expect((await accounts.load(account.id)).version).toBe(15);
});
