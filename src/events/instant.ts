import { InvalidInstantError } from "../errors.ts";

/**
 * A moment in UTC with milliseconds, as text: `2026-01-31T12:00:00.000Z`.
 *
 * Text rather than `Date`, because a `Date` can be changed by whoever holds it, and would not survive being put into a state
 * (states are JSON). It sorts as it reads, and `new Date(instant)` makes a `Date` of it.
 */
export type Instant = string;

const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** @throws {InvalidInstantError} when `value` is no moment in the years 1 to 9999, or text in another form. */
export function toInstant(what: string, value: Date | Instant): Instant {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new InvalidInstantError({ what, value });
  const text = date.toISOString();
  // Year 0 exists in ISO 8601 but not in PostgreSQL; longer years have a sign and would not sort as text.
  const kept = CANONICAL.test(text) && !text.startsWith("0000");
  if (!kept || (typeof value === "string" && value !== text)) throw new InvalidInstantError({ what, value });
  return text;
}
