// Imported first, for its effect: node:sqlite and the taking away of types are stable enough for what is done with them here, and
// nobody could act on the warnings that older versions of Node.js print about them.
const emitWarning = process.emitWarning.bind(process);

process.emitWarning = (...args: unknown[]): void => {
  const [, second] = args;
  const type = typeof second === "object" && second !== null ? (second as { readonly type?: string }).type : second;
  if (type !== "ExperimentalWarning") (emitWarning as (...all: unknown[]) => void)(...args);
};
