import { utf8ToBytes } from "@noble/hashes/utils.js";

const { Buffer } = globalThis as { Buffer?: { byteLength(text: string): number } };

/** Bytes of `text` in UTF-8; counted without a copy where the runtime can. */
export function utf8Length(text: string): number {
  return Buffer === undefined ? utf8ToBytes(text).length : Buffer.byteLength(text);
}
