import { ConfigurationError } from "../../errors.ts";
import { checkWholeNumber, type OptionNames, refuseUnknown } from "../../events/bounds.ts";
import { isBusy, translated } from "./driver-errors.ts";

/** An open connection: `DatabaseSync` of `node:sqlite`, or `Database` of better-sqlite3. It stays in the hands of its owner. */
export interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  all(...values: SqliteValue[]): unknown[];
}

export type SqliteValue = string | number | null;

/** A path, `":memory:"`, or an open connection of yours, which is used as it is and never closed. */
export type SqliteSource = string | SqliteHandle;

export interface SqliteOptions {
  /** How long to wait for a writer in another process. Of a connection of your own, set it there. @default 5000 */
  readonly busyTimeoutMs?: number;
  /**
   * Whether appends of the same turn of the event loop are stored in one transaction. On a path only: on a connection of your own
   * they could come to be part of a transaction of yours.
   *
   * @default false
   */
  readonly groupCommit?: boolean;
}

const OPTION_NAMES: OptionNames<SqliteOptions> = { busyTimeoutMs: true, groupCommit: true };
const BUSY_TIMEOUT_MS_DEFAULT = 5_000;
const BUSY_TIMEOUT_MS_MAX = 2 ** 31 - 1;
const WAL_ATTEMPTS_MAX = 20;

/** Connections that nobody else can have a transaction open on. */
const openedHere = new WeakSet<SqliteHandle>();

/**
 * Opens a connection that survives a power cut (`synchronous = FULL`), lets readers work beside a writer (WAL) and waits for
 * writers in other processes.
 *
 * @throws {ConfigurationError} for an option that is not known, a path that cannot be opened, or where there is no `node:sqlite`.
 * @throws {StoreBusyError} when the database stays locked.
 */
export function openHandle(path: string, options: SqliteOptions): SqliteHandle {
  refuseUnknown("", options, OPTION_NAMES);
  const { busyTimeoutMs = BUSY_TIMEOUT_MS_DEFAULT } = options;
  checkWholeNumber("busy timeout", busyTimeoutMs, 0, BUSY_TIMEOUT_MS_MAX);
  // SQLite would open a nameless database that is gone after close.
  if (path === "")
    throw new ConfigurationError({ option: "path", problem: 'is empty. Name a file, or use ":memory:".' });
  const sqlite = process.getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) {
    const problem =
      "needs node:sqlite, which Node.js has from 22.13 on. Use that, or pass an open connection, such as one of better-sqlite3.";
    throw new ConfigurationError({ option: "path", problem });
  }
  const handle = open(path, sqlite.DatabaseSync);
  try {
    handle.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    switchToWal(handle);
    handle.exec("PRAGMA synchronous = FULL");
    openedHere.add(handle);
    return handle;
  } catch (error) {
    handle.close();
    throw translated(error);
  }
}

function open(path: string, Driver: new (path: string) => SqliteHandle): SqliteHandle {
  try {
    return new Driver(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const problem = `is ${path}, which cannot be opened: ${reason}. Check that its folder exists and may be written to.`;
    throw new ConfigurationError({ option: "path", problem, cause });
  }
}

/** @throws {ConfigurationError} for what is no connection. */
export function checkHandle(handle: unknown): void {
  if (typeof (handle as Partial<SqliteHandle> | undefined)?.prepare === "function") return;
  throw new ConfigurationError({
    option: "source",
    problem: 'is neither a path, nor ":memory:", nor an open connection. Pass one of them, such as "events.db".',
  });
}

/** Whether nobody else has the connection. */
export function isOpenedHere(handle: SqliteHandle): boolean {
  return openedHere.has(handle);
}

/** @throws {ConfigurationError} for options that are not known, or cannot take effect on a connection which is open already. */
export function refuseOptions(handle: SqliteHandle, options: SqliteOptions): void {
  refuseUnknown("", options, OPTION_NAMES);
  if (options.busyTimeoutMs !== undefined) {
    const problem = "has no effect on a connection that is open already. Set it there.";
    throw new ConfigurationError({ option: "busyTimeoutMs", problem });
  }
  if (options.groupCommit && !isOpenedHere(handle)) {
    const problem =
      "needs a path: on a connection of yours, appends that wait could come to be part of a transaction of yours. " +
      "Pass the path of the database, or leave it out.";
    throw new ConfigurationError({ option: "groupCommit", problem });
  }
}

/** @throws what the driver throws, when other processes hold the database locked for too long. */
export function switchToWal(handle: Pick<SqliteHandle, "exec">): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      handle.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === WAL_ATTEMPTS_MAX) throw error;
      // The switch itself does not wait for other processes, which may be about the same: wait in a way that does.
      handle.exec("BEGIN IMMEDIATE; COMMIT");
    }
  }
}
