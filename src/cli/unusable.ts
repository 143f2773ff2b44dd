import { EventfoldError } from "../errors.ts";
import { DatabaseError } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { messageOf } from "./failure.ts";
import { passwordHint } from "./secrets.ts";

/** @throws {DatabaseError} unless the tables are those of this release. */
export function refuseTables(tables: "none" | "outdated" | "current", name: string): void {
  if (tables === "current") return;
  const problem = tables === "none" ? "has no tables of Eventfold" : "has the tables of an older release";
  const migrate = `${commandLine(["migrate", name])}${passwordHint(name)}`;
  throw new DatabaseError(`${name} ${problem}. Look whether it is the right one; ${migrate} makes them.`);
}

/** What went wrong before anything was asked of the database, with its name. */
export function unusable(name: string, cause: unknown): unknown {
  if (cause instanceof DatabaseError || cause instanceof EventfoldError) return cause;
  return new DatabaseError(`${name} cannot be used: ${messageOf(cause)}`, { cause });
}
