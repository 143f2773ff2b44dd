import type { Expression } from "@babel/types";
import { type ClassShape, Declaration, objectShape } from "./declaration.ts";
import { isEventfold, type Project, type Target } from "./project.ts";
import { referencesOf } from "./references.ts";
import type { SourceModule } from "./source-module.ts";

/** A class with all that it inherits from, as far as it is written out. */
export interface ClassChain {
  /** The class itself first. */
  readonly shapes: readonly ClassShape[];
  /** Whether the chain ends at Eventfold's `AggregateRoot`. */
  readonly isAggregate: boolean;
  /** Superclasses that are computed, such as `Timestamped(AggregateRoot)`: they count as a whole. */
  readonly computed: readonly Declaration[];
}

const chains = new WeakMap<ClassShape, ClassChain>();

/** The chain of a class, found once. @param project the one that the class is part of. */
export function chainOf(project: Project, shape: ClassShape): ClassChain {
  let chain = chains.get(shape);
  if (chain === undefined) chains.set(shape, (chain = followBases(project, shape)));
  return chain;
}

function followBases(project: Project, shape: ClassShape): ClassChain {
  const shapes: ClassShape[] = [];
  const computed: Declaration[] = [];
  let isAggregate = false;
  const follow = (one: ClassShape): void => {
    if (shapes.includes(one)) return;
    shapes.push(one);
    for (const base of one.bases) {
      const { classes, root, rest } = basesWithin(project, one, base);
      isAggregate ||= root;
      if (rest !== undefined) computed.push(rest);
      for (const each of classes) follow(each);
    }
  };
  follow(shape);
  return { shapes, isAggregate, computed };
}

/** Eventfold's name of what a target is, such as `AggregateRoot`. */
export function eventfoldName(target: Target | undefined): string | undefined {
  if (target?.kind !== "package" || !isEventfold(target.specifier)) return undefined;
  return target.name === "*" ? target.path[0] : target.name;
}

/** What an expression that is a plain name stands for, through constants. */
export function targetOf(project: Project, module: SourceModule, node: Expression): Target | undefined {
  const value = project.valueOf(module, node);
  const [reference, ...others] = referencesOf(value.node);
  if (reference?.kind !== "name" || others.length > 0 || !/^(Identifier|MemberExpression)$/.test(value.node.type))
    return undefined;
  return project.lookup(value.module, reference.name, reference.path)[0];
}

interface Bases {
  readonly classes: readonly ClassShape[];
  readonly root: boolean;
  /** The expression, where it is more than the name of a class. */
  readonly rest: Declaration | undefined;
}

function basesWithin(project: Project, shape: ClassShape, base: Expression): Bases {
  const { module } = shape;
  const target = targetOf(project, module, base);
  if (target?.kind === "class" && target.path.length === 0)
    return { classes: [target.shape], root: false, rest: undefined };
  if (eventfoldName(target) === "AggregateRoot") return { classes: [], root: true, rest: undefined };
  const value = project.valueOf(module, base);
  if (value.node.type === "ObjectExpression") {
    return { classes: [objectShape(value.module, value.name ?? shape.name, value.node)], root: false, rest: undefined };
  }
  return computedBases(project, new Declaration(module, shape.name, [base], shape));
}

/** A mixin: the classes that it is given, and whether `AggregateRoot` is among them or in the function that is called. */
function computedBases(project: Project, rest: Declaration): Bases {
  const classes: ClassShape[] = [];
  let root = false;
  const look = (declaration: Declaration, depth: number): void => {
    for (const reference of declaration.references) {
      if (reference.kind !== "name") continue;
      for (const target of project.lookup(declaration.module, reference.name, reference.path)) {
        if (eventfoldName(target) === "AggregateRoot") root = true;
        else if (target.kind === "class" && depth < 2) classes.push(target.shape);
        else if (target.kind === "declaration" && depth < 3) look(target.declaration, depth + 1);
      }
    }
  };
  look(rest, 0);
  return { classes, root, rest };
}
