import { count } from "../table.ts";

/** Three significant digits: 0.0612 ms, 5.81 ms, 212 ms. */
export function milliseconds(value: number): string {
  return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ms`;
}

/** How the times of two ways to do the same compare. */
export function improvement(slowMs: number, quickMs: number): string {
  const [ratio, word] = slowMs >= quickMs ? [slowMs / quickMs, "faster"] : [quickMs / slowMs, "slower"];
  return `${ratio < 10 ? ratio.toFixed(1) : count(Math.round(ratio))}x ${word}`;
}
