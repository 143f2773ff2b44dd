import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError, EventUpgradeError, EventValidationError, UnknownEventTypeError } from "../errors.ts";
import { checkName } from "./bounds.ts";
import type { DomainEvent } from "./event.ts";

/** Turns data of one stored shape into the next one. Pure; it owns what it is given. */
// oxlint-disable-next-line typescript/no-explicit-any -- data of older shapes has no type any more
export type EventUpgrade = (data: any) => unknown;

/** A schema of any Standard Schema library (Zod, Valibot, ArkType …), synchronous, with the upgrades that led to it. */
type EventSchema<Data = unknown> = StandardSchemaV1<unknown, Data> & {
  readonly upgrades?: readonly EventUpgrade[];
};

/** A union of events by the schemas that `defineEvents` was given: `type AccountEvent = EventOf<typeof accountEvents>`. */
export type EventOf<Definitions extends { readonly schemas: Readonly<Record<string, StandardSchemaV1>> }> = {
  [Type in keyof Definitions["schemas"] & string]: DomainEvent<
    Type,
    NonNullable<Definitions["schemas"][Type]["~standard"]["types"]>["output"]
  >;
}[keyof Definitions["schemas"] & string];

/** The event types of one aggregate: their schemas, and the way from every shape that was ever stored to today's. */
export interface EventDefinitions<Schemas extends Readonly<Record<string, StandardSchemaV1>>> {
  readonly schemas: Schemas;
}

/**
 * Registers event types. Data is validated when an event is raised, and upgraded step by step when an old one is read.
 *
 * ```ts
 * const accountEvents = defineEvents({
 *   AccountOpened: z.object({ ownerName: z.string() }),
 *   MoneyDeposited: upgraded(z.object({ cents: z.int() }), (v1) => ({ cents: Math.round(v1.amount * 100) })),
 * });
 * type AccountEvent = EventOf<typeof accountEvents>;
 * ```
 *
 * @throws {ConfigurationError} for what is not a Standard Schema.
 * @throws {InvalidNameError} for a type name out of bounds.
 */
export function defineEvents<const Schemas extends Readonly<Record<string, StandardSchemaV1>>>(
  schemas: Schemas,
): EventDefinitions<Schemas> {
  for (const [type, schema] of Object.entries(schemas)) {
    checkName("event type", type);
    if (typeof schema?.["~standard"]?.validate !== "function") {
      throw new ConfigurationError({ option: `defineEvents.${type}`, problem: "is not a Standard Schema." });
    }
  }
  return Object.freeze({ schemas: Object.freeze({ ...schemas }) });
}

/**
 * A schema whose event type has been stored in other shapes before: `steps[0]` leads from the first shape to the second, and so
 * on; the last one leads to `schema`. Steps are only ever added at the end.
 */
export function upgraded<Schema extends StandardSchemaV1>(
  schema: Schema,
  ...steps: readonly [EventUpgrade, ...EventUpgrade[]]
): { readonly "~standard": Schema["~standard"]; readonly upgrades: readonly EventUpgrade[] } {
  return Object.freeze({ "~standard": schema["~standard"], upgrades: Object.freeze(steps) });
}

/** What an aggregate asks of its event definitions, whether it has some or none. */
export interface EventRegistry {
  /** Version of today's shape of `type`: 1 plus its upgrades. */
  schemaVersionOf(type: string): number;
  /** Data as the schema puts it out, for an event that is to be raised. */
  validate(type: string, data: unknown): unknown;
  /** Holds data that went through the codec against its schema once more, for the first event of each type. */
  confirm(type: string, data: unknown): void;
  /** Source texts of the upgrades, by type, for those types that have any. */
  upgradeSources(): readonly (readonly string[])[];
  /** Data of a stored event in today's shape. */
  upgrade(type: string, schemaVersion: number, data: unknown): unknown;
}

export function eventRegistry(
  definitions: EventDefinitions<Readonly<Record<string, StandardSchemaV1>>> | undefined,
): EventRegistry {
  return definitions === undefined ? new AnyEvents() : new RegisteredEvents(definitions.schemas);
}

/** No definitions: TypeScript alone guards what is raised, and there is one shape of each type. */
class AnyEvents implements EventRegistry {
  schemaVersionOf(): number {
    return 1;
  }

  validate(_type: string, data: unknown): unknown {
    return data;
  }

  confirm(): void {}

  upgradeSources(): readonly (readonly string[])[] {
    return [];
  }

  upgrade(eventType: string, storedSchemaVersion: number, data: unknown): unknown {
    if (storedSchemaVersion === 1) return data;
    throw new EventUpgradeError({
      eventType,
      storedSchemaVersion,
      problem: "needs its upgrades, but the aggregate has no `events = defineEvents(…)`.",
    });
  }
}

class RegisteredEvents implements EventRegistry {
  readonly #schemas: ReadonlyMap<string, EventSchema>;
  readonly #confirmed = new Set<string>();

  constructor(schemas: Readonly<Record<string, EventSchema>>) {
    this.#schemas = new Map(Object.entries(schemas));
  }

  schemaVersionOf(type: string): number {
    return 1 + (this.#schemaOf(type).upgrades?.length ?? 0);
  }

  validate(type: string, data: unknown): unknown {
    return this.#validated(type, data, "was not raised, its data is not valid");
  }

  confirm(type: string, data: unknown): void {
    if (this.#confirmed.has(type)) return;
    this.#validated(
      type,
      data,
      "has a schema that does not accept its own output; let it keep values as they are stored",
    );
    this.#confirmed.add(type);
  }

  upgradeSources(): readonly (readonly string[])[] {
    const types = [...this.#schemas.keys()].toSorted();
    return types
      .map((type) => [type, ...(this.#schemaOf(type).upgrades ?? []).map(String)])
      .filter((sources) => sources.length > 1);
  }

  upgrade(eventType: string, storedSchemaVersion: number, data: unknown): unknown {
    const steps = this.#schemaOf(eventType).upgrades ?? [];
    if (storedSchemaVersion === steps.length + 1) return data;
    const refuse = (problem: string, cause?: unknown): never => {
      throw new EventUpgradeError({ eventType, storedSchemaVersion, problem, cause });
    };
    if (storedSchemaVersion > steps.length) {
      refuse(`is newer than this build, which knows versions up to ${steps.length + 1}. Deploy the newer build.`);
    }
    try {
      return steps.slice(storedSchemaVersion - 1).reduce((shape, step) => step(shape), data);
    } catch (cause) {
      return refuse("could not be upgraded: a step threw.", cause);
    }
  }

  #validated(eventType: string, data: unknown, problem: string): unknown {
    const result = this.#schemaOf(eventType)["~standard"].validate(data);
    if (result instanceof Promise) {
      // Nobody will look at the outcome: it must not become an unhandled rejection.
      result.catch(() => undefined);
      throw new ConfigurationError({
        option: `defineEvents.${eventType}`,
        problem: "is an asynchronous schema. Raising is synchronous; check what needs a wait before the command.",
      });
    }
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message }));
    throw new EventValidationError({ eventType, problem, issues });
  }

  #schemaOf(eventType: string): EventSchema {
    const schema = this.#schemas.get(eventType);
    if (schema === undefined)
      throw new UnknownEventTypeError({ eventType, registeredTypes: [...this.#schemas.keys()] });
    return schema;
  }
}

function pathText(path: StandardSchemaV1.Issue["path"]): string {
  const keys = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return ["data", ...keys].join(".");
}
