import type { Class, Expression, Node } from "@babel/types";
import { canonicalText, hashOf, staticKey } from "./canonical-text.ts";
import { type Reference, referencesOf } from "./references.ts";
import type { SourceModule } from "./source-module.ts";

/** The smallest piece of code that counts or does not: a declaration at the top of a module, or a member of a class there. */
export class Declaration {
  readonly module: SourceModule;
  /** Within its module: `roundHalfEven`, `Money.plus`, `static Money.zero`. */
  readonly name: string;
  /** The class that it is a member of. */
  readonly owner: ClassShape | undefined;
  readonly nodes: Node[];
  #hash: string | undefined;
  #references: readonly Reference[] | undefined;

  constructor(module: SourceModule, name: string, nodes: Node[], owner?: ClassShape) {
    this.module = module;
    this.name = name;
    this.nodes = nodes;
    this.owner = owner;
  }

  /** As reports and the lock file name it: `src/money.ts: roundHalfEven`. */
  get label(): string {
    return `${this.module.label}: ${this.name}`;
  }

  /** Of its own text, without what it refers to. */
  get hash(): string {
    return (this.#hash ??= hashOf(this.nodes.map(canonicalText).join("\n")));
  }

  get references(): readonly Reference[] {
    return (this.#references ??= this.nodes.flatMap(referencesOf));
  }
}

/** A class, or an object that is given to `defineAggregate`, by its members. */
export interface ClassShape {
  readonly name: string;
  readonly module: SourceModule;
  readonly isAbstract: boolean;
  /** What it takes members from that are not its own: a superclass, or the objects that are spread into it, the last first. */
  readonly bases: readonly Expression[];
  /** What belongs to no member: decorators, static blocks, members whose names are computed. Undefined if there are none. */
  readonly shell: Declaration | undefined;
  readonly instance: ReadonlyMap<string, Declaration>;
  readonly static: ReadonlyMap<string, Declaration>;
  readonly private: ReadonlyMap<string, Declaration>;
}

export function classShape(module: SourceModule, name: string, node: Class): ClassShape {
  const shellNodes: Node[] = [...(node.decorators ?? [])];
  const shape = {
    name,
    module,
    isAbstract: node.type === "ClassDeclaration" && node.abstract === true,
    bases: node.superClass ? [node.superClass] : [],
    shell: undefined as Declaration | undefined,
    instance: new Map<string, Declaration>(),
    static: new Map<string, Declaration>(),
    private: new Map<string, Declaration>(),
  };
  for (const member of node.body.body) {
    const onClass = "static" in member && member.static === true;
    const prefix = onClass ? `static ${name}` : name;
    if ("key" in member && member.key.type === "PrivateName") {
      const { name: key } = member.key.id;
      add(shape.private, key, new Declaration(module, `${prefix}.#${key}`, [member], shape));
      continue;
    }
    const isComputed = "computed" in member && member.computed;
    const key = "key" in member && !isComputed ? staticKey(member.key) : undefined;
    if (key === undefined) {
      shellNodes.push(member);
      continue;
    }
    add(onClass ? shape.static : shape.instance, key, new Declaration(module, `${prefix}.${key}`, [member], shape));
  }
  if (shellNodes.length > 0) shape.shell = new Declaration(module, name, shellNodes, shape);
  return shape;
}

/** The literal that is given to `defineAggregate`: `this` in its methods is the object. */
export function objectShape(
  module: SourceModule,
  name: string,
  node: Extract<Node, { type: "ObjectExpression" }>,
): ClassShape {
  const shellNodes: Node[] = [];
  const bases: Expression[] = [];
  const none = new Map<string, Declaration>();
  const shape = {
    name,
    module,
    isAbstract: false,
    bases,
    shell: undefined as Declaration | undefined,
    instance: new Map<string, Declaration>(),
    static: none,
    private: none,
  };
  for (const property of node.properties) {
    const key = property.type === "SpreadElement" || property.computed ? undefined : staticKey(property.key);
    if (property.type === "SpreadElement") bases.unshift(property.argument);
    else if (key === undefined) shellNodes.push(property);
    else add(shape.instance, key, new Declaration(module, `${name}.${key}`, [property], shape));
  }
  if (shellNodes.length > 0) shape.shell = new Declaration(module, name, shellNodes, shape);
  return shape;
}

/** Every declaration that a shape consists of, those it inherits left out. */
export function membersOf(shape: ClassShape): Declaration[] {
  const members = [shape.instance, shape.static, shape.private].flatMap((map) => [...map.values()]);
  return shape.shell === undefined ? members : [shape.shell, ...members];
}

/** Whether `this` is the class in a declaration. */
export function isStatic(declaration: Declaration): boolean {
  const [node] = declaration.nodes;
  return declaration === declaration.owner?.shell || (node !== undefined && "static" in node && node.static === true);
}

/** A getter and its setter are one member. */
function add(members: Map<string, Declaration>, key: string, declaration: Declaration): void {
  const present = members.get(key);
  if (present === undefined) members.set(key, declaration);
  else present.nodes.push(...declaration.nodes);
}
