import { createInterface } from "node:readline";
import { InterruptedError, NotConfirmedError } from "./command.ts";
import { endIfStopped, type Session } from "./session.ts";
import { printable } from "./terminal.ts";

export interface Confirmation {
  /** What will be gone, in one line. */
  readonly loss: string;
  /** What has to be typed, as it is shown: characters that a terminal would obey are typed as their escapes. */
  readonly word: string;
  /** Whether `--yes` was given. */
  readonly yes: boolean | undefined;
}

/** Of what was called off in time. */
export const NOTHING_DELETED = "Nothing was deleted.";

/**
 * Resolves once the person at the terminal has typed `word`, or without asking with `--yes`; in front of what deletes.
 *
 * @throws {NotConfirmedError} where there is neither `--yes` nor a terminal to ask at.
 * @throws {InterruptedError} when it was called off: by Ctrl-C, a signal, or the end of input.
 */
export async function confirm(session: Session, { loss, word, yes }: Confirmation): Promise<void> {
  if (yes !== true) await ask(session, printable(loss), printable(word));
  await endIfStopped(session, NOTHING_DELETED);
}

async function ask({ stdin, stderr, stopped }: Session, loss: string, word: string): Promise<void> {
  if (!stdin.isTerminal || !stderr.isTerminal) {
    throw new NotConfirmedError(`${loss} There is no terminal to ask at: pass --yes if that is what you want.`);
  }
  const prompt = (text: string): void => {
    stderr.write(`${text}\n`);
    lines.prompt();
  };
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: "> ", signal: stopped });
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>();
  lines.on("line", (typed) => {
    if (typed === word) resolve();
    else prompt(`Type ${word}, or press Ctrl-C to leave everything as it is.`);
  });
  const calledOff = (): void => {
    stderr.write("\n");
    reject(new InterruptedError(NOTHING_DELETED));
  };
  // Ctrl-C and Ctrl-D close it, and so does the signal.
  lines.on("close", calledOff);
  prompt(`${loss} This cannot be undone. Type ${word} to go on.`);
  try {
    await answered;
  } finally {
    lines.off("close", calledOff).close();
  }
}
