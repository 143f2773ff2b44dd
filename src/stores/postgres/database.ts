import { createHash } from "node:crypto";
import {
  ConfigurationError,
  EventfoldError,
  InvalidNameError,
  StoreBusyError,
  TablesMissingError,
} from "../../errors.ts";
import { type OptionNames, refuseUnknown } from "../../events/bounds.ts";

/** What is needed of a connection: a `Pool`, `Client` or `PoolClient` of pg fits as it is. */
export interface PostgresPool {
  query(config: PostgresQuery): Promise<PostgresResult>;
}

export interface PostgresQuery {
  text: string;
  values?: unknown[];
  /** Of the prepared statement. */
  name?: string;
  rowMode?: "array";
  types?: { getTypeParser(): (text: string) => unknown };
}

export interface PostgresResult {
  // biome-ignore format: pg declares the rows of every query as any
  // oxlint-disable-next-line typescript/no-explicit-any
  rows: any[];
  rowCount: number | null;
}

export interface PostgresOptions {
  /**
   * Type of the column `aggregate_id`. With `"uuid"` rows are smaller, and every id must be a UUID in its canonical lower-case
   * form. Decided when the tables are made; the stores must be given the same.
   *
   * @default "text"
   */
  readonly aggregateIdType?: AggregateIdType;
  /**
   * Whether statements are prepared once per connection. Turn it off where a pooler gives each transaction another connection
   * and does not know prepared statements.
   *
   * @default true
   */
  readonly prepare?: boolean;
  /**
   * Whether appends that wait at the same time are stored by one statement, in one transaction. It needs a pool, every query of
   * which is a transaction by itself. Appends together with a snapshot go by themselves.
   *
   * @default false
   */
  readonly groupCommit?: boolean;
}

export const POSTGRES_OPTION_NAMES: OptionNames<PostgresOptions> = {
  aggregateIdType: true,
  prepare: true,
  groupCommit: true,
};

export type AggregateIdType = "text" | "uuid";

/** Texts as PostgreSQL sends them, in the order of the statement's columns. */
export type Row = readonly (string | null)[];

/** Sends statements, and says what went wrong in our words. */
export class Database {
  readonly pool: PostgresPool;
  readonly aggregateIdType: AggregateIdType;
  readonly #prepare: boolean;

  constructor(pool: PostgresPool, options: PostgresOptions = {}) {
    if (typeof (pool as Partial<PostgresPool> | undefined)?.query !== "function") {
      throw new ConfigurationError({ option: "pool", problem: "has no query method. Pass a Pool or Client of pg." });
    }
    refuseUnknown("", options, POSTGRES_OPTION_NAMES);
    if (options.groupCommit && isClient(pool)) {
      const problem =
        "needs a pool: a client may be inside a transaction, which is not for others to take part in. " +
        "Pass a Pool of pg, or leave it out.";
      throw new ConfigurationError({ option: "groupCommit", problem });
    }
    this.pool = pool;
    this.aggregateIdType = checkedIdType(options.aggregateIdType);
    this.#prepare = options.prepare ?? true;
  }

