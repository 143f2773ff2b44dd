import { registerHooks } from "node:module";

type Histories = typeof import("./histories.ts");

/** Whether a copy verifies the checksum of a snapshot. */
type Checksums = "verified" | "believed";

/**
 * Another copy of the library's sources, and of what is built on it here. What two copies do can be compared: the same was done
 * with either before, which is nothing, so that neither runs code that was optimized for something else.
 */
export async function copyLibrary(name: string, checksums: Checksums): Promise<Histories> {
  return (await import(`./histories.ts?copy=${encodeURIComponent(name)}&checksums=${checksums}`)) as Histories;
}

const sources = new URL("../src/", import.meta.url).href;
const here = new URL("./", import.meta.url).href;
const believing = "export const snapshotChecksum = (row) => row.checksum;";

// What a copy imports is part of the copy.
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const [, copy] = context.parentURL?.split("?copy=") ?? [];
    const copied = resolved.url.startsWith(sources) || resolved.url.startsWith(here);
    return copy !== undefined && copied ? { ...resolved, url: `${resolved.url}?copy=${copy}` } : resolved;
  },
  load(url, context, next) {
    const replaced = url.startsWith(`${sources}snapshots/snapshot-checksum.ts?`) && url.endsWith("&checksums=believed");
    return replaced ? { format: "module", source: believing, shortCircuit: true } : next(url, context);
  },
});
