import { statSync } from "node:fs";
import type { EventStore } from "../events/event-store.ts";
import type { SnapshotMonitor } from "../monitoring/snapshot-monitor.ts";
import type { SnapshotAdministration } from "../snapshots/snapshot-administration.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";
import { DatabaseError, UsageError } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { openPostgres } from "./postgres-database.ts";
import { isAmbiguous, withoutPassword } from "./secrets.ts";
import { openSqliteFile } from "./sqlite-database.ts";

/** The database that a command line names, open, with its tables checked. */
export interface OpenDatabase {
  /** As it was given, without a password: for people, and for commands that they may type. */
  readonly name: string;
  readonly kind: "SQLite" | "PostgreSQL";
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  readonly snapshots: SnapshotMonitor;
  readonly administration: SnapshotAdministration;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** With `"read"` nothing can be written over this connection; behind a pooler (`prepare: false`) that is left to the commands. */
  readonly access: "read" | "write";
  /** Whether a power cut may undo the last writes, as it may those of a cache: they are quicker for it. @default false */
  readonly losable?: boolean;
  /** Of PostgreSQL: `false` behind a pooler that does not know prepared statements. @default true */
  readonly prepare?: boolean | undefined;
}

/** `host=db dbname=bank`: a file of such a name is ./host=… */
const LIBPQ_PARAMETERS = /^\s*(host|hostaddr|port|dbname|user|password|passfile|service|sslmode)\s*=/i;

/** What a command line names: a server, or a file. */
export type Target =
  | { readonly kind: "PostgreSQL"; readonly url: string; readonly name: string }
  | { readonly kind: "SQLite"; readonly path: string; readonly name: string };

/** @throws {UsageError} for a URL of something else, and for what is no database at all. */
export function targetOf(database: string): Target {
  if (/^postgres(ql)?:\/\//i.test(database)) {
    const name = withoutPassword(database);
    const encoded = "In a user name, password or parameter, write / : @ # ? and % as %2F %3A %40 %23 %3F %25.";
    // The error of the constructor would repeat the password.
    if (!URL.canParse(database)) throw new UsageError(`${name} is no valid URL. ${encoded}`);
    // A part of the password would be looked up as a host, and be told to whoever answers for names.
    if (isAmbiguous(database)) throw new UsageError(`${name} can be read in two ways. ${encoded}`);
    return { kind: "PostgreSQL", url: database, name };
  }
  if (/^[a-z][a-z+.-]*:\/\//i.test(database)) {
    throw new UsageError(`${withoutPassword(database)} is neither a file nor a postgres:// URL.`);
  }
  if (database === "" || database === ":memory:") throw new UsageError("Name a SQLite file or a postgres:// URL.");
  const name = withoutPassword(database);
  if (LIBPQ_PARAMETERS.test(database)) {
    throw new UsageError(`${name} is neither a file nor a URL: write postgres://user:password@host:5432/database.`);
  }
  return { kind: "SQLite", path: database, name };
}

/**
 * Opens what is there, and makes nothing: no file, no table.
 *
 * @throws {UsageError} for what names no database.
 * @throws {DatabaseError} when it does not exist, cannot be reached or has no tables.
 */
export async function openDatabase(database: string, options: OpenOptions): Promise<OpenDatabase> {
  const target = targetOf(database);
  if (target.kind === "PostgreSQL") return await openPostgres(target, options);
  refuseMissing(target);
  return openSqliteFile(target, options);
}

/** @throws {DatabaseError} */
function refuseMissing({ path, name }: Extract<Target, { kind: "SQLite" }>): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new DatabaseError(`There is no file ${name}. (${commandLine(["migrate", name])} makes an empty database.)`);
  }
  if (!found.isFile()) throw new DatabaseError(`${name} is no file.`);
}
