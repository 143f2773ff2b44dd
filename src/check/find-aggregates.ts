import type { CallExpression, Expression, Node } from "@babel/types";
import { childNodes, isClass, isFunction } from "./binding-names.ts";
import { chainOf } from "./class-chain.ts";
import { type ClassShape, classShape, Declaration, objectShape } from "./declaration.ts";
import { eventfoldCall } from "./event-upgrades.ts";
import type { Project } from "./project.ts";
import type { SourceModule } from "./source-module.ts";

/** A class or a decider, with the place where it is declared. */
export interface FoundAggregate {
  readonly shape: ClassShape;
  readonly style: "class" | "decider";
  /** The declaration in whose function it stands, where it does: names of that function cannot be followed. */
  readonly within: Declaration | undefined;
}

/** The aggregates that a module declares, in its order; abstract classes are no aggregates, but what others build on. */
export function aggregatesIn(project: Project, module: SourceModule): FoundAggregate[] {
  const found: FoundAggregate[] = [];
  const topLevel = new Set<unknown>();
  for (const shape of topLevelClasses(module)) {
    topLevel.add(shape);
    if (!shape.isAbstract && chainOf(project, shape).isAggregate)
      found.push({ shape, style: "class", within: undefined });
  }
  for (const declaration of new Set(module.declarations)) {
    for (const node of declaration.nodes) found.push(...aggregatesBelow(project, declaration, node, false));
  }
  return found;
}

function topLevelClasses(module: SourceModule): Set<ClassShape> {
  return new Set(
    [...module.bindings.values()].flat().flatMap((binding) => (binding.kind === "class" ? [binding.shape] : [])),
  );
}

function aggregatesBelow(project: Project, top: Declaration, node: Node, inFunction: boolean): FoundAggregate[] {
  const found: FoundAggregate[] = [];
  const within = inFunction ? top : undefined;
  const { module } = top;
  if (isClass(node)) {
    const shape = classShape(module, nameOf(node) ?? top.name, node);
    const isAggregate = !shape.isAbstract && chainOf(project, shape).isAggregate;
    // Without a type of its own it is one that a function makes, for others to extend.
    if (isAggregate && shape.static.has("aggregateType")) found.push({ shape, style: "class", within });
  }
  const decider = node.type === "CallExpression" ? deciderShape(project, top, node) : undefined;
  if (decider !== undefined) found.push({ shape: decider, style: "decider", within });
  for (const child of childNodes(node)) {
    found.push(...aggregatesBelow(project, top, child, inFunction || isFunction(node)));
  }
  return found;
}

function deciderShape(project: Project, top: Declaration, node: CallExpression): ClassShape | undefined {
  const { module, name } = top;
  if (eventfoldCall(project, { module, node, name }, "defineAggregate") === undefined) return undefined;
  const [argument] = node.arguments;
  const value = argument && project.valueOf(module, argument as Expression, name);
  if (value?.node.type === "ObjectExpression") return objectShape(value.module, name, value.node);
  // Not written out: its type is unknown, which is what will be reported.
  return objectShape(module, name, { type: "ObjectExpression", properties: [] } as never);
}

function nameOf(node: Node): string | undefined {
  return "id" in node && node.id && "name" in node.id ? node.id.name : undefined;
}
