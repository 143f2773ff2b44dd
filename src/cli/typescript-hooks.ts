import "./experimental-warnings.ts";

import { readFileSync, statSync } from "node:fs";
import module from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createPathsMatcher, getTsconfig, type PathsMatcher } from "get-tsconfig";

/** What both kinds of hooks give, those in the thread and those beside it: the latter take a promise of it as well. */
interface Hooks {
  readonly resolve: module.ResolveHookSync;
  readonly load: module.LoadHookSync;
}

const TYPESCRIPT = /\.m?ts$/;
/** TypeScript names the file that will be there after compilation. */
const SOURCES: Readonly<Record<string, readonly string[]>> = { ".js": [".ts"], ".mjs": [".mts"] };
const ENDINGS = [".ts", ".mts", ".js", ".mjs", "/index.ts", "/index.js"];

/** Finds what TypeScript would: `./account.js` and `./account` for account.ts, and the `paths` of the nearest tsconfig.json. */
export const resolve: Hooks["resolve"] = (specifier, context, next) => {
  const { parentURL } = context;
  if (parentURL === undefined || !parentURL.startsWith("file:") || parentURL.includes("/node_modules/")) {
    return next(specifier, context);
  }
  const path = /^\.{1,2}(\/|$)/.test(specifier)
    ? sourceAt(fileURLToPath(new URL(specifier, parentURL)))
    : aliased(dirname(fileURLToPath(parentURL)), specifier);
  return next(path === undefined ? specifier : pathToFileURL(path).href, context);
};

/** @throws {SyntaxError} for what is more than types: enums, namespaces, parameter properties, decorators. */
export const load: Hooks["load"] = (url, context, next) => {
  if (!url.startsWith("file:") || url.includes("/node_modules/") || !TYPESCRIPT.test(new URL(url).pathname)) {
    return next(url, context);
  }
  const path = fileURLToPath(url);
  const source = `${withoutTypes(readFileSync(path, "utf8"), path)}\n//# sourceURL=${url}`;
  return { format: "module", source, shortCircuit: true };
};

function withoutTypes(source: string, path: string): string {
  try {
    return module.stripTypeScriptTypes(source);
  } catch (cause) {
    const problem = (cause as Error).message.split("\n")[0] ?? "";
    const advice = "Only types can be taken away, as Node.js does it. Import the compiled file instead.";
    throw new SyntaxError(`${path}: ${problem}. ${advice}`, { cause });
  }
}

/** The file that a path means, whatever its ending says; undefined when Node.js would find it, or nobody. */
function sourceAt(path: string): string | undefined {
  if (isFile(path)) return undefined;
  const ending = /\.m?js$/.exec(path)?.[0] ?? "";
  const stem = path.slice(0, path.length - ending.length);
  const candidates = [...(SOURCES[ending] ?? []).map((source) => stem + source), ...ENDINGS.map((each) => path + each)];
  return candidates.find(isFile);
}

const matchers = new Map<string, PathsMatcher | undefined>();

function aliased(folder: string, specifier: string): string | undefined {
  if (module.isBuiltin(specifier)) return undefined;
  if (!matchers.has(folder)) {
    const tsconfig = getTsconfig(folder);
    matchers.set(folder, (tsconfig && createPathsMatcher(tsconfig)) ?? undefined);
  }
  const candidates = matchers.get(folder)?.(specifier) ?? [];
  return candidates.map((path) => (isFile(path) ? path : sourceAt(path))).find((path) => path !== undefined);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
