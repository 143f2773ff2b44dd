import type { Expression, Node } from "@babel/types";
import { chainOf } from "./class-chain.ts";
import type { Declaration } from "./declaration.ts";
import { upgradesOf } from "./event-upgrades.ts";
import type { FoundAggregate } from "./find-aggregates.ts";
import type { Project } from "./project.ts";
import { type Reach, type Root, reachFrom } from "./reach.ts";
import { literalText } from "./references.ts";

/** The fold of one aggregate: how its events become its state. */
export interface Fold {
  /** Where the aggregate is declared: `src/account.ts: Account`. */
  readonly label: string;
  /** Undefined when it is not declared, or not written out. */
  readonly aggregateType: string | undefined;
  readonly declaresType: boolean;
  /** Undefined when it is not written out. */
  readonly schemaVersion: number | undefined;
  readonly reach: Reach;
}

/** What makes the state from events, and what its stored form depends on. */
const METHODS = ["initialState", "evolve"];
const DECLARED = ["stateSchema", "stateCodec", "dataCodec", "stateUpgrades"];

export function foldOf(project: Project, aggregate: FoundAggregate): Fold {
  const { shape, style, within } = aggregate;
  const isDecider = style === "decider";
  const declaredType = memberOf(project, aggregate, isDecider ? "type" : "aggregateType", true);
  const declaredVersion = memberOf(project, aggregate, "schemaVersion", true);
  const aggregateType = declaredType && literalText(literalOf(project, declaredType));
  return {
    label: `${shape.module.label}: ${shape.name}`,
    aggregateType,
    declaresType: declaredType !== undefined,
    schemaVersion: declaredVersion === undefined ? 1 : wholeNumber(literalOf(project, declaredVersion)),
    reach: reachFrom(project, within ? [{ declaration: within, receiver: undefined }] : rootsOf(project, aggregate)),
  };
}

function rootsOf(project: Project, aggregate: FoundAggregate): Root[] {
  const { shape, style } = aggregate;
  const { shapes, computed } = chainOf(project, shape);
  const instance = { shape, isStatic: false };
  const onClass = { shape, isStatic: style === "class" };
  const roots: Root[] = METHODS.flatMap((name) => {
    const declaration = memberOf(project, aggregate, name, false);
    return declaration === undefined ? [] : [{ declaration, receiver: instance }];
  });
  for (const name of DECLARED) {
    const declaration = memberOf(project, aggregate, name, true);
    if (declaration !== undefined) roots.push({ declaration, receiver: onClass });
  }
  const events = memberOf(project, aggregate, "events", true);
  if (events !== undefined) {
    const upgrades = upgradesOf(project, events.module, valueNode(events) as Expression);
    for (const declaration of upgrades ?? [events]) roots.push({ declaration, receiver: undefined });
  }
  const shells = shapes.flatMap(({ shell }) => (shell === undefined ? [] : [shell]));
  for (const declaration of [...shells, ...computed]) roots.push({ declaration, receiver: onClass });
  return roots;
}

/** The member that an instance, or the class, has: its own, or else the nearest that is inherited. */
function memberOf(
  project: Project,
  { shape, style }: FoundAggregate,
  name: string,
  declared: boolean,
): Declaration | undefined {
  return chainOf(project, shape)
    .shapes.map((each) => (declared && style === "class" ? each.static : each.instance).get(name))
    .find((member) => member !== undefined);
}

/** The expression that a property has as its value; a method stands for itself. */
function valueNode(declaration: Declaration): Node {
  const node = declaration.nodes[0] as Node & { readonly value?: Node | null };
  return node.type.endsWith("Property") && node.value ? node.value : node;
}

function literalOf(project: Project, declaration: Declaration): Node {
  return project.valueOf(declaration.module, valueNode(declaration) as Expression).node;
}

function wholeNumber(node: Node): number | undefined {
  return node.type === "NumericLiteral" && Number.isSafeInteger(node.value) && node.value >= 1 ? node.value : undefined;
}
