import { readFileSync, realpathSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve, sep } from "node:path";
import { createPathsMatcher, getTsconfig, type PathsMatcher } from "get-tsconfig";
import { type PathConditions, resolveExports, resolveImports } from "resolve-pkg-maps";

/** Where an import leads. */
export type Resolution =
  /** A file of the user's own: followed. */
  | { readonly kind: "file"; readonly path: string }
  /** Counted by name and not by content. */
  | { readonly kind: "package" }
  | { readonly kind: "unresolved" };

interface PackageManifest {
  readonly folder: string;
  readonly name?: string;
  readonly main?: string;
  readonly imports?: Readonly<Record<string, PathConditions>>;
  readonly exports?: PathConditions;
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly peerDependencies?: object;
  readonly optionalDependencies?: object;
}

const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];
/** TypeScript names the file that will be there after compilation. */
const SOURCE_OF: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};
const CONDITIONS = ["import", "require", "node", "module", "default"];
const PACKAGE = /^(@[a-z\d][\w.-]*\/)?[a-z\d][\w.-]*(\/|$)/i;

/**
 * Finds the file or package that an import means: relative paths, `imports` of package.json, `paths` of tsconfig.json, and
 * packages of the same workspace, which are the user's own too.
 */
export class SpecifierResolver {
  readonly #manifests = new Map<string, PackageManifest | undefined>();
  readonly #matchers = new Map<string, PathsMatcher | undefined>();
  readonly #tsconfigs = new Map<string, unknown>();
  readonly #files = new Map<string, boolean>();

  resolve(importer: string, specifier: string): Resolution {
    const folder = dirname(importer);
    if (/^\.{0,2}\//.test(specifier) || specifier === "." || specifier === "..") {
      return fileOr(this.#file(resolve(folder, specifier)));
    }
    if (isBuiltin(specifier)) return { kind: "package" };
    const manifest = this.#manifest(folder);
    if (specifier.startsWith("#")) {
      const mapped = this.#imported(manifest, specifier);
      if (mapped !== undefined) return mapped;
    }
    const aliased = this.#aliased(folder, specifier);
    if (aliased !== undefined) return { kind: "file", path: aliased };
    return PACKAGE.test(specifier) ? this.#package(folder, manifest, specifier) : { kind: "unresolved" };
  }

  #imported(manifest: PackageManifest | undefined, specifier: string): Resolution | undefined {
    if (manifest?.imports === undefined) return undefined;
    const targets = attempt(() => resolveImports({ ...manifest.imports }, specifier, CONDITIONS)) ?? [];
    for (const target of targets) {
      if (!target.startsWith(".")) return { kind: "package" };
      const path = this.#file(join(manifest.folder, target));
      if (path !== undefined) return { kind: "file", path };
    }
    return undefined;
  }

  #aliased(folder: string, specifier: string): string | undefined {
    if (!this.#matchers.has(folder)) {
      const tsconfig = attempt(() => getTsconfig(folder, "tsconfig.json", this.#tsconfigs as Map<string, never>));
      this.#matchers.set(folder, (tsconfig && createPathsMatcher(tsconfig)) ?? undefined);
    }
    const candidates = this.#matchers.get(folder)?.(specifier) ?? [];
    return candidates.map((path) => this.#file(path)).find((path) => path !== undefined && isOwn(path));
  }

  #package(folder: string, manifest: PackageManifest | undefined, specifier: string): Resolution {
    const [name, subpath] = splitPackage(specifier);
    if (manifest?.name === name) return fileOr(this.#inPackage(manifest, subpath));
    const installed = this.#installed(folder, name);
    if (installed === undefined) return isDeclared(manifest, name) ? { kind: "package" } : { kind: "unresolved" };
    const real = realpathSync(installed);
    const linked = isOwn(real + sep) ? this.#manifest(real) : undefined;
    return linked === undefined ? { kind: "package" } : fileOr(this.#inPackage(linked, subpath));
  }

  #inPackage(manifest: PackageManifest, subpath: string): string | undefined {
    const { exports, main = "index", folder } = manifest;
    const targets =
      exports === undefined
        ? [subpath === "" ? main : subpath]
        : (attempt(() => resolveExports(exports, subpath, CONDITIONS)) ?? []);
    return targets.map((target) => this.#file(join(folder, target))).find((path) => path !== undefined);
  }

  #installed(folder: string, name: string): string | undefined {
    for (const parent of ancestors(folder)) {
      const candidate = join(parent, "node_modules", name);
      if (statSync(candidate, { throwIfNoEntry: false })?.isDirectory()) return candidate;
    }
    return undefined;
  }

  /** The nearest package.json upwards. */
  #manifest(folder: string): PackageManifest | undefined {
    if (this.#manifests.has(folder)) return this.#manifests.get(folder);
    const path = join(folder, "package.json");
    const parent = dirname(folder);
    const manifest = this.#isFile(path)
      ? attempt(() => ({ ...(JSON.parse(readFileSync(path, "utf8")) as object), folder }))
      : parent === folder
        ? undefined
        : this.#manifest(parent);
    this.#manifests.set(folder, manifest);
    return manifest;
  }

  #file(path: string): string | undefined {
    const extension = /\.[cm]?jsx?$/.exec(path)?.[0] ?? "";
    const stem = path.slice(0, path.length - extension.length);
    const sources = (SOURCE_OF[extension] ?? []).map((source) => stem + source);
    const completed = EXTENSIONS.flatMap((each) => [path + each]);
    const indexes = EXTENSIONS.map((each) => join(path, `index${each}`));
    return [...sources, path, ...completed, ...indexes].find((candidate) => this.#isFile(candidate));
  }

  #isFile(path: string): boolean {
    let known = this.#files.get(path);
    if (known === undefined) {
      known = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
      this.#files.set(path, known);
    }
    return known;
  }
}

function fileOr(path: string | undefined): Resolution {
  return path === undefined ? { kind: "unresolved" } : { kind: "file", path };
}

function isOwn(path: string): boolean {
  return !path.includes(`${sep}node_modules${sep}`) && !/\.d\.[cm]?ts$/.test(path);
}

function isDeclared(manifest: PackageManifest | undefined, name: string): boolean {
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest ?? {};
  return [dependencies, devDependencies, peerDependencies, optionalDependencies].some(
    (list) => list !== undefined && name in list,
  );
}

/** `@acme/money/rates` is package `@acme/money` and path `rates`. */
function splitPackage(specifier: string): [name: string, subpath: string] {
  const parts = specifier.split("/");
  const length = specifier.startsWith("@") ? 2 : 1;
  return [parts.slice(0, length).join("/"), parts.slice(length).join("/")];
}

function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
