import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix, sep } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../src");

const core = ["errors", "events", "snapshots", "aggregates"];
const stores = ["stores", "stores/memory", "stores/sqlite", "stores/postgres"];

/** What each room may import besides itself. A room is a folder of `src`, a folder of `src/stores`, or a file in either. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  events: ["errors"],
  snapshots: ["errors", "events"],
  monitoring: ["errors", "events", "snapshots"],
  aggregates: ["errors", "events", "snapshots"],
  stores: ["errors", "events", "snapshots"],
  "stores/memory": ["errors", "events", "snapshots", "stores"],
  "stores/sqlite": ["errors", "events", "snapshots", "monitoring", "stores"],
  "stores/postgres": ["errors", "events", "snapshots", "monitoring", "stores"],
  index: [...core, "monitoring", "stores/memory"],
  // No stores: a user of one database does not load the other.
  opentelemetry: core,
  testing: [...core, ...stores, "opentelemetry"],
  config: core,
  check: ["errors", "events"],
  cli: [...core, "monitoring", ...stores, "opentelemetry", "check", "config"],
};

const drivers = ["pg", "better-sqlite3"];

interface Import {
  readonly specifier: string;
  /** Erased before the program runs. */
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

const files = globSync("**/*.ts", { cwd: root })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => !file.endsWith(".d.ts"));
const sources = new Map(files.map((file) => [file, parse(file)]));

it("finds the sources", () => {
  expect(files).toContain("index.ts");
});

it("imports only from rooms further down", () => {
  const upwards = filesWithImports().flatMap(([file, { specifier }]) => {
    const target = resolve(file, specifier);
    if (target === undefined || room(target) === room(file)) return [];
    return mayImport[room(file)]?.includes(room(target)) ? [] : [`${file} imports ${target}`];
  });
  expect(upwards).toEqual([]);
});

it("has a line in the table for every room", () => {
  expect(files.filter((file) => mayImport[room(file)] === undefined)).toEqual([]);
});

it("loads no database driver unless it is asked for one", () => {
  const loaded = filesWithImports()
    .filter(([, { specifier, typeOnly, dynamic }]) => drivers.includes(packageName(specifier)) && !typeOnly && !dynamic)
    .map(([file, { specifier }]) => `${file} imports ${specifier}`);
  expect(loaded).toEqual([]);
});

it("uses no module of Node.js in what the entry . reaches", () => {
  const reached = new Set(["index.ts"]);
  const builtins: string[] = [];
  for (const file of reached) {
    for (const { specifier } of importsOf(file)) {
      const target = resolve(file, specifier);
      if (target !== undefined) reached.add(target);
      else if (isBuiltin(specifier)) builtins.push(`${file} imports ${specifier}`);
    }
  }
  expect(builtins).toEqual([]);
});

it("names what it exports", () => {
  const stars = [...sources].filter(([, source]) =>
    source.statements.some(
      (node) => ts.isExportDeclaration(node) && node.exportClause?.kind !== ts.SyntaxKind.NamedExports,
    ),
  );
  expect(stars.map(([file]) => file)).toEqual([]);
});

it("keeps files to 300 lines, but for the list of errors", () => {
  const long = [...sources].map(([file, source]) => ({ file, lines: source.text.trimEnd().split("\n").length }));
  expect(long.filter(({ file, lines }) => lines > (file === "errors.ts" ? 380 : 300))).toEqual([]);
});

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest);
}

function filesWithImports(): [file: string, Import][] {
  return files.flatMap((file) => importsOf(file).map((found): [string, Import] => [file, found]));
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Omit<Import, "specifier">): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, ...kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, {
        typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
        dynamic: false,
      });
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, { typeOnly: node.isTypeOnly, dynamic: false });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, { typeOnly: true, dynamic: false });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], { typeOnly: false, dynamic: true });
    }
    ts.forEachChild(node, visit);
  };
  const source = sources.get(file);
  if (source === undefined) throw new Error(`${file} is imported, but not in src`);
  visit(source);
  return found;
}

/** The file in `src` that a relative specifier names. */
function resolve(file: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
}

function room(file: string): string {
  const [first = "", second, third] = file.split("/");
  if (first === "stores" && third !== undefined) return `${first}/${second}`;
  return first.replace(/\.ts$/, "");
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
