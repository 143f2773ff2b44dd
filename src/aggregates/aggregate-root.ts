import { checkName } from "../events/bounds.ts";
import type { DomainEvent } from "../events/event.ts";
import { type AggregateType, definitionOf } from "./aggregate-definition.ts";
import { AggregateHistory } from "./aggregate-history.ts";

/** Data by event type: `EventData<AccountEvent>["MoneyDeposited"]`. */
export type EventData<Event extends DomainEvent> = {
  readonly [E in Event as E["type"]]: E["data"];
};

// oxlint-disable-next-line typescript/no-explicit-any -- stands for every aggregate, whatever its state and events
export type AnyAggregate = AggregateRoot<any, any>;

/** What a repository may do to an aggregate and its users may not. Exported by no entry point. */
export let historyOf: (aggregate: AnyAggregate) => AggregateHistory;

/**
 * An aggregate in class style: plain state, a pure fold, and methods that raise events.
 *
 * ```ts
 * class Counter extends AggregateRoot<{ value: number }, DomainEvent<"Incremented", { by: number }>> {
 *   static readonly aggregateType = "Counter";
 *   protected initialState() { return { value: 0 }; }
 *   protected evolve(state: { value: number }, event: DomainEvent<"Incremented", { by: number }>) {
 *     return { value: state.value + event.data.by };
 *   }
 *   increment(by: number): void { this.raise("Incremented", { by }); }
 * }
 * ```
 */
export abstract class AggregateRoot<State, Event extends DomainEvent> {
  readonly id: string;
  readonly #history: AggregateHistory;

  /** Repositories call this; tests may. @throws {InvalidNameError} for an id out of bounds. */
  constructor(id: string) {
    checkName("aggregate id", id);
    this.id = id;
    this.#history = new AggregateHistory(definitionOf(this.constructor as AggregateType<AnyAggregate>), id, {
      initialState: () => this.initialState(id),
      evolve: (state, event) => this.evolve(state as State, event as Event),
    });
  }

  static {
    historyOf = (aggregate) => aggregate.#history;
  }

  /** Number of events folded into `state`, those not saved yet included. */
  get version(): number {
    return this.#history.version;
  }

  /** What the events up to `version` have made. Read only: it changes by what is raised. */
  get state(): State {
    return this.#history.state as State;
  }

  /** The state before the first event. Asked for once, when it is first needed. */
  protected abstract initialState(id: string): State;

  /**
   * The state after `event`. Pure: it reads its two arguments and nothing else (no clock, no random), changes neither, and
   * returns a state in every case.
   */
  protected abstract evolve(state: State, event: Event): State;

  /**
   * Makes an event of a copy of `data` and folds it. Stored by the repository's next `save`.
   *
   * @throws {EventValidationError} when the schema of the type refuses `data`.
   * @throws {UnknownEventTypeError} when the type is not among the declared ones.
   * @throws {SerializationError} when `data` would not survive being stored. In each case the aggregate is as it was.
   */
  protected raise<Type extends Event["type"]>(type: Type, data: EventData<Event>[Type]): void {
    this.#history.raise([{ type, data }]);
  }
}
