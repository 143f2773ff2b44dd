import type { Class, Function as FunctionNode, Node } from "@babel/types";

/** Names that a parameter or the left side of a declaration binds. */
export function patternNames(pattern: Node | null | undefined): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        patternNames(property.type === "RestElement" ? property.argument : (property.value as Node)),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap(patternNames);
    case "AssignmentPattern":
      return patternNames(pattern.left);
    case "RestElement":
      return patternNames(pattern.argument);
    case "TSParameterProperty":
      return patternNames(pattern.parameter);
    default:
      return [];
  }
}

/** Names that a statement declares in the block it stands in. `var` inside of it belongs to `hoistedNames`. */
export function declaredNames(statement: Node): string[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement.declarations.flatMap(({ id }) => patternNames(id));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSEnumDeclaration":
    case "TSImportEqualsDeclaration":
      return patternNames(statement.id);
    case "TSModuleDeclaration":
      return [namespaceName(statement.id)].filter((name) => name !== undefined);
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      return statement.declaration ? declaredNames(statement.declaration) : [];
    default:
      return [];
  }
}

/** Names of each `var` within a statement, as deep as they are hoisted from. */
export function hoistedNames(node: Node): string[] {
  if (node.type === "VariableDeclaration") return node.kind === "var" ? declaredNames(node) : [];
  return isFunction(node) || isClass(node) ? [] : childNodes(node).flatMap(hoistedNames);
}

export function isFunction(node: Node): node is FunctionNode {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ObjectMethod|Class(Private)?Method)$/.test(
    node.type,
  );
}

export function isClass(node: Node): node is Class {
  return node.type === "ClassDeclaration" || node.type === "ClassExpression";
}

/** The syntax nodes directly below, in the order of their fields. */
export function childNodes(node: Node): Node[] {
  const children: Node[] = [];
  for (const key in node) {
    const value: unknown = node[key as keyof Node];
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** `A` of `namespace A.B {}`. */
function namespaceName(id: Node): string | undefined {
  if (id.type === "TSQualifiedName") return namespaceName(id.left);
  return id.type === "Identifier" ? id.name : undefined;
}
