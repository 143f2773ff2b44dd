import { ClosedError, StoreBusyError } from "../../errors.ts";

/** What node:sqlite and better-sqlite3 put on their errors. */
interface DriverError {
  readonly code?: unknown;
  readonly errcode?: unknown;
  readonly message?: unknown;
}

const SQLITE_BUSY = 5;

/** The error as callers of a store know it; one that means nothing particular is given back as it is. */
export function translated(error: unknown): unknown {
  if (isBusy(error)) return new StoreBusyError({ cause: error });
  if (isClosed(error)) return new ClosedError({ what: "database connection" });
  return error;
}

/** Extended codes such as SQLITE_BUSY_SNAPSHOT included. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as DriverError;
  if (typeof errcode === "number") return (errcode & 0xff) === SQLITE_BUSY;
  return typeof code === "string" && code.startsWith("SQLITE_BUSY");
}

export function isWithinTransaction(error: unknown): boolean {
  return messageOf(error).includes("within a transaction");
}

export function isDuplicateEventId(error: unknown): boolean {
  return messageOf(error).includes("UNIQUE constraint failed: events.id");
}

function isClosed(error: unknown): boolean {
  return (
    (error as DriverError | null)?.code === "ERR_INVALID_STATE" || messageOf(error).includes("connection is not open")
  );
}

function messageOf(error: unknown): string {
  const message = (error as DriverError | null)?.message;
  return typeof message === "string" ? message : "";
}
