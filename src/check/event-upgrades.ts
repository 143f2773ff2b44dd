import type { CallExpression, Expression, Node, ObjectExpression } from "@babel/types";
import { staticKey } from "./canonical-text.ts";
import { eventfoldName, targetOf } from "./class-chain.ts";
import { Declaration } from "./declaration.ts";
import type { Project, WrittenValue } from "./project.ts";
import { referencesOf } from "./references.ts";
import type { SourceModule } from "./source-module.ts";

/**
 * What of `events = defineEvents({ … })` a fold depends on: the upgrade steps. Schemas guard what is raised and never touch what
 * is read, so that adding an event type changes nothing here.
 *
 * @param events the declared value.
 * @returns undefined when the value is not written out as such: then it counts as a whole.
 */
export function upgradesOf(project: Project, module: SourceModule, events: Expression): Declaration[] | undefined {
  const defined = project.valueOf(module, events);
  const argument = eventfoldCall(project, defined, "defineEvents")?.arguments[0];
  if (argument === undefined) return undefined;
  const schemas = project.valueOf(defined.module, argument as Expression, defined.name);
  return schemas.node.type === "ObjectExpression" ? ofSchemas(project, schemas, schemas.node) : undefined;
}

/** The call that a value is, if Eventfold's function of this name is what it calls. */
export function eventfoldCall(
  project: Project,
  { module, node }: WrittenValue,
  name: string,
): CallExpression | undefined {
  if (node.type !== "CallExpression") return undefined;
  return eventfoldName(targetOf(project, module, node.callee as Expression)) === name ? node : undefined;
}

function ofSchemas(project: Project, schemas: WrittenValue, object: ObjectExpression): Declaration[] | undefined {
  const { module, name = "defineEvents" } = schemas;
  const found: Declaration[] = [];
  for (const property of object.properties) {
    if (property.type === "SpreadElement") {
      const spread = project.valueOf(module, property.argument);
      const inner = spread.node.type === "ObjectExpression" ? ofSchemas(project, spread, spread.node) : undefined;
      if (inner === undefined) return undefined;
      found.push(...inner);
      continue;
    }
    const type = property.computed ? undefined : staticKey(property.key);
    if (type === undefined || property.type !== "ObjectProperty") return undefined;
    const schema = project.valueOf(module, property.value as Expression, name);
    const steps = eventfoldCall(project, schema, "upgraded")?.arguments.slice(1);
    if (steps !== undefined) {
      found.push(new Declaration(schema.module, `upgrades of ${type}`, [key(type), ...steps]));
    } else if (!isSchemaOfLibrary(project, schema)) {
      found.push(new Declaration(schema.module, `schema of ${type}`, [key(type), schema.node]));
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** What a schema library makes, such as `z.object(…)`, carries no upgrades. What the user's own code makes might. */
function isSchemaOfLibrary(project: Project, { module, node }: WrittenValue): boolean {
  let root: Node = node;
  while (root.type === "CallExpression" || root.type === "MemberExpression") {
    root = root.type === "CallExpression" ? root.callee : root.object;
  }
  const [reference] = referencesOf(root);
  if (root.type !== "Identifier" || reference?.kind !== "name") return false;
  return project.lookup(module, reference.name, reference.path).every(({ kind }) => kind === "package");
}

/** The name of the event type, as a node, so that it counts too. */
function key(value: string): Node {
  return { type: "StringLiteral", value };
}
