import type { Run } from "../comparison.ts";

/** With the digits that mean something. */
export function toJson(run: Run): string {
  return `${JSON.stringify(run, (_, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(5)) : value), 1)}\n`;
}
