import { readFileSync } from "node:fs";
import { extname, relative, sep } from "node:path";
import type { Expression, File, Node, Program } from "@babel/types";
import { hashOf, staticKey } from "./canonical-text.ts";
import { type ClassShape, Declaration } from "./declaration.ts";
import { parseSource } from "./parse-source.ts";
import { literalText } from "./references.ts";
import { type Resolution, SpecifierResolver } from "./resolve-specifier.ts";
import { SourceModule } from "./source-module.ts";

/** What a name, with the properties that are read of it, leads to. */
export type Target =
  | { readonly kind: "declaration"; readonly declaration: Declaration; readonly path: readonly string[] }
  | { readonly kind: "class"; readonly shape: ClassShape; readonly path: readonly string[] }
  | { readonly kind: "module"; readonly module: SourceModule }
  | { readonly kind: "package"; readonly specifier: string; readonly name: string; readonly path: readonly string[] }
  | Unresolved;

/** An import that leads nowhere, or to a file that cannot be read. */
export interface Unresolved {
  readonly kind: "unresolved";
  readonly specifier: string;
  readonly importer: SourceModule;
  readonly problem: string;
}

/** A value that is written out somewhere, and the module whose names it uses. */
export interface WrittenValue {
  readonly module: SourceModule;
  readonly node: Expression;
  /** Of the constant that holds it. */
  readonly name: string | undefined;
}

const PACKAGE: Resolution = { kind: "package" };

/** Parses modules once, and follows names from one to the next. */
export class Project {
  readonly #root: string;
  readonly #resolver = new SpecifierResolver();
  readonly #modules = new Map<string, SourceModule>();
  /** Exports that are being followed, to notice circles. */
  readonly #following = new Set<string>();

  /** @param root folder that the names of files are relative to. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @param path absolute.
   * @throws {SyntaxError} for what is no TypeScript or JavaScript.
   * @throws what the file system throws, when it cannot be read.
   */
  module(path: string): SourceModule {
    let module = this.#modules.get(path);
    if (module === undefined) {
      module = isSource(path) ? new SourceModule(path, this.label(path), parse(path)) : this.#asset(path);
      this.#modules.set(path, module);
    }
    return module;
  }

