import { isCancel, text } from "@clack/prompts";
import { InterruptedError, NotConfirmedError } from "./command.ts";
import type { Session } from "./session.ts";

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
 * @throws {InterruptedError} when it was called off.
 */
export async function confirm({ stdin, stderr, stopped }: Session, { loss, word, yes }: Confirmation): Promise<void> {
  if (yes === true) return;
  if (!stdin.isTerminal || !stderr.isTerminal) {
    throw new NotConfirmedError(`${loss} There is no terminal to ask at: pass --yes if that is what you want.`);
  }
  const answer = await text({
    message: `${loss} This cannot be undone. Type ${word} to go on.`,
    validate: (typed) => (typed === word ? undefined : `Type ${word}, or press Ctrl-C to leave everything as it is.`),
    output: process.stderr,
    signal: stopped,
    withGuide: false,
  });
  if (isCancel(answer)) throw new InterruptedError("Nothing was deleted.");
}
