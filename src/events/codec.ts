import { SerializationError } from "../errors.ts";
import { toStrictJson, type UndefinedProperties } from "./strict-json.ts";

/**
 * Turns values that JSON has no word for (Date, Map, bigint …) into JSON and back. superjson fits as it is, and so does a
 * Zod codec. Both directions are synchronous; what the first returns must be plain JSON.
 */
// biome-ignore format: one line a form
export type Codec =
  // `any`: the codec is written for the values of one aggregate, and called with those only.
  // oxlint-disable-next-line typescript/no-explicit-any
  | { serialize(value: any): unknown; deserialize(json: any): unknown }
  // oxlint-disable-next-line typescript/no-explicit-any
  | { encode(value: any): unknown; decode(json: any): unknown };

/** A codec brought to one form, down to the text that is stored. */
export interface TextCodec {
  /** @throws {SerializationError} naming the path of what would not survive, under `name`. */
  encode(value: unknown, name: string): string;
  /** From the parsed JSON, which it may keep and change. */
  decode(json: unknown): unknown;
}

/**
 * Strict JSON, or `codec` on top of it.
 *
 * @param undefinedProperties how strict JSON treats them; with a codec they are dropped, since the codec has seen them.
 */
export function textCodec(codec: Codec | undefined, undefinedProperties: UndefinedProperties): TextCodec {
  if (codec === undefined) {
    return { encode: (value, name) => toStrictJson(value, name, undefinedProperties), decode: (json) => json };
  }
  const [encode, decode] =
    "serialize" in codec
      ? [(value: unknown) => codec.serialize(value), (json: unknown) => codec.deserialize(json)]
      : [(value: unknown) => codec.encode(value), (json: unknown) => codec.decode(json)];
  return { encode: (value, name) => toStrictJson(encodeWith(encode, value, name), name, "drop"), decode };
}

function encodeWith(encode: (value: unknown) => unknown, value: unknown, name: string): unknown {
  try {
    return encode(value);
  } catch (cause) {
    throw new SerializationError({ path: name, problem: "was refused by the declared codec.", cause });
  }
}
