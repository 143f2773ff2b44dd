import { asItIs } from "./secrets.ts";
import { unprintable } from "./terminal.ts";

/** How people run this here. */
export const invocation: string = process.env["npm_command"] === "exec" ? "npx eventfold" : "eventfold";

/** A command line that can be typed: of options, what is undefined is left out, what is true stands alone. */
export function commandLine(
  [command, ...operands]: readonly [command: string, ...operands: string[]],
  options: Readonly<Record<string, string | number | true | undefined>> = {},
): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [name] : [name, String(value)],
  );
  // Such an operand would be taken for an option, unless all stand behind those.
  const isAmbiguous = operands.some((each) => each.startsWith("-"));
  const words = isAmbiguous ? [...given, "--", ...operands] : [...operands, ...given];
  return asItIs([invocation, command, ...words.map(quoted)].join(" "));
}

/** `argument` as one word of a shell: POSIX, as of 2024 where it holds characters that a terminal would obey. */
export function quoted(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  if (!unprintable(argument)) return `'${argument.replaceAll("'", `'\\''`)}'`;
  const characters = Array.from(argument, (character) => {
    if (character === "'" || character === "\\") return `\\${character}`;
    return unprintable(character) ? bytesOf(character) : character;
  });
  return `$'${characters.join("")}'`;
}

function bytesOf(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
