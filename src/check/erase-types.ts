import type { Node } from "@babel/types";

/** What TypeScript's own syntax leaves behind at run time. Every other node of its kind is a type. */
const RUNS = new Set([
  "TSEnumDeclaration",
  "TSEnumBody",
  "TSEnumMember",
  "TSModuleDeclaration",
  "TSModuleBlock",
  "TSImportEqualsDeclaration",
  "TSExternalModuleReference",
  "TSExportAssignment",
  "TSParameterProperty",
  "TSQualifiedName",
]);

/** Wrappers that give their expression a type and change nothing else. */
const TRANSPARENT = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSTypeAssertion",
  "TSNonNullExpression",
  "TSInstantiationExpression",
  "ParenthesizedExpression",
]);

const IRRELEVANT_KEYS = new Set(
  (
    "start end loc range extra comments tokens errors interpreter leadingComments trailingComments innerComments " +
    "accessibility readonly override definite importKind exportKind shorthand attributes"
  ).split(" "),
);

/** A copy of a syntax tree without all that has no effect when the program runs. */
export function eraseTypes<Tree extends Node>(tree: Tree): Tree {
  return erase(tree) as Tree;
}

function erase(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return eraseEach(value);
  const node = value as Readonly<Record<string, unknown>>;
  const type = node["type"];
  if (typeof type === "string") {
    if (TRANSPARENT.has(type)) return erase(node["expression"]);
    if (isErased(node, type)) return undefined;
  }
  const runs: Record<string, unknown> = {};
  for (const key in node) if (!IRRELEVANT_KEYS.has(key)) runs[key] = erase(node[key]);
  // Optional chaining runs; an optional property or parameter does not.
  if ("optional" in runs && !String(type).startsWith("Optional")) runs["optional"] = undefined;
  // Where each of the names was a type, the import is one too.
  return type === "ImportDeclaration" && isEmptied(node["specifiers"], runs["specifiers"]) ? undefined : runs;
}

function eraseEach(values: readonly unknown[]): unknown[] {
  const runs: unknown[] = [];
  for (const [index, value] of values.entries()) {
    if (index === 0 && isThisParameter(value)) continue;
    const erased = erase(value);
    if (erased !== undefined) runs.push(erased);
  }
  return runs;
}

function isEmptied(before: unknown, after: unknown): boolean {
  return (before as readonly unknown[]).length > 0 && (after as readonly unknown[]).length === 0;
}

function isErased(node: Readonly<Record<string, unknown>>, type: string): boolean {
  if (type === "EmptyStatement" || node["declare"] === true) return true;
  if (node["importKind"] === "type" || node["exportKind"] === "type") return true;
  if (type.startsWith("Class") && type.endsWith("Property") && node["abstract"] === true) return true;
  return type.startsWith("TS") && !RUNS.has(type);
}

/** `function f(this: Account)`: a type, written as a parameter. */
function isThisParameter(item: unknown): boolean {
  const node = item as { readonly type?: unknown; readonly name?: unknown } | null;
  return node?.type === "Identifier" && node.name === "this";
}
