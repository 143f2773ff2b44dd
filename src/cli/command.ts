/** A subcommand of `eventfold`. */
export interface Command {
  /** One line. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly usage: string;
  /**
   * @returns the exit code: 0 when all is well, 1 when something was found.
   * @throws {UsageError} for wrong arguments, which is exit code 2.
   */
  run(args: readonly string[]): Promise<number>;
}

/** Arguments that make no sense. The message is for the person who typed them. */
export class UsageError extends Error {}
