import type { Class, Node, Program, Statement, VariableDeclarator } from "@babel/types";
import { declaredNames, hoistedNames, isClass, patternNames } from "./binding-names.ts";
import { staticKey } from "./canonical-text.ts";
import { type ClassShape, classShape, Declaration, membersOf } from "./declaration.ts";
import { literalText } from "./references.ts";

/** What a name at the top of a module stands for. */
export type Binding =
  | { readonly kind: "declaration"; readonly declaration: Declaration }
  | { readonly kind: "class"; readonly shape: ClassShape }
  | Imported;

/** A name of another module; `"*"` stands for all of it. */
export interface Imported {
  readonly kind: "import";
  readonly specifier: string;
  readonly name: string;
}

/** A module by what it declares, imports and exports. */
export class SourceModule {
  /** Absolute. */
  readonly path: string;
  /** As reports name it: relative to the root, with `/`. */
  readonly label: string;
  readonly program: Program;
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
  /** By exported name: a local name, or a name of another module. */
  readonly exports: ReadonlyMap<string, { readonly local: string } | Imported>;
  /** Specifiers of `export * from`. */
  readonly stars: readonly string[];
  /** Specifiers of imports for their effect only. */
  readonly bareImports: readonly string[];
  /** What runs when the module is loaded and declares nothing. */
  readonly statements: readonly Declaration[];

  readonly #bindings = new Map<string, Binding[]>();
  readonly #exports = new Map<string, { readonly local: string } | Imported>();
  readonly #stars: string[] = [];
  readonly #bareImports: string[] = [];
  readonly #statements: Declaration[] = [];
  readonly #statementsName: string;

  constructor(path: string, label: string, program: Program, statementsName = "statements") {
    this.#statementsName = statementsName;
    this.path = path;
    this.label = label;
    this.program = program;
    for (const statement of program.body) this.#read(statement);
    this.bindings = this.#bindings;
    this.exports = this.#exports;
    this.stars = this.#stars;
    this.bareImports = this.#bareImports;
    this.statements = this.#statements;
  }

  /** All that the module consists of. */
  get declarations(): Declaration[] {
    const declared = [...this.#bindings.values()].flat().flatMap((binding) => {
      if (binding.kind === "import") return [];
      return binding.kind === "class" ? membersOf(binding.shape) : [binding.declaration];
    });
    return [...new Set([...declared, ...this.#statements])];
  }

  #read(statement: Statement): void {
    switch (statement.type) {
      case "ImportDeclaration":
        return this.#readImport(statement);
      case "ExportAllDeclaration":
        return void this.#stars.push(statement.source.value);
      case "ExportNamedDeclaration":
        return this.#readExport(statement);
      case "ExportDefaultDeclaration":
        return this.#readDefault(statement.declaration);
      case "TSExportAssignment":
        return this.#readDefault(statement.expression);
      case "TSImportEqualsDeclaration": {
        const reference = statement.moduleReference;
        if (reference.type !== "TSExternalModuleReference") return this.#declare(statement);
        const specifier = literalText(reference.expression) ?? "";
        return this.#bind(statement.id.name, { kind: "import", specifier, name: "*" });
      }
      default:
        return this.#declare(statement);
    }
  }

  #readImport(statement: Extract<Statement, { type: "ImportDeclaration" }>): void {
    const specifier = statement.source.value;
    if (statement.specifiers.length === 0) this.#bareImports.push(specifier);
    for (const one of statement.specifiers) {
      const name =
        one.type === "ImportSpecifier" ? nameOf(one.imported) : one.type === "ImportDefaultSpecifier" ? "default" : "*";
      this.#bind(one.local.name, { kind: "import", specifier, name });
    }
  }

  #readExport(statement: Extract<Statement, { type: "ExportNamedDeclaration" }>): void {
    if (statement.declaration) {
      this.#declare(statement.declaration);
      for (const name of declaredNames(statement.declaration)) this.#exports.set(name, { local: name });
    }
    const specifier = statement.source?.value;
    for (const one of statement.specifiers) {
      const exported = nameOf(one.exported);
      if (specifier === undefined) {
        if (one.type === "ExportSpecifier") this.#exports.set(exported, { local: nameOf(one.local) });
      } else {
        const name = one.type === "ExportSpecifier" ? nameOf(one.local) : "*";
        this.#exports.set(exported, { kind: "import", specifier, name });
      }
    }
  }

  #readDefault(node: Node): void {
    if (node.type === "Identifier") return void this.#exports.set("default", { local: node.name });
    const name = ("id" in node && patternNames(node.id)[0]) || "default";
    this.#exports.set("default", { local: name });
    this.#declareAs([name], name, node);
  }

  #declare(statement: Node): void {
    if (statement.type === "VariableDeclaration") {
      for (const one of statement.declarations) {
        if (this.#readRequire(one)) continue;
        const names = patternNames(one.id);
        const [name = "(pattern)"] = names;
        this.#declareAs(names, name, one.id.type === "Identifier" && isClassNode(one.init) ? one.init : one);
      }
      return;
    }
    const names = declaredNames(statement);
    if (names[0] !== undefined) return this.#declareAs(names, names[0], statement);
    const declaration = new Declaration(this, this.#statementsName, [statement]);
    this.#statements.push(declaration);
    for (const name of hoistedNames(statement)) this.#bind(name, { kind: "declaration", declaration });
  }

  /** `const { vat } = require("./rates.cjs")` is an import too. */
  #readRequire({ id, init }: VariableDeclarator): boolean {
    if (init?.type !== "CallExpression" || init.callee.type !== "Identifier" || init.callee.name !== "require")
      return false;
    const specifier = literalText(init.arguments[0]);
    const named = id.type === "ObjectPattern" ? id.properties : [];
    if (specifier === undefined || (id.type !== "Identifier" && id.type !== "ObjectPattern")) return false;
    const bindings: [string, Imported][] =
      id.type === "Identifier" ? [[id.name, { kind: "import", specifier, name: "*" }]] : [];
    for (const property of named) {
      if (property.type === "RestElement" || property.computed || property.value.type !== "Identifier") return false;
      const name = staticKey(property.key) ?? "*";
      bindings.push([property.value.name, { kind: "import", specifier, name }]);
    }
    for (const [local, imported] of bindings) this.#bind(local, imported);
    return true;
  }

  #declareAs(names: readonly string[], name: string, node: Node): void {
    const binding: Binding = isClassNode(node)
      ? { kind: "class", shape: classShape(this, name, node) }
      : { kind: "declaration", declaration: new Declaration(this, name, [node]) };
    for (const each of names) this.#bind(each, binding);
  }

  #bind(name: string, binding: Binding): void {
    const present = this.#bindings.get(name);
    if (present === undefined) this.#bindings.set(name, [binding]);
    else present.push(binding);
  }
}

function isClassNode(node: Node | null | undefined): node is Class {
  return node !== null && node !== undefined && isClass(node);
}

function nameOf(node: Node): string {
  return node.type === "Identifier" ? node.name : (literalText(node) ?? "");
}