  async rows<Columns extends Row>(statement: string, values?: unknown[]): Promise<readonly Columns[]> {
    return (await this.#query(statement, values)).rows as Columns[];
  }

  /**
   * As `rows`, for a statement that only reads. Above READ COMMITTED the server undoes one that it cannot place among the writers:
   * it is sent ten times at most. Inside a transaction of the caller's, which is over then, it fails at the second time.
   */
  async read<Columns extends Row>(statement: string, values?: unknown[]): Promise<readonly Columns[]> {
    let undone: Error | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.rows(statement, values);
      } catch (error) {
        if (undone !== undefined && isTransactionOver(error)) throw undone;
        if (sqlState(error) !== "40001" || attempt === READ_ATTEMPTS_MAX) throw error;
        undone = error as Error;
      }
    }
  }

  /** Number of rows that the statement changed or found. */
  async count(statement: string, values: unknown[]): Promise<number> {
    const { rowCount } = await this.#query(statement, values);
    if (rowCount === null)
      throw new TypeError("The pool told no rowCount. Pass a Pool or Client of pg, or what answers as they do.");
    return rowCount;
  }

  /** @throws {InvalidNameError} when the column would not keep `id` exactly. */
  checkAggregateId(id: string): void {
    if (this.aggregateIdType === "text" || CANONICAL_UUID.test(id)) return;
    const advice = 'Pass one like "0198c2a7-7c5e-7b1a-9d3e-2f4a6b8c0d1e", or make the tables with text ids.';
    throw new InvalidNameError({ what: "aggregate id", problem: "is no UUID in lower case", advice });
  }

  async #query(text: string, values: unknown[] = []): Promise<PostgresResult> {
    const query: PostgresQuery = { text, values, rowMode: "array", types: asText };
    if (this.#prepare) query.name = preparedName(text);
    try {
      return await this.pool.query(query);
    } catch (error) {
      throw translated(error);
    }
  }
}

/** Whether it is one connection, which may be inside a transaction. */
export function isClient(pool: PostgresPool): boolean {
  return "escapeLiteral" in pool;
}

/** The five characters by which PostgreSQL names an error; undefined when the error is of the connection. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && severity !== undefined ? code : undefined;
}

/** Whether an earlier error has ended the transaction that a statement was in. */
export function isTransactionOver(error: unknown): boolean {
  return sqlState(error) === "25P02";
}

/** Whether a statement that failed with `error` may stand nevertheless: it was sent, and its fate was not told. */
export function mayStand(error: unknown): boolean {
  if (error instanceof EventfoldError) return false;
  const state = sqlState(error);
  if (state !== undefined) return CONNECTION_LOST.test(state);
  const { syscall, message, errors: [first] = [] } = error as ConnectionError;
  const connecting = /^(connect|getaddrinfo)$/.test(syscall ?? first?.syscall ?? "");
  return !connecting && !NEVER_SENT.test(message ?? "");
}

export function checkedIdType(aggregateIdType: AggregateIdType = "text"): AggregateIdType {
  if (aggregateIdType !== "text" && aggregateIdType !== "uuid") {
    throw new ConfigurationError({ option: "aggregateIdType", problem: 'must be "text" or "uuid".' });
  }
  return aggregateIdType;
}

interface ConnectionError {
  readonly message?: string;
  readonly syscall?: string;
  /** The attempts, when a host has several addresses. */
  readonly errors?: readonly { readonly syscall?: string }[];
}

const READ_ATTEMPTS_MAX = 10;

const CANONICAL_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// Classes 08 and 57P: connection exceptions and shutdowns, but for those that can only meet a connection as it is made.
const CONNECTION_LOST = /^(08(?!001|004)|57P0(?!3)|40003)/;

// pg has no codes for its own errors.
const NEVER_SENT = new RegExp(
  "^(timeout exceeded when trying to connect|timeout expired|Connection terminated due to connection timeout" +
    "|Cannot use a pool after|Client .* is not queryable|The server does not support SSL|SASL)",
);

// pg asks it for every column. The settings that an application makes for its own queries are not ours.
const asText = {
  getTypeParser:
    () =>
    (text: string): string =>
      text,
};

const names = new Map<string, string>();

/** The same for the same text, so that several releases can share a connection. */
function preparedName(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `eventfold_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
    names.set(text, name);
  }
  return name;
}

function translated(error: unknown): unknown {
  switch (sqlState(error)) {
    case "42P01": // undefined_table
    case "42703": // undefined_column
      return new TablesMissingError({ cause: error });
    case "55P03": // lock_not_available
      return new StoreBusyError({ cause: error });
    case "26000": // invalid_sql_statement_name
    case "42P05": // duplicate_prepared_statement
      return new ConfigurationError({
        option: "prepare",
        problem: "must be false here: the pooler gives statements to connections that did not prepare them.",
      });
    default:
      return error;
  }
}
