import { type ParserOptions, parse } from "@babel/parser";
import type { Program } from "@babel/types";
import { eraseTypes } from "./erase-types.ts";

const SHARED: ParserOptions = { sourceType: "unambiguous", attachComment: false, errorRecovery: true };

/**
 * The program that a TypeScript or JavaScript file runs: types, comments and formatting are gone.
 *
 * @param path tells the language by its extension.
 * @throws {SyntaxError} naming line and column.
 */
export function parseSource(path: string, text: string): Program {
  const attempt = (decorators: "decorators-legacy" | "decorators"): Program => {
    const plugins = [...languageOf(path), decorators, "decoratorAutoAccessors"] as const;
    const { program } = parse(text, { ...SHARED, sourceType: moduleKind(path), plugins: [...plugins] });
    return eraseTypes(program);
  };
  try {
    // TypeScript's older decorators may stand on parameters, and the newer ones may not.
    return attempt("decorators-legacy");
  } catch {
    return attempt("decorators");
  }
}

function languageOf(path: string): readonly ("typescript" | "jsx")[] {
  if (/\.[mc]?ts$/.test(path)) return ["typescript"];
  return path.endsWith(".tsx") ? ["typescript", "jsx"] : ["jsx"];
}

function moduleKind(path: string): "module" | "commonjs" | "unambiguous" {
  if (/\.m[jt]s$|\.tsx?$/.test(path)) return "module";
  return path.endsWith(".cjs") ? "commonjs" : "unambiguous";
}
