import { readFileSync } from "node:fs";
import {
  type AddHelpTextContext,
  Command as CommanderCommand,
  CommanderError,
  type CommandUnknownOpts,
  Help,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";

import { quoted } from "./command-line.ts";

/** A subcommand, ready to run. */
export type Command = CommandUnknownOpts;

/** Arguments that make no sense. The message is for the person who typed them; exit code 2. */
export class UsageError extends Error {}

/** What deletes was not confirmed, and there was nobody to ask; exit code 2. */
export class NotConfirmedError extends Error {}

/** A database that cannot be used as it is. The message says why, and what to do; exit code 3. */
export class DatabaseError extends Error {}

/** Stopped by Ctrl-C or a signal, with everything said; exit code 130. */
export class InterruptedError extends Error {}

/** Exit codes: `fine`, something `found`, wrong `use`, trouble with the `database`, `interrupted` before the work was done. */
export const EXIT = { fine: 0, found: 1, use: 2, database: 3, interrupted: 130 } as const;

export interface CommandTexts {
  /** One line, for the list of commands. */
  readonly summary: string;
  /** For `--help`: what it promises, in a few lines. @default the summary */
  readonly description?: string;
  /** Command lines that can be typed as they are, each with what it does. */
  readonly examples: readonly (readonly [commandLine: string, purpose: string])[];
  /** Meaning of exit code 1. @default such a command never ends with 1 */
  readonly found?: string;
  /** Meaning of exit code 130. @default that work was left undone */
  readonly interrupted?: string;
}

/** A command with what all of them have: `--json`, `--help` with examples and the exit codes. */
export function command(name: string, texts: CommandTexts): CommanderCommand<[], { json?: true }> {
  const { summary, description = summary, examples, found, interrupted } = texts;
  return new CommanderCommand(name)
    .summary(summary)
    .description(description)
    .option("--json", "print JSON, for programs")
    .helpOption("-h, --help", "print this")
    .addHelpText("after", (context) => {
      const helper = helperOf(context);
      return [examplesText(examples, helper), exitCodesText(helper, { found, interrupted })].join("\n");
    });
}

/** A {@link command} on a database, which is its first argument. */
export function databaseCommand(
  name: string,
  texts: CommandTexts,
): CommanderCommand<[string], { json?: true; prepare: boolean }> {
  return command(name, texts)
    .argument("<DB>", "a SQLite file, or a postgres:// URL")
    .option("--no-prepare", "PostgreSQL: prepare no statements, for poolers that do not know them");
}

/** The command `eventfold` with its subcommands. */
export interface Program {
  /** @throws what the subcommand throws, and what {@link endedByCommander} knows. */
  run(args: readonly string[]): Promise<void>;
  /** How the subcommand that `args` name is meant, in two lines. */
  usage(args: readonly string[]): string;
}

/** @param print takes what commander has to say; nothing in here ends the process. */
export function program(
  commands: readonly Command[],
  print: { readonly out: (text: string) => void; readonly error: (text: string) => void; readonly columns: number },
): Program {
  const root: Command = new CommanderCommand("eventfold")
    .description("Looks after event-sourced aggregates in a SQLite file or a PostgreSQL database.")
    .usage("<command> [options]")
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", (context) => exitCodesText(helperOf(context), { found: "something was found" }));
  for (const each of commands) root.addCommand(each);
  for (const each of [root, ...commands]) {
    each.exitOverride().showHelpAfterError(usageText(each));
    each.configureHelp({ minWidthToWrap: 10, formatItem });
    each.configureOutput({
      writeOut: print.out,
      writeErr: print.error,
      outputError: (text, write) =>
        write(`${text.trimEnd()}${missingIdHint(text, each)}\n`.replace(/^error:/, "eventfold:")),
      getOutHelpWidth: () => print.columns,
      getErrHelpWidth: () => print.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  return {
    run: async (args) => {
      await root.parseAsync(meant(args, ["help", ...commands.map((each) => each.name())]), { from: "user" });
    },
    usage: ([name]) => usageText(commands.find((each) => each.name() === name) ?? root),
  };
}

/** What `args` ask for, where commander would take them for something else. */
function meant(args: readonly string[], known: readonly string[]): string[] {
  const [first, name = "help"] = args;
  if (first === "version" && args.length === 1) return ["--version"];
  // By itself, help of what is unknown prints that of everything, as if that were meant.
  if (first === "help" && !name.startsWith("-") && !known.includes(name)) return [name];
  return [...args];
}

/** Aggregates are printed as type/id: people copy that. */
function missingIdHint(text: string, { args: [, typeAndId = ""] }: Command): string {
  const [, type, id] = /^([^/]+)\/(.+)$/.exec(typeAndId) ?? [];
  if (type === undefined || id === undefined || !text.includes("missing required argument 'ID'")) return "";
  return `\nType and id are two words: ${quoted(type)} ${quoted(id)}`;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
}

function usageText(each: Command): string {
  const name = each.parent === null ? each.name() : `eventfold ${each.name()}`;
  return `\nUsage: ${name} ${each.usage()}\n${name} --help tells more.`;
}

/** Whether commander has already said what is to be said, and the exit code; undefined for another error. */
export function endedByCommander(error: unknown): number | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 ? EXIT.fine : EXIT.use;
}

/** An option that commands share. */
export function configOption(): Option<"--config <file>"> {
  return new Option("--config <file>", "where your repositories are (default: eventfold.config.ts, .mts, .js or .mjs)");
}

/** For options and arguments that are whole numbers. @throws what commander shows as wrong use. */
export function wholeNumber(minimum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= minimum) return value;
    throw new InvalidArgumentError(`Pass a whole number of ${minimum} or more.`);
  };
}

/** For options that are a number, whole or not. @throws what commander shows as wrong use. */
export function positive(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError("Pass a number above 0, up to 1,000,000.");
}

/** For the option that says of which type the column of aggregate ids is. @throws what commander shows as wrong use. */
export function idType(text: string): "text" | "uuid" {
  if (text === "text" || text === "uuid") return text;
  throw new InvalidArgumentError("Pass text or uuid.");
}

/** For options that are a share. @throws what commander shows as wrong use. */
export function share(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("Pass a share above 0, up to 1, such as 0.01.");
}

/** Where a description has less room beside its term, it stands below. */
const DESCRIPTION_WIDTH_MIN = 30;
const INDENT = " ".repeat(6);

function formatItem(this: Help, term: string, termWidth: number, description: string, helper: Help): string {
  const room = widthOf(helper) - termWidth - 4;
  if (description === "" || room >= DESCRIPTION_WIDTH_MIN)
    return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
  return `  ${term}\n${indented(description, helper)}`;
}

function indented(text: string, helper: Help): string {
  return helper.boxWrap(text, widthOf(helper) - INDENT.length).replaceAll(/^/gm, INDENT);
}

function widthOf({ helpWidth = 80 }: Help): number {
  return helpWidth;
}

/** As commander makes it for its own part of the text. */
function helperOf({ command: each, error }: AddHelpTextContext): Help {
  const helper = each.createHelp();
  const helpWidth = each.configureOutput().getOutHelpWidth?.();
  helper.prepareContext({ error, ...(helpWidth !== undefined && { helpWidth }) });
  return helper;
}

function examplesText(examples: CommandTexts["examples"], helper: Help): string {
  const lines = examples.map(([commandLine, purpose]) => `  ${commandLine}\n${indented(purpose, helper)}`);
  return `\nExamples:\n${lines.join("\n")}`;
}

function exitCodesText(
  helper: Help,
  {
    found,
    interrupted = "interrupted before the work was done",
  }: { readonly found: string | undefined; readonly interrupted?: string | undefined },
): string {
  const meanings: (readonly [number, string])[] = [
    [EXIT.fine, "all is well"],
    ...(found === undefined ? [] : [[EXIT.found, found] as const]),
    [EXIT.use, "wrong use"],
    [EXIT.database, "trouble with the database"],
    [EXIT.interrupted, interrupted],
  ];
  return [
    "\nExit codes:",
    ...meanings.map(([code, meaning]) => helper.formatItem(String(code), 3, meaning, helper)),
  ].join("\n");
}
