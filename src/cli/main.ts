#!/usr/bin/env node
import { check } from "./check.ts";
import { type Command, UsageError } from "./command.ts";

/** The subcommands of `eventfold`. */
const commands: Readonly<Record<string, Command>> = { check };

process.exitCode = await run(process.argv.slice(2));

async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) {
    console.error(overview());
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    console.log(overview());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(`eventfold: there is no command ${name}.\n\n${overview()}`);
    return 2;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`eventfold ${name}: ${error.message}\n\n${command.usage}`);
    return 2;
  }
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return `Usage: eventfold <command>\n\n${lines.join("\n")}\n\neventfold <command> --help tells more.`;
}
