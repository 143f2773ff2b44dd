import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError } from "../errors.ts";
import type { EventRegistry } from "../events/event-definitions.ts";
import { sha256 } from "../snapshots/sha256.ts";

/** A schema of the state that can say its JSON Schema: Zod and ArkType can, Valibot with `@valibot/to-json-schema`. */
export type StateSchema = StandardJSONSchemaV1;

/** Enough to tell definitions apart, short enough for a key column. */
const DIGITS = 32;

/** What a class declares, beside its functions, about how events fold into its state. */
interface DeclaredFold {
  readonly name: string;
  readonly schemaVersion?: number | undefined;
  readonly stateSchema?: StateSchema | undefined;
  readonly stateUpgrades?: { readonly steps: readonly { readonly upgrade: unknown }[] } | undefined;
}

/**
 * Tells two definitions apart by what they declare: the JSON Schema of the state, the upgrades of events and states by their
 * source text, and the schema version. `""` when there is neither schema nor upgrade. Adding an event type leaves it as it was.
 *
 * @throws {ConfigurationError} when the schema cannot say its JSON Schema.
 */
export function stateFingerprint(fold: DeclaredFold, registry: EventRegistry): string {
  const shape = fold.stateSchema === undefined ? null : sorted(jsonSchema(fold.name, fold.stateSchema));
  const upgrades = [registry.upgradeSources(), fold.stateUpgrades?.steps.map(({ upgrade }) => String(upgrade)) ?? []];
  const declared = shape !== null || upgrades.some((sources) => sources.length > 0);
  return declared ? sha256(JSON.stringify([fold.schemaVersion ?? 1, shape, ...upgrades])).slice(0, DIGITS) : "";
}

function jsonSchema(className: string, schema: StateSchema): unknown {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new ConfigurationError({ option: `${className}.stateSchema`, problem, cause });
  };
  const converter = schema["~standard"]?.jsonSchema;
  if (typeof converter?.input !== "function") {
    return refuse("cannot say its JSON Schema. Use Zod, ArkType or Valibot's toStandardJsonSchema(), or leave it out.");
  }
  try {
    // The input side of a codec is what is stored.
    return converter.input({ target: "draft-2020-12" });
  } catch (cause) {
    return refuse("holds something that JSON Schema has no word for. Describe the state as it is stored.", cause);
  }
}

/** With keys, and lists of names, in order: the order in which a schema names its properties means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.every((item) => typeof item === "string") ? value.toSorted() : value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}
