/** `100000` as 100,000. */
export function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

/** Three significant digits: 0.0061 ms, 5.81 ms, 212 ms, 1,410 ms. */
export function milliseconds(value: number): string {
  return `${significant(value)} ms`;
}

/** Three significant digits: 812/s, 42,300/s. */
export function perSecond(value: number): string {
  return `${significant(value)}/s`;
}

/** `1.2345` as 1.23; what is large has fewer digits. */
export function times(ratio: number): string {
  return ratio < 100 ? ratio.toFixed(2) : significant(ratio);
}

/** `5000` as 5 kB. */
export function bytes(value: number): string {
  return value < 1_000 ? `${value} B` : `${count(value / 1_000)} kB`;
}

function significant(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}
