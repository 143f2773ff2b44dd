import { ConfigurationError } from "../../errors.ts";
import { refuseClosed } from "../../events/event-store.ts";
import { isWithinTransaction, translated } from "./driver-errors.ts";
import {
  checkHandle,
  openHandle,
  refuseOptions,
  type SqliteHandle,
  type SqliteOptions,
  type SqliteSource,
  type SqliteStatement,
  type SqliteValue,
} from "./handle.ts";
import { migrate } from "./migrations.ts";

/** A row as the values of its columns, in order. */
export type SqliteRow = readonly unknown[];

type Query = (...values: SqliteValue[]) => SqliteRow[];

/** What one store does on its connection: kept statements, transactions, and errors that are translated once. */
export class SqliteDatabase {
  /** Stores over one and the same connection can read together. */
  readonly handle: SqliteHandle;
  readonly #what: string;
  readonly #opened: boolean;
  readonly #statements = new Map<string, SqliteStatement>();
  readonly #queries = new Map<string, Query>();
  #closed = false;

  /** Opens the connection if it is not open, and brings its tables up to date. */
  constructor(what: string, source: SqliteSource, options: SqliteOptions) {
    this.#what = what;
    this.#opened = typeof source === "string";
    if (typeof source !== "string") {
      checkHandle(source);
      refuseOptions(source, options);
    }
    this.handle = typeof source === "string" ? openHandle(source, options) : source;
    try {
      this.#refuseLossyEncoding();
      migrate(this);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** All rows that a query gives. */
  rows(sql: string, ...values: SqliteValue[]): SqliteRow[] {
    refuseClosed(this.#closed, this.#what);
    try {
      let query = this.#queries.get(sql);
      if (query === undefined) this.#queries.set(sql, (query = arrayQuery(prepare(this.handle, sql))));
      return query(...values);
    } catch (error) {
      throw translated(error);
    }
  }

  /** Number of rows that a statement has changed. */
  run(sql: string, ...values: SqliteValue[]): number {
    return this.#guarded(() => {
      let statement = this.#statements.get(sql);
      if (statement === undefined) this.#statements.set(sql, (statement = prepare(this.handle, sql)));
      return Number(statement.run(...values).changes);
    });
  }

  /** Several statements, separated by semicolons. */
  execute(script: string): void {
    this.#guarded(() => this.handle.exec(script));
  }

  /**
   * Everything that `work` does, or nothing of it. Part of the owner's transaction when one is open on the connection; then only
   * `work` is undone when it throws, and the rest is for the owner to decide.
   */
  transaction<Result>(begin: "BEGIN" | "BEGIN IMMEDIATE", work: () => Result): Result {
    const { commit, undo } = this.#begin(begin);
    try {
      const result = work();
      this.run(commit);
      return result;
    } catch (error) {
      this.#undo(undo);
      throw error;
    }
  }

  /**
   * Within the transaction that is open: everything that `work` does, or nothing of it. Throws what `work` throws, if that could be
   * undone; else what kept it from being undone, and the transaction must not be committed.
   */
  savepoint<Result>(work: () => Result): Result {
    this.run(SAVEPOINT);
    try {
      const result = work();
      this.run(NESTED.commit);
      return result;
    } catch (error) {
      for (const statement of NESTED.undo) this.run(statement);
      throw error;
    }
  }

  /** Closes the connection if it was opened here. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#opened) this.handle.close();
  }

  /** In UTF-16, SQLite stores U+FFFE and U+FFFF as U+FFFD: two ids could become one. */
  #refuseLossyEncoding(): void {
    const encoding = this.rows("PRAGMA encoding")[0]?.[0];
    if (encoding === "UTF-8") return;
    const problem = `is a database in ${String(encoding)}, which does not keep every text. Use one in UTF-8, the default.`;
    throw new ConfigurationError({ option: "source", problem });
  }

  // Asking first (`isTransaction`, `inTransaction`) does not work in every version of the drivers.
  #begin(begin: string): typeof OUTER {
    try {
      this.run(begin);
      return OUTER;
    } catch (error) {
      if (!isWithinTransaction(error)) throw error;
      this.run(SAVEPOINT);
      return NESTED;
    }
  }

  #undo(statements: readonly string[]): void {
    try {
      for (const statement of statements) this.run(statement);
    } catch {
      // After some errors (disk full, for one) SQLite has undone everything by itself. The first error says what happened.
    }
  }

  #guarded<Result>(work: () => Result): Result {
    refuseClosed(this.#closed, this.#what);
    try {
      return work();
    } catch (error) {
      throw translated(error);
    }
  }
}

const SAVEPOINT = "SAVEPOINT eventfold";
const OUTER = { commit: "COMMIT", undo: ["ROLLBACK"] as readonly string[] };
const NESTED = { commit: "RELEASE eventfold", undo: ["ROLLBACK TO eventfold", "RELEASE eventfold"] };

/** What either driver offers beside the common ground. */
interface DriverStatement extends SqliteStatement {
  setReadBigInts?(enabled: boolean): void;
  safeIntegers?(enabled: boolean): unknown;
  setReturnArrays?(enabled: boolean): void;
  raw?(enabled: boolean): unknown;
}

function prepare(handle: SqliteHandle, sql: string): DriverStatement {
  const statement: DriverStatement = handle.prepare(sql);
  // The owner of the connection may have chosen bigints for every statement.
  statement.setReadBigInts?.(false);
  statement.safeIntegers?.(false);
  return statement;
}

/** Rows as arrays cost two thirds of rows as objects, where the driver has them. */
function arrayQuery(statement: DriverStatement): Query {
  if (statement.raw !== undefined) statement.raw(true);
  else if (statement.setReturnArrays !== undefined) statement.setReturnArrays(true);
  else return (...values) => statement.all(...values).map((row) => Object.values(row as object));
  return statement.all.bind(statement) as Query;
}
