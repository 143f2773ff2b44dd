import { EXIT, InterruptedError } from "./command.ts";
import { masked, passwordHint } from "./secrets.ts";
import { type Terminal, terminal } from "./terminal.ts";

/** What a command has to do with the process that runs it. */
export interface Session {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly stdin: { readonly isTerminal: boolean };
  /** Aborted by the first Ctrl-C or SIGTERM, and when the reader of standard output has left. A second one ends the process. */
  readonly stopped: AbortSignal;
  /** Whether the reader of standard output has left: nobody knows then how much of it was read. */
  readonly readerLeft: boolean;
  /** Prints a result: `value` as JSON where that was asked for, else what `text` gives. */
  result(options: { readonly json?: true | undefined }, value: unknown, text: () => string): void;
  /** A line for people beside the results: on standard error, so that programs never read it. Without passwords. */
  note(text: string): void;
  /** Tells people command lines that do what is left of work on the database of that name, after `what` has come of it. */
  goOn(what: "Stopped" | "Broke off", name: string, commands: readonly string[]): void;
  /** What the process will end with. */
  exitCode: number;
}

export function openSession(): Session {
  const stopping = new AbortController();
  let readerLeft = false;
  const stdout = terminal(process.stdout);
  const stderr = terminal(process.stderr);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait for what is under way.
      if (stopping.signal.aborted) process.exit(EXIT.interrupted);
      stopping.abort();
    });
  }
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    readerLeft = true;
    stopping.abort();
  });
  const note = (text: string): void => stderr.write(`${masked(text)}\n`);
  return {
    stdout,
    stderr,
    stdin: { isTerminal: process.stdin.isTTY },
    stopped: stopping.signal,
    get readerLeft() {
      return readerLeft;
    },
    result: ({ json }, value, text) =>
      stdout.write(`${json === true ? JSON.stringify(value, undefined, 2) : text()}\n`),
    note,
    goOn: (what, name, commands) => {
      note([`${what}. Go on with${passwordHint(name)}:`, ...commands.map((each) => `  ${each}`)].join("\n"));
    },
    exitCode: EXIT.fine,
  };
}

/** Lets Ctrl-C be noticed, also where a driver that blocks has left it no turn. */
export async function lookForSignals(): Promise<void> {
  // Twice: in a turn that began with an answer, the first one comes before signals are looked for again.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

/**
 * To be awaited in front of what cannot be undone, and now and then within long work.
 *
 * @throws {InterruptedError} with `text`, which says what was done, when the session was stopped.
 */
export async function endIfStopped({ stopped }: Pick<Session, "stopped">, text: string): Promise<void> {
  await lookForSignals();
  if (stopped.aborted) throw new InterruptedError(text);
}
