import { sha256 as portableSha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The part of `node:crypto` that Node, Bun and Deno serve without an import, so that the core has none. */
interface NativeCrypto {
  hash?(algorithm: "sha256", text: string): string;
}

const { process } = globalThis as { process?: { getBuiltinModule?(name: string): NativeCrypto | undefined } };
const native = process?.getBuiltinModule?.("node:crypto");

/** SHA-256 of the UTF-8 bytes of `text`, 64 hexadecimal digits; the same on every runtime, natively where there is a native one. */
export const sha256: (text: string) => string =
  native?.hash === undefined
    ? (text) => bytesToHex(portableSha256(utf8ToBytes(text)))
    : (text) => native.hash?.("sha256", text) ?? "";