  /** A path as reports name it. */
  label(path: string): string {
    return relative(this.#root, path).split(sep).join("/");
  }

  /** What a name at the top of `module` stands for; nothing for a name that is not declared there, such as a global. */
  lookup(module: SourceModule, name: string, path: readonly string[]): Target[] {
    return (module.bindings.get(name) ?? []).flatMap((binding): Target[] => {
      if (binding.kind === "import") return this.imported(module, binding.specifier, binding.name, path);
      return [{ ...binding, path }];
    });
  }

  /** What `name`, or all for `"*"`, of the module that `specifier` means stands for. */
  imported(importer: SourceModule, specifier: string, name: string, path: readonly string[]): Target[] {
    const source = this.#follow(importer, specifier);
    if (source === "package") return [{ kind: "package", specifier, name, path }];
    if (source.kind === "unresolved") return [source];
    const { module } = source;
    if (name !== "*") return this.exported(module, name, path) ?? [{ kind: "module", module }];
    const [first, ...rest] = path;
    if (first === undefined) return [{ kind: "module", module }];
    return this.exported(module, first, rest) ?? [{ kind: "module", module }];
  }

  /** What a module exports under a name; undefined if nothing is seen to be exported so. */
  exported(module: SourceModule, name: string, path: readonly string[]): Target[] | undefined {
    const key = `${module.path}\0${name}`;
    // Modules that pass a name on to each other in a circle export nothing by it.
    if (this.#following.has(key)) return undefined;
    this.#following.add(key);
    try {
      return this.#exportedOnce(module, name, path);
    } finally {
      this.#following.delete(key);
    }
  }

  #exportedOnce(module: SourceModule, name: string, path: readonly string[]): Target[] | undefined {
    const found = module.exports.get(name);
    if (found !== undefined) {
      if (!("local" in found)) return this.imported(module, found.specifier, found.name, path);
      const targets = this.lookup(module, found.local, path);
      return targets.length > 0 ? targets : undefined;
    }
    if (name === "default") return undefined;
    const elsewhere: Target[] = [];
    for (const specifier of module.stars) {
      const source = this.#follow(module, specifier);
      if (source === "package") elsewhere.push({ kind: "package", specifier, name, path });
      else if (source.kind === "unresolved") elsewhere.push(source);
      else {
        const inner = this.exported(source.module, name, path);
        if (inner !== undefined) return inner;
      }
    }
    return elsewhere.length > 0 ? elsewhere : undefined;
  }

  /** Follows constants, and the properties of objects that are written out, to the expression that gives the value. */
  valueOf(module: SourceModule, node: Expression, name?: string, depth = 0): WrittenValue {
    const here = { module, node, name };
    const path = depth < 50 ? namePath(node) : undefined;
    if (path === undefined) return here;
    const [first = "", ...rest] = path;
    const [target, ...others] = this.lookup(module, first, rest);
    if (target?.kind !== "declaration" || others.length > 0) return here;
    const [declared] = target.declaration.nodes;
    let value = initializerOf(declared);
    for (const key of target.path) value = value && propertyOf(value, key);
    return value === undefined
      ? here
      : this.valueOf(target.declaration.module, value, target.declaration.name, depth + 1);
  }

  #follow(importer: SourceModule, specifier: string): "package" | Unresolved | Extract<Target, { kind: "module" }> {
    // Eventfold's own functions are known by name, wherever they are.
    const resolution = isEventfold(specifier) ? PACKAGE : this.#resolver.resolve(importer.path, specifier);
    if (resolution.kind === "package") return "package";
    if (resolution.kind === "unresolved") return { kind: "unresolved", specifier, importer, problem: "was not found" };
    try {
      return { kind: "module", module: this.module(resolution.path) };
    } catch (error) {
      const problem = `cannot be read (${error instanceof Error ? error.message : String(error)})`;
      return { kind: "unresolved", specifier, importer, problem };
    }
  }

  /** What is no code counts by what it says (JSON) or by its bytes. */
  #asset(path: string): SourceModule {
    const bytes = readFileSync(path);
    const text =
      extname(path) === ".json" ? JSON.stringify(JSON.parse(bytes.toString("utf8"))) : bytes.toString("latin1");
    const value = { type: "StringLiteral", value: hashOf(text) } as Node;
    const program = { type: "Program", body: [{ type: "ExpressionStatement", expression: value }] } as Program;
    return new SourceModule(path, this.label(path), program, "content");
  }
}

export function isEventfold(specifier: string): boolean {
  return specifier === "eventfold" || specifier.startsWith("eventfold/");
}

function parse(path: string): Program {
  return parseSource(path, readFileSync(path, "utf8"));
}

function isSource(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path);
}

/** `rates.vat` as names; undefined for what is no such thing. */
function namePath(node: Expression | File): string[] | undefined {
  if (node.type === "Identifier") return [node.name];
  if (node.type !== "MemberExpression") return undefined;
  const key = node.computed ? literalText(node.property) : staticKey(node.property);
  const path = key === undefined ? undefined : namePath(node.object as Expression);
  return path && key !== undefined ? [...path, key] : undefined;
}

function initializerOf(node: Node | undefined): Expression | undefined {
  if (node?.type === "VariableDeclarator") return node.id.type === "Identifier" ? (node.init ?? undefined) : undefined;
  return node?.type.endsWith("Expression") || node?.type.endsWith("Literal") ? (node as Expression) : undefined;
}

function propertyOf(node: Expression, key: string): Expression | undefined {
  if (node.type !== "ObjectExpression" || node.properties.some(({ type }) => type === "SpreadElement"))
    return undefined;
  const property = node.properties.find(
    (one) => one.type === "ObjectProperty" && !one.computed && staticKey(one.key) === key,
  );
  return property?.type === "ObjectProperty" ? (property.value as Expression) : undefined;
}
