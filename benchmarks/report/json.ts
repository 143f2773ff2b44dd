import type { Run } from "../comparison.ts";

/** With the digits that mean something. */
export function toJson(run: Run): string {
  return `${JSON.stringify(run, (_, value: unknown) => (typeof value === "number" ? rounded(value) : value), 1)}\n`;
}

/** What `toJson` has made. */
export function fromJson(text: string): Run {
  return JSON.parse(text) as Run;
}

function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(5));
}
