import type { CallExpression, Class, Function as FunctionNode, Node, ObjectPattern } from "@babel/types";
import { childNodes, declaredNames, hoistedNames, isClass, isFunction, patternNames } from "./binding-names.ts";
import { staticKey } from "./canonical-text.ts";

/** What a piece of code uses of what lies outside of it. */
export type Reference =
  /**
   * `money.rates.vat`: the free name `money`, and the properties that are read of it by name. It may be changed where it is
   * assigned to, passed on, or a method of it is called.
   */
  | { readonly kind: "name"; readonly name: string; readonly path: readonly string[]; readonly mayChange: boolean }
  /** `this.apply`, or `super.apply`, of the class that the code is a member of. An empty path: it escapes as a whole. */
  | { readonly kind: "this" | "super"; readonly path: readonly string[] }
  /** `#apply`, on whatever object. */
  | { readonly kind: "private"; readonly name: string }
  /** `import("./rates.ts")` or `require`; without a specifier where it is computed. */
  | { readonly kind: "module"; readonly specifier: string | undefined }
  /** Sees every name of its module. */
  | { readonly kind: "eval" };

/**
 * The references of one piece of code, in the order in which they stand. Names that it declares itself are left out.
 *
 * @param node a declaration, a statement, an expression, or a member of a class or object: then `this` is the member's.
 */
export function referencesOf(node: Node): Reference[] {
  const walk = new ReferenceWalk();
  walk.root(node);
  return walk.found;
}

class ReferenceWalk {
  readonly found: Reference[] = [];
  readonly #scopes: ReadonlySet<string>[] = [];
  readonly #changed = new Set<Node>();
  /** Functions and classes entered that have a `this` of their own. */
  #foreignThis = 0;

  root(node: Node): void {
    if (isFunction(node) && node.type.endsWith("Method")) this.#function(node);
    else if (node.type === "ObjectProperty" && node.value.type === "FunctionExpression") this.#function(node.value);
    else this.#visit(node);
  }

