/**
 * Freezes plain objects and arrays, all the way down, and gives `value` back. Anything else (Date, Map, class instances) stays
 * as it is: freezing would not stop their methods. What is frozen already is taken to be frozen below.
 */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
