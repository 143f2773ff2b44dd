/** `47510` as 47,510. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** `1` `"account"` as 1 account. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Three significant digits: 0.0612 ms, 5.81 ms, 212 ms. */
export function milliseconds(value: number): string {
  return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ms`;
}

/** `-123456` as -1,234.56. */
export function money(hundredths: number): string {
  return (hundredths / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** How the times of two ways to do the same compare. */
export function improvement(slowMs: number, quickMs: number): string {
  const [ratio, word] = slowMs >= quickMs ? [slowMs / quickMs, "faster"] : [quickMs / slowMs, "slower"];
  return `${ratio < 10 ? ratio.toFixed(1) : count(Math.round(ratio))}x ${word}`;
}