  #visit(node: Node): void {
    if (isFunction(node)) return this.#foreign(node.type !== "ArrowFunctionExpression", () => this.#function(node));
    if (isClass(node)) return this.#foreign(true, () => this.#class(node));
    switch (node.type) {
      case "Identifier":
      case "JSXIdentifier":
        return this.#use(node, []);
      case "ThisExpression":
      case "Super":
        return this.#useReceiver(node.type === "Super" ? "super" : "this", []);
      case "PrivateName":
        return void this.found.push({ kind: "private", name: node.id.name });
      case "MemberExpression":
      case "OptionalMemberExpression":
        return this.#member(node);
      case "CallExpression":
        return this.#call(node);
      case "ImportExpression":
        this.found.push({ kind: "module", specifier: literalText(node.source) });
        return this.#visit(node.source);
      case "AssignmentExpression":
        this.#changed.add(rootOf(node.left));
        return this.#children(node);
      case "UpdateExpression":
        this.#changed.add(rootOf(node.argument));
        return this.#children(node);
      case "UnaryExpression":
        if (node.operator === "delete") this.#changed.add(rootOf(node.argument));
        return this.#children(node);
      case "VariableDeclarator":
        return this.#declarator(node.id, node.init ?? undefined);
      case "ObjectProperty":
      case "ClassProperty":
      case "ClassAccessorProperty":
      case "ClassPrivateProperty":
        return this.#property(node);
      case "TSEnumMember":
        return node.initializer ? this.#visit(node.initializer) : undefined;
      case "TSModuleDeclaration":
        return this.#visit(node.body);
      case "LabeledStatement":
        return this.#visit(node.body);
      case "ExportSpecifier":
        return this.#visit(node.local);
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        return undefined;
      case "CatchClause":
        return this.#within(patternNames(node.param), () => this.#children(node));
      case "BlockStatement":
      case "StaticBlock":
      case "TSModuleBlock":
        return this.#block(node, node.body);
      case "SwitchStatement":
        return this.#block(
          node,
          node.cases.flatMap(({ consequent }) => consequent),
        );
      case "ForStatement":
        return this.#block(node, node.init ? [node.init] : []);
      case "ForInStatement":
      case "ForOfStatement":
        return this.#block(node, [node.left]);
      default:
        return this.#children(node);
    }
  }

  #children(node: Node): void {
    for (const child of childNodes(node)) this.#visit(child);
  }

  /** A scope of its own for what `declarations` declare. */
  #block(node: Node, declarations: readonly Node[]): void {
    this.#within(declarations.flatMap(declaredNames), () => this.#children(node));
  }

  /** The parameters see what lies outside; the body sees them and its own. */
  #function(node: FunctionNode): void {
    const ownName = node.type === "FunctionExpression" ? patternNames(node.id) : [];
    if ("decorators" in node) for (const decorator of node.decorators ?? []) this.#visit(decorator);
    if ("computed" in node && node.computed) this.#visit(node.key);
    this.#within([...ownName, ...node.params.flatMap(patternNames)], () => {
      for (const parameter of node.params) this.#visit(parameter);
      const body = node.body;
      this.#within(hoistedNames(body), () => this.#visit(body));
    });
  }

  #class(node: Class): void {
    this.#within(patternNames(node.id), () => {
      for (const decorator of node.decorators ?? []) this.#visit(decorator);
      if (node.superClass) this.#visit(node.superClass);
      this.#visit(node.body);
    });
  }

  #property(node: Extract<Node, { type: "ObjectProperty" | `Class${string}Property` }>): void {
    for (const decorator of ("decorators" in node && node.decorators) || []) this.#visit(decorator);
    if ("computed" in node && node.computed) this.#visit(node.key);
    if (node.value) this.#visit(node.value);
  }

  /** `rates.vat`, `this.rates.vat`: as far as the properties are named, and then whatever computes the rest. */
  #member(node: Extract<Node, { type: "MemberExpression" | "OptionalMemberExpression" }>): void {
    const path: string[] = [];
    let root: Node = node;
    while (root.type === "MemberExpression" || root.type === "OptionalMemberExpression") {
      if (root.property.type === "PrivateName") {
        this.#visit(root.property);
        // What is private names its member itself: `this` does not escape by it.
        if (root.object.type !== "ThisExpression") this.#visit(root.object);
        return;
      }
      const key = root.computed ? literalText(root.property) : staticKey(root.property);
      if (key === undefined) {
        this.#visit(root.property);
        path.length = 0;
      } else path.unshift(key);
      root = root.object;
    }
    this.#path(root, path);
  }

  #path(root: Node, path: readonly string[]): void {
    if (root.type === "Identifier") this.#use(root, path);
    else if (root.type === "ThisExpression") this.#useReceiver("this", path);
    else if (root.type === "Super") this.#useReceiver("super", path);
    else this.#visit(root);
  }

  /** `const { vat } = rates` reads `rates.vat` and nothing else of it. */
  #declarator(id: Node, init: Node | undefined): void {
    const keys = id.type === "ObjectPattern" && init !== undefined ? namedKeys(id) : undefined;
    if (keys === undefined) {
      if (init !== undefined) this.#visit(init);
    } else if (init?.type === "Identifier" || init?.type === "ThisExpression") {
      for (const key of keys) this.#path(init, [key]);
    } else if (init !== undefined) {
      this.#visit(init);
    }
    this.#visit(id);
  }

  #call(node: CallExpression): void {
    const { callee } = node;
    if (callee.type === "Identifier" && !this.#isDeclared(callee.name)) {
      if (callee.name === "eval") this.found.push({ kind: "eval" });
      if (callee.name === "require") this.found.push({ kind: "module", specifier: literalText(node.arguments[0]) });
    }
    if (rootOf(callee) !== callee) this.#changed.add(rootOf(callee));
    for (const argument of node.arguments) this.#changed.add(argument);
    this.#children(node);
  }

  #use(node: Extract<Node, { type: "Identifier" | "JSXIdentifier" }>, path: readonly string[]): void {
    const { name } = node;
    if (!this.#isDeclared(name)) this.found.push({ kind: "name", name, path, mayChange: this.#changed.has(node) });
  }

  #useReceiver(kind: "this" | "super", path: readonly string[]): void {
    if (this.#foreignThis === 0) this.found.push({ kind, path });
  }

  #isDeclared(name: string): boolean {
    return this.#scopes.some((scope) => scope.has(name));
  }

  #within(names: readonly string[], visit: () => void): void {
    this.#scopes.push(new Set(names));
    visit();
    this.#scopes.pop();
  }

  #foreign(isForeign: boolean, visit: () => void): void {
    this.#foreignThis += isForeign ? 1 : 0;
    visit();
    this.#foreignThis -= isForeign ? 1 : 0;
  }
}

/** `rates` of `rates.vat.low`. */
function rootOf(node: Node): Node {
  return node.type === "MemberExpression" || node.type === "OptionalMemberExpression" ? rootOf(node.object) : node;
}

/** The keys that a pattern takes, if it names each of them. */
function namedKeys(pattern: ObjectPattern): string[] | undefined {
  const keys = pattern.properties.map((property) =>
    property.type === "ObjectProperty" && !property.computed ? staticKey(property.key) : undefined,
  );
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

/** The text of a string that is written out. */
export function literalText(node: Node | null | undefined): string | undefined {
  if (node?.type === "StringLiteral") return node.value;
  return node?.type === "TemplateLiteral" && node.expressions.length === 0
    ? (node.quasis[0]?.value.cooked ?? undefined)
    : undefined;
}
