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

/** Takes out of a syntax tree, in place, all that has no effect when the program runs. */
export function eraseTypes<Tree extends Node>(tree: Tree): Tree {
  return erase(tree) as Tree;
}

function erase(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(erase).filter((item, index) => item !== undefined && !(index === 0 && isThisParameter(item)));
  }
  if (typeof value !== "object" || value === null || value instanceof RegExp) return value;
  const node = value as Record<string, unknown>;
  if (typeof node["type"] === "string") {
    if (TRANSPARENT.has(node["type"])) return erase(node["expression"]);
    if (isErased(node, node["type"])) return undefined;
  }
  // Where each of the names was a type, the import is one too.
  const imports = node["type"] === "ImportDeclaration" && (node["specifiers"] as readonly unknown[]).length > 0;
  for (const [key, child] of Object.entries(node)) {
    if (IRRELEVANT_KEYS.has(key)) delete node[key];
    else node[key] = erase(child);
  }
  if (imports && (node["specifiers"] as readonly unknown[]).length === 0) return undefined;
  // Optional chaining runs; an optional property or parameter does not.
  if ("optional" in node && !String(node["type"]).startsWith("Optional")) delete node["optional"];
  return node;
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
