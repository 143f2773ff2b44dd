// Numbers as people read them in tables.

/** A time in its largest unit: 40 s, 12 min, 5 h, 3 d. */
export function duration(ms: number): string {
  for (const [unit, length] of UNITS) if (ms >= length) return `${Math.floor(ms / length)} ${unit}`;
  return "0 s";
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** Bytes with a decimal prefix: 71 B, 4.2 kB, 1.5 MB. */
export function bytes(value: number): string {
  const [prefix, size] = PREFIXES.find(([, each]) => value >= each) ?? ["", 1];
  const scaled = value / size;
  return `${scaled.toLocaleString("en", { maximumFractionDigits: size > 1 && scaled < 100 ? 1 : 0 })} ${prefix}B`;
}

const PREFIXES = [
  ["T", 1e12],
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
] as const;

/** A share of 0 to 1 in percent. What is not nothing is never shown as 0 %, nor what is not all as 100 %. */
export function percent(share: number): string {
  if (share <= 0 || share >= 1) return `${Math.round(share * 100)} %`;
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))} %`;
}
