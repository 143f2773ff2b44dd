import module from "node:module";
import { load, resolve } from "./typescript-hooks.ts";

/**
 * From now on, modules in TypeScript are read as Node.js itself reads them, by taking their types away, also on versions that ask
 * for a flag; and imports may be written as TypeScript lets people write them.
 */
export function readTypeScript(): void {
  // In this thread where that is possible; on 22.13 and 22.14 it is not.
  if (typeof module.registerHooks === "function") module.registerHooks({ load, resolve });
  // oxlint-disable-next-line typescript/no-deprecated -- in favor of what is tried first
  else module.register("./typescript-hooks.js", import.meta.url);
}
