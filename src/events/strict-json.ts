import { SerializationError } from "../errors.ts";

/** What JSON brings back exactly as it was. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What becomes of a property whose value is undefined: JSON has no word for it. */
export type UndefinedProperties = "drop" | "refuse";

/** PostgreSQL's JSON parser has a limited stack; beyond it stores would differ. */
const DEPTH_MAX = 1_000;

/**
 * Writes `value` as JSON text that `JSON.parse` turns back into an equal value; −0, U+0000 and lone surrogates included.
 *
 * @param name what the value is called in an error's path, such as `state`.
 * @param undefinedProperties `"drop"` leaves them out; `"refuse"` treats them as values that JSON would lose.
 * @throws {SerializationError} naming the path of the first value that would not survive: Date, Map, Set, bigint, function,
 *   symbol, class instance, object without prototype, NaN, Infinity, cycle, undefined in an array, more than 1,000 levels.
 */
export function toStrictJson(value: unknown, name: string, undefinedProperties: UndefinedProperties): string {
  const walk = new Walk(name, undefinedProperties);
  walk.visit(value);
  // JSON.stringify writes −0 as 0; the detour costs three times as much, so only values that need it take it.
  return walk.negativeZeroSeen ? JSON.stringify(value, keepNegativeZero) : JSON.stringify(value);
}

function keepNegativeZero(_key: string, value: unknown): unknown {
  return Object.is(value, -0) ? rawJson("-0") : value;
}

// ES2026; present in Node since 21.
const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;

class Walk {
  negativeZeroSeen = false;
  readonly #name: string;
  readonly #undefinedProperties: UndefinedProperties;
  readonly #ancestors: object[] = [];
  readonly #path: (string | number)[] = [];

  constructor(name: string, undefinedProperties: UndefinedProperties) {
    this.#name = name;
    this.#undefinedProperties = undefinedProperties;
  }

  visit(value: unknown): void {
    switch (typeof value) {
      case "string":
      case "boolean":
        return;
      case "number":
        if (!Number.isFinite(value))
          this.#refuse(`is ${value}, which JSON turns into null. Store a finite number or null`);
        if (Object.is(value, -0)) this.negativeZeroSeen = true;
        return;
      case "object":
        if (value !== null) this.#visitObject(value);
        return;
      case "undefined":
        return this.#refuse(
          this.#path.length === 0
            ? "is undefined; pass {} for nothing"
            : "is undefined, which JSON has no word for. Use null, or leave it out",
        );
      default:
        return this.#refuse(`is a ${typeof value}, which JSON cannot hold`);
    }
  }

  #visitObject(value: object): void {
    if (this.#ancestors.includes(value)) this.#refuse("refers back to an object that contains it");
    if (this.#ancestors.length === DEPTH_MAX) this.#refuse(`is nested deeper than ${DEPTH_MAX} levels`);
    this.#ancestors.push(value);
    if (Array.isArray(value)) this.#visitArray(value);
    else this.#visitRecord(value);
    this.#ancestors.pop();
  }

  #visitArray(array: readonly unknown[]): void {
    if (!isPlainArray(array)) this.#refuse(`is ${describe(array)}, which JSON turns into a plain array`);
    if (ownKeyCount(array) > array.length + 1) this.#refuse("is an array with named properties, which JSON drops");
    for (let index = 0; index < array.length; index += 1) this.#visitChild(index, array[index]);
  }

  #visitRecord(record: object): void {
    if (!isPlainObject(record)) {
      this.#refuse(
        `is ${describe(record)}, which JSON does not bring back. Use plain data, or declare a codec for it (stateCodec, dataCodec)`,
      );
    }
    const keys = Object.keys(record);
    if (ownKeyCount(record) > keys.length) this.#refuse("has a symbol or a hidden property, which JSON drops");
    for (const key of keys) {
      const child = (record as Record<string, unknown>)[key];
      if (child === undefined && this.#undefinedProperties === "drop") continue;
      this.#visitChild(key, child);
    }
  }

  #visitChild(key: string | number, child: unknown): void {
    this.#path.push(key);
    this.visit(child);
    this.#path.pop();
  }

  #refuse(problem: string): void {
    const steps = this.#path.map(pathStep);
    throw new SerializationError({ path: this.#name + steps.join(""), problem: `${problem}.` });
  }
}

/** One step of a path into a value, as errors write it: `.name`, `["odd name"]` or `[3]`. */
export function pathStep(step: string | number): string {
  return typeof step === "string" && /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/** As many as `Reflect.ownKeys` lists, which takes several times as long. */
function ownKeyCount(value: object): number {
  return Object.getOwnPropertyNames(value).length + Object.getOwnPropertySymbols(value).length;
}

/** An object literal, of this realm or another (tests and worker contexts have realms of their own). */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || (prototype !== null && Object.getPrototypeOf(prototype) === null);
}

/** An array, and no subclass: of this realm or another. */
function isPlainArray(value: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Array.prototype || (Array.isArray(prototype) && isPlainObject(prototype));
}

function describe(value: object): string {
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  return Object.getPrototypeOf(value) === null ? "an object without prototype" : `an instance of ${name || "a class"}`;
}
