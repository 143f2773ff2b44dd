import { Database } from "../stores/postgres/database.ts";
import { type MigrateOptions, migratePostgres, postgresMigrationSql, tablesIn } from "../stores/postgres/migrations.ts";
import { sqliteMigrationSql } from "../stores/sqlite/migrations.ts";
import { openSqlite } from "../stores/sqlite/open-sqlite.ts";
import { type Command, command, DatabaseError, InterruptedError, idType, UsageError } from "./command.ts";
import { type Target, targetOf } from "./database.ts";
import { messageOf } from "./failure.ts";
import { openPool } from "./postgres-database.ts";
import { endIfStopped, type Session } from "./session.ts";

/** `eventfold migrate`. */
export function migrateCommand(session: Session): Command {
  return command("migrate", {
    summary: "create the tables, or bring those of an older release up to date",
    description:
      "Creates the tables, or brings those of an older release up to date: all of it or nothing. May be run again at any time. " +
      "A SQLite file that does not exist is made.",
    examples: [
      ["eventfold migrate postgres://app@db/bank", "Once at deployment, before the new build starts."],
      [
        "eventfold migrate postgres://app@db/bank --print > schema.sql",
        "The same as SQL, for your own migrations; it may be run again, too.",
      ],
    ],
  })
    .argument("<DB>", "a SQLite file, or a postgres:// URL")
    .option("--print", "print the SQL instead; no database is asked")
    .option(
      "--aggregate-id-type <type>",
      "PostgreSQL: text or uuid, decided when the tables are made (default: text)",
      idType,
    )
    .action(async (database, { json, print, aggregateIdType }) => {
      const target = targetOf(database);
      if (target.kind === "SQLite" && aggregateIdType !== undefined)
        throw new UsageError("--aggregate-id-type is of PostgreSQL: ids in SQLite are text.");
      const options = aggregateIdType === undefined ? {} : { aggregateIdType };
      if (print === true) {
        const sql = target.kind === "PostgreSQL" ? postgresMigrationSql(options) : sqliteMigrationSql();
        session.result({ json }, { sql }, () => sql.trimEnd());
        return;
      }
      await migrate(session, target, options);
      session.result({ json }, { database: target.name, tables: "current" }, () => {
        return `The tables of ${target.name} are up to date.`;
      });
    });
}

async function migrate(session: Session, target: Target, options: MigrateOptions): Promise<void> {
  const mayGoOn = (): Promise<void> => endIfStopped(session, "Nothing was changed.");
  try {
    if (target.kind === "SQLite") {
      await mayGoOn();
      await openSqlite(target.path).close();
      return;
    }
    const pool = await openPool(target.url);
    try {
      const present = await tablesIn(new Database(pool, { prepare: false }));
      await mayGoOn();
      await migratePostgres(pool, { aggregateIdType: present.aggregateIdType, ...options });
    } finally {
      await pool.end();
    }
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    throw new DatabaseError(`${target.name} was not migrated: ${messageOf(error)}`, { cause: error });
  }
}
