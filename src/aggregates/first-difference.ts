import { pathStep } from "../events/strict-json.ts";

/** Path of the first place where two JSON values differ, beginning with `name`; undefined when they are equal. */
export function firstDifference(name: string, left: unknown, right: unknown): string | undefined {
  if (Object.is(left, right)) return undefined;
  if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length);
    for (let index = 0; index < length; index += 1) {
      // An element that one of them lacks is undefined, which JSON never is.
      const difference = firstDifference(`${name}[${index}]`, left[index], right[index]);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (!isRecord(left) || !isRecord(right)) return name;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const path = name + pathStep(key);
    const inBoth = Object.hasOwn(left, key) && Object.hasOwn(right, key);
    const difference = inBoth ? firstDifference(path, left[key], right[key]) : path;
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
