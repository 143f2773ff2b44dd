import { ConfigurationError } from "../errors.ts";
import { checkName, wholeNumberOption } from "../events/bounds.ts";
import { type Codec, type TextCodec, textCodec } from "../events/codec.ts";
import type { DomainEvent, StoredEvent } from "../events/event.ts";
import { type EventDefinitions, type EventRegistry, eventRegistry } from "../events/event-definitions.ts";
import type { SnapshotKey, WantedOfType } from "../snapshots/snapshot-store.ts";
import type { AnyAggregate } from "./aggregate-root.ts";
import { type StateSchema, stateFingerprint } from "./state-fingerprint.ts";
import type { StateUpgrades } from "./state-upgrades.ts";

/** The class side of an aggregate: what is declared once, beside the instances. */
export interface AggregateType<A extends AnyAggregate> {
  new (id: string): A;
  /** Names the aggregate in the stores: 1 to 255 UTF-16 units. Renaming it loses sight of what is stored. */
  readonly aggregateType: string;
  /**
   * Version of the state's shape and meaning: add 1 whenever the same events would fold into another state. Where a subclass raises
   * it, write the type: `static readonly schemaVersion: number = 1`. @default 1
   */
  readonly schemaVersion?: number;
  /** Shape of the state. With it, a change of shape is noticed even where nobody raised `schemaVersion`. */
  readonly stateSchema?: StateSchema;
  /** From `upgradeState`: brings snapshots of older schema versions up to date. @default none: events are replayed */
  readonly stateUpgrades?: StateUpgrades<A["state"]>;
  /** From `defineEvents`. Without it TypeScript alone guards what is raised. */
  // oxlint-disable-next-line typescript/no-explicit-any -- any schemas: their types matter where events are raised
  readonly events?: EventDefinitions<any>;
  /** For states that hold more than JSON. @default strict JSON */
  readonly stateCodec?: Codec;
  /** For event data that holds more than JSON. @default strict JSON */
  readonly dataCodec?: Codec;
}

/** What an {@link AggregateType} declares, checked and ready for use. */
export interface AggregateDefinition {
  readonly aggregateType: string;
  /** Which snapshots it writes, and which it can load from. */
  readonly wanted: WantedOfType;
  readonly stateCodec: TextCodec;
  readonly dataCodec: TextCodec;
  readonly registry: EventRegistry;
  /** A decoded state of an accepted schema version in today's shape. */
  readonly upgradeState: (schemaVersion: number, state: unknown) => unknown;
  /** A stored event as `evolve` sees it today: decoded and upgraded. */
  toDomainEvent(event: StoredEvent): DomainEvent;
}

const definitions = new WeakMap<AggregateType<AnyAggregate>, AggregateDefinition>();

/**
 * Resolves each class once.
 *
 * @throws {ConfigurationError} {@link InvalidNameError} when the class declares what cannot work.
 */
export function definitionOf(type: AggregateType<AnyAggregate>): AggregateDefinition {
  let definition = definitions.get(type);
  if (definition === undefined) definitions.set(type, (definition = resolve(type)));
  return definition;
}

/**
 * Which snapshots a class writes, and which it can load from: what `storage.snapshots` is asked with.
 *
 * @throws {ConfigurationError} {@link InvalidNameError} when the class declares what cannot work.
 */
export function wantedSnapshot(type: AggregateType<AnyAggregate>): WantedOfType {
  return { ...definitionOf(type).wanted };
}

function resolve(type: AggregateType<AnyAggregate>): AggregateDefinition {
  const { aggregateType, schemaVersion = 1 } = type;
  if (aggregateType === undefined) {
    const problem = 'is missing. Declare `static readonly aggregateType = "…"` on the class.';
    throw new ConfigurationError({ option: `${type.name || "class"}.aggregateType`, problem });
  }
  checkName(`aggregate type of class ${type.name}`, aggregateType);
  wholeNumberOption(`${type.name}.schemaVersion`, schemaVersion);
  const upgrades = type.stateUpgrades?.steps ?? [];
  const upgradableFrom = schemaVersion - upgrades.length;
  if (upgradableFrom < 1) {
    const problem = `has ${upgrades.length} steps; schema version ${schemaVersion} has ${schemaVersion - 1} before it.`;
    throw new ConfigurationError({ option: `${type.name}.stateUpgrades`, problem });
  }
  const registry = eventRegistry(type.events);
  const wanted = {
    aggregateType,
    schemaVersion,
    fingerprint: stateFingerprint(type, registry),
    upgradableFrom,
    formerKeys: formerKeysOf(type.name, upgrades, upgradableFrom, registry),
  };
  const dataCodec = textCodec(type.dataCodec, "drop");
  return {
    aggregateType,
    wanted,
    // A state with undefined properties would come back without them, and `Object.keys` in a fold would see another state.
    stateCodec: textCodec(type.stateCodec, "refuse"),
    dataCodec,
    registry,
    upgradeState: (from, state) =>
      from === schemaVersion
        ? state
        : upgrades.slice(from - upgradableFrom).reduce((shape, { upgrade }) => upgrade(shape), state),
    toDomainEvent:
      type.dataCodec || type.events ? (event) => today(event, dataCodec, registry) : (event) => plain(event, registry),
  };
}

/**
 * The keys that state upgrades take rows of: for each step the one that it names, or those of a definition of its schema version
 * that had the earlier steps, today's event upgrades or none, and no `stateSchema`.
 */
function formerKeysOf(
  name: string,
  steps: StateUpgrades<unknown>["steps"],
  upgradableFrom: number,
  registry: EventRegistry,
): SnapshotKey[] {
  return steps.flatMap(({ fingerprint }, index) => {
    const schemaVersion = upgradableFrom + index;
    if (fingerprint !== undefined) return [{ schemaVersion, fingerprint }];
    const former = { name, schemaVersion, stateUpgrades: { steps: steps.slice(0, index) } };
    return [eventRegistry(undefined), registry].map((events) => {
      return { schemaVersion, fingerprint: stateFingerprint(former, events) };
    });
  });
}

/** Without a codec and definitions events are as they were stored: no allocation in the innermost loop. */
function plain(event: StoredEvent, registry: EventRegistry): DomainEvent {
  if (event.schemaVersion !== 1) registry.upgrade(event.type, event.schemaVersion, event.data);
  return event;
}

function today(event: StoredEvent, dataCodec: TextCodec, registry: EventRegistry): DomainEvent {
  const decoded = dataCodec.decode(event.data);
  const data = registry.upgrade(event.type, event.schemaVersion, decoded);
  const schemaVersion = registry.schemaVersionOf(event.type);
  // An upgrade may change the data in place: the same object is not the same shape.
  return data === event.data && schemaVersion === event.schemaVersion ? event : { ...event, data, schemaVersion };
}
