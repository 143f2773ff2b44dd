import {
  ConfigurationError,
  CorruptStreamError,
  EventfoldError,
  InvalidNameError,
  InvalidNumberError,
  TablesMissingError,
} from "../errors.ts";
import { DatabaseError, EXIT, endedByCommander, InterruptedError, NotConfirmedError, UsageError } from "./command.ts";
import { invocation } from "./command-line.ts";

/** How the process ends after `error`, and what is to be said about it; undefined when that has been said. */
export interface Failure {
  readonly exitCode: number;
  readonly message: string | undefined;
  /** Whether it helps to say how the command is meant. @default false */
  readonly usage?: boolean;
}

export function failureOf(error: unknown): Failure {
  const ended = endedByCommander(error);
  if (ended !== undefined) return { exitCode: ended, message: undefined };
  if (error instanceof InterruptedError) return { exitCode: EXIT.interrupted, message: error.message };
  if (error instanceof UsageError) return { exitCode: EXIT.use, message: error.message, usage: true };
  if (error instanceof NotConfirmedError) return { exitCode: EXIT.use, message: error.message };
  if (error instanceof DatabaseError && !isPoolerProblem(error))
    return { exitCode: EXIT.database, message: error.message };
  if (error instanceof CorruptStreamError) return { exitCode: EXIT.found, message: messageOf(error) };
  if (error instanceof TablesMissingError) {
    const message = `The tables of Eventfold are missing or of an older release. ${invocation} migrate brings them up to date.`;
    return { exitCode: EXIT.database, message };
  }
  if (isPoolerProblem(error)) {
    return { exitCode: EXIT.use, message: `Behind a pooler, pass --no-prepare. (${messageOf(error)})` };
  }
  const misused = [ConfigurationError, InvalidNameError, InvalidNumberError].some((each) => error instanceof each);
  return { exitCode: misused ? EXIT.use : EXIT.database, message: messageOf(error), usage: misused };
}

/** Of any thrown value. A host with several addresses gives one error for each. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  if (error instanceof EventfoldError && error.cause !== undefined)
    return `${error.message} (${messageOf(error.cause)})`;
  if (error instanceof Error && /client password must be a string/.test(error.message))
    return "the server wants a password: in the URL, or in PGPASSWORD";
  return error instanceof Error ? error.message : String(error);
}

/** It knows no prepared statements, or no settings of a connection. */
function isPoolerProblem(error: unknown): boolean {
  if (error instanceof ConfigurationError) return error.option === "prepare";
  return error instanceof DatabaseError && /startup parameter/.test(error.message);
}
