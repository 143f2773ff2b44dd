import { ConfigurationError, InvalidNameError, InvalidNumberError } from "../errors.ts";

const NAME_UNITS_MAX = 255;

/** @throws {InvalidNameError} unless `value` is a well-formed string of 1 to 255 UTF-16 units without U+0000. */
export function checkName(what: string, value: unknown): void {
  if (typeof value !== "string") throw new InvalidNameError({ what, problem: `is of type ${typeof value}` });
  if (value.length === 0) throw new InvalidNameError({ what, problem: "is empty" });
  if (value.length > NAME_UNITS_MAX) throw new InvalidNameError({ what, problem: `has ${value.length} UTF-16 units` });
  if (value.includes("\u0000")) throw new InvalidNameError({ what, problem: "contains U+0000" });
  if (!value.isWellFormed()) throw new InvalidNameError({ what, problem: "contains a lone surrogate" });
}

/** @throws {InvalidNumberError} unless `value` is a whole number from `minimum` to `maximum` (default 2^53 - 1). */
export function checkWholeNumber(what: string, value: unknown, minimum: number, maximum?: number): void {
  const whole = Number.isSafeInteger(value) && (value as number) >= minimum;
  if (!whole || (value as number) > (maximum ?? Number.MAX_SAFE_INTEGER)) {
    throw new InvalidNumberError({ what, value, minimum, ...(maximum !== undefined && { maximum }) });
  }
}

/** @throws {ConfigurationError} naming `option` unless `value` is a whole number from `minimum` to `maximum`. */
export function wholeNumberOption(
  option: string,
  value: number,
  { minimum = 1, maximum }: { readonly minimum?: number; readonly maximum?: number } = {},
): number {
  if (Number.isSafeInteger(value) && value >= minimum && value <= (maximum ?? value)) return value;
  const range = maximum === undefined ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
  throw new ConfigurationError({ option, problem: `is ${String(value)}; pass a whole number ${range}.` });
}

/** Each option of `Options` by name. A list that lacks one, or names one that there is not, does not compile. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * @param prefix what the options are part of, such as `"snapshots."`; empty for those of a call.
 * @throws {ConfigurationError} for what is no object, and for an option not among `names`: a slip of the pen would go unnoticed.
 */
export function refuseUnknown<Options extends object>(
  prefix: string,
  options: Options,
  names: OptionNames<Options>,
): void {
  const known = (): string => Object.keys(names).join(", ");
  if (typeof options !== "object" || options === null) {
    const problem = `was given ${String(options)}; pass an object with any of: ${known()}.`;
    throw new ConfigurationError({ option: prefix.replace(/\.$/, "") || "options", problem });
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    throw new ConfigurationError({ option: prefix + name, problem: `is not known. Known: ${known()}.` });
  }
}
