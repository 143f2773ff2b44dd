import { createInterface } from "node:readline";
import { InterruptedError, NotConfirmedError } from "./command.ts";
import type { Session } from "./session.ts";
import { printable } from "./terminal.ts";

export interface Confirmation {
  /** What will be gone, in one line. */
  readonly loss: string;
  /** What has to be typed. */
  readonly word: string;
  /** Whether `--yes` was given. */
  readonly yes: boolean | undefined;
}

/**
 * Resolves once the person at the terminal has typed `word`, or at once with `--yes`.
 *
 * @throws {NotConfirmedError} where there is neither `--yes` nor a terminal to ask at.
 * @throws {InterruptedError} when it was called off: by Ctrl-C, a signal, or the end of input.
 */
export async function confirm({ stdin, stderr, stopped }: Session, { loss, word, yes }: Confirmation): Promise<void> {
  if (yes === true) return;
  if (!stdin.isTerminal || !stderr.isTerminal) {
    throw new NotConfirmedError(`${loss} There is no terminal to ask at: pass --yes if that is what you want.`);
  }
  const wanted = printable(word);
  const ask = (text: string): void => {
    stderr.write(`${text}\n`);
    lines.prompt();
  };
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: "> ", signal: stopped });
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>();
  lines.on("line", (typed) => {
    if (typed === word) resolve();
    else ask(`Type ${wanted}, or press Ctrl-C to leave everything as it is.`);
  });
  const calledOff = (): void => {
    stderr.write("\n");
    reject(new InterruptedError("Nothing was deleted."));
  };
  // Ctrl-C and Ctrl-D close it, and so does the signal.
  lines.on("close", calledOff);
  ask(`${loss} This cannot be undone. Type ${wanted} to go on.`);
  try {
    await answered;
  } finally {
    lines.off("close", calledOff).close();
  }
}
