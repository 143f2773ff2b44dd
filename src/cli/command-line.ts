/** A command line that can be typed; what is undefined is left out, what is true stands alone. */
export function commandLine(
  words: readonly string[],
  options: Readonly<Record<string, string | number | true | undefined>>,
): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [name] : [name, String(value)],
  );
  return ["eventfold", ...words, ...given].map(quoted).join(" ");
}

/** `argument` as one word of a POSIX shell. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
