import { ConfigurationError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
import type { Codec } from "../events/codec.ts";
import type { DomainEvent } from "../events/event.ts";
import type { EventDefinitions } from "../events/event-definitions.ts";
import type { AggregateType } from "./aggregate-definition.ts";
import { AggregateRoot, type EventData, historyOf } from "./aggregate-root.ts";
import type { StateSchema } from "./state-fingerprint.ts";
import type { StateUpgrades } from "./state-upgrades.ts";

/** What `decide` returns: type and data of an event that is yet to happen. */
export type Decision<Event extends DomainEvent> = {
  readonly [Type in Event["type"]]: { readonly type: Type; readonly data: EventData<Event>[Type] };
}[Event["type"]];

/** An aggregate in functional style: three functions over plain data. */
export interface Decider<State, Command, Event extends DomainEvent> {
  /** As `aggregateType` of a class. */
  readonly type: string;
  /** As `schemaVersion` of a class. @default 1 */
  readonly schemaVersion?: number;
  /** As `stateSchema` of a class. */
  readonly stateSchema?: StateSchema;
  /** As `stateUpgrades` of a class. */
  readonly stateUpgrades?: StateUpgrades<NoInfer<State>>;
  /** From `defineEvents`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in AggregateType
  readonly events?: EventDefinitions<any>;
  readonly stateCodec?: Codec;
  readonly dataCodec?: Codec;
  /** The state before the first event. */
  readonly initialState: (id: string) => State;
  /** What happens when `command` meets `state`; throws what makes the command impossible. */
  readonly decide: (state: NoInfer<State>, command: Command) => readonly NoInfer<Decision<Event>>[];
  /** The state after `event`. Pure, and complete: a missing case does not compile. */
  readonly evolve: (state: NoInfer<State>, event: Event) => NoInfer<State>;
}

/** An instance of what `defineAggregate` defines. */
export interface DecidedAggregate<State, Command> extends AggregateRoot<State, DomainEvent> {
  /** Decides, and raises all of the events or, when one is refused, none. */
  execute(command: Command): void;
}

const DECIDER_NAMES: OptionNames<Decider<unknown, unknown, DomainEvent>> = {
  type: true,
  schemaVersion: true,
  stateSchema: true,
  stateUpgrades: true,
  events: true,
  stateCodec: true,
  dataCodec: true,
  initialState: true,
  decide: true,
  evolve: true,
};

/**
 * Defines an aggregate in functional style; repositories take it like a class.
 *
 * ```ts
 * const Counter = defineAggregate({
 *   type: "Counter",
 *   initialState: () => ({ value: 0 }),
 *   decide: (state, command: { add: number }) => [{ type: "Added", data: { by: command.add } }],
 *   evolve: (state, event: DomainEvent<"Added", { by: number }>) => ({ value: state.value + event.data.by }),
 * });
 * const counters = new AggregateRepository(Counter, { eventStore });
 * await counters.update(id, (counter) => counter.execute({ add: 5 }));
 * ```
 *
 * @throws {ConfigurationError} for a name that is unknown: a mistyped `schemaVersion` would go unnoticed.
 */
export function defineAggregate<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
): AggregateType<DecidedAggregate<State, Command>> {
  refuseUnknown("", decider, DECIDER_NAMES);
  const type = class extends AggregateRoot<State, Event> {
    static readonly aggregateType = decider.type;
    static readonly schemaVersion = decider.schemaVersion ?? 1;
    static readonly stateSchema = decider.stateSchema;
    static readonly stateUpgrades = decider.stateUpgrades;
    static readonly events = decider.events;
    static readonly stateCodec = decider.stateCodec;
    static readonly dataCodec = decider.dataCodec;

    protected initialState(id: string): State {
      return decider.initialState(id);
    }

    protected evolve(state: State, event: Event): State {
      return decider.evolve(state, event);
    }

    execute(command: Command): void {
      const decided: unknown = decider.decide(this.state, command);
      if (!Array.isArray(decided)) {
        const problem =
          "returned no array. Return events as [{ type, data }], or [] for none; it cannot be asynchronous.";
        throw new ConfigurationError({ option: `${decider.type}.decide`, problem });
      }
      historyOf(this).raise(decided as readonly { readonly type: string; readonly data: unknown }[]);
    }
  };
  // Messages name the class.
  Object.defineProperty(type, "name", { value: decider.type });
  return type as unknown as AggregateType<DecidedAggregate<State, Command>>;
}
