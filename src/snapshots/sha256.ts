import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The part of `node:crypto` that Node, Bun and Deno serve without an import, so that the core has none. */
interface NativeCrypto {
  hash?(algorithm: "sha256", text: string): string;
  createHash(algorithm: "sha256"): NativeHash;
}

interface NativeHash {
  update(text: string): NativeHash;
  digest(encoding: "hex"): string;
}

const { process } = globalThis as { process?: { getBuiltinModule?(name: string): NativeCrypto | undefined } };
const native = process?.getBuiltinModule?.("node:crypto");

/** Joining short texts and hashing them at once is quicker; of long ones, joining alone would cost as much as hashing. */
const JOINED_LENGTH_MAX = 10_000;

/**
 * SHA-256 of the UTF-8 bytes of `head` followed by `text`, 64 hexadecimal digits; the same on every runtime, natively where there
 * is a native one.
 */
export function sha256(head: string, text = ""): string {
  if (native === undefined) return portableSha256Hex(head, text);
  if (native.hash !== undefined && text.length <= JOINED_LENGTH_MAX) return native.hash("sha256", head + text);
  return native.createHash("sha256").update(head).update(text).digest("hex");
}

/** What runtimes without `node:crypto` use. */
export function portableSha256Hex(head: string, text: string): string {
  return bytesToHex(portableSha256.create().update(utf8ToBytes(head)).update(utf8ToBytes(text)).digest());
}
