/** `100000` as 100,000. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** Three significant digits: 0.0061 ms, 5.81 ms, 212 ms. */
export function milliseconds(value: number): string {
  return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ms`;
}

/** `1.2345` as 1.23 ×. */
export function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}
