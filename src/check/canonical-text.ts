import { createHash } from "node:crypto";

/**
 * Text of a syntax tree without types that is the same for two pieces of code if, and only if, they differ in nothing but
 * formatting: line breaks, quotes, parentheses, semicolons, quoted keys, shorthand properties.
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const node = value as Readonly<Record<string, unknown>>;
  const parts = Object.keys(node)
    .filter((key) => node[key] !== undefined && key !== "abstract")
    .sort()
    .map(
      (key) => `${key}:${key === "key" && node["computed"] !== true ? keyText(node[key]) : canonicalText(node[key])}`,
    );
  return `{${parts.join(",")}}`;
}

/** SHA-256 as 64 hexadecimal digits. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** `a`, `"a"` and `'a'` name the same property, and so do `1` and `"1"`. */
function keyText(key: unknown): string {
  const name = staticKey(key);
  return name === undefined ? canonicalText(key) : JSON.stringify(name);
}

/** The name that a key which is not computed gives; undefined for a private one. */
export function staticKey(key: unknown): string | undefined {
  const { type, name, value } = key as { readonly type?: string; readonly name?: string; readonly value?: unknown };
  if (type === "Identifier") return name;
  return type === "StringLiteral" || type === "NumericLiteral" || type === "BigIntLiteral" ? String(value) : undefined;
}
