import { ConfigurationError } from "../errors.ts";
import { type OptionNames, refuseUnknown, wholeNumberOption } from "../events/bounds.ts";
import type { EventStore } from "../events/event-store.ts";
import { undecorated } from "../events/event-store-decorator.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";
import { BoundedStates, HeldStates } from "./held-states.ts";

/** The bounds of a cache; one of them at least. */
export interface AggregateCacheOptions {
  /** Aggregates held at most, 1 or more. */
  readonly entriesMax?: number;
  /** Memory held at most, in bytes, 1 or more. A state counts two for each character of its JSON and id, and 500 beside. */
  readonly bytesMax?: number;
}

const OPTION_NAMES: OptionNames<AggregateCacheOptions> = { entriesMax: true, bytesMax: true };

/** The states of one class over one event store. Exported by no entry point. */
export let heldStatesOf: (cache: AggregateCache, eventStore: EventStore, definition: AggregateDefinition) => HeldStates;

/**
 * Holds the states of the aggregates that were used last, so that a load fetches only what is newer. May be shared between
 * repositories: states are kept apart by event store, by class (and so by aggregate type, schema version and fingerprint) and by
 * id. Within its bounds, what was not used for longest makes room.
 *
 * A load still asks the event store, and finds out there whether the state is of the history that stands: it returns what a replay
 * gives, unless an instance was saved whose state was changed in place. Only `load(id, { staleMs })` may be answered without
 * asking.
 */
export class AggregateCache {
  readonly #states: BoundedStates;

  /** @throws {ConfigurationError} without a bound, and for one that is no whole number of 1 or more. */
  constructor(options: AggregateCacheOptions) {
    refuseUnknown("", options, OPTION_NAMES);
    const { entriesMax, bytesMax } = options;
    if (entriesMax === undefined && bytesMax === undefined) {
      const problem = "is missing: a cache needs a bound. Pass entriesMax, bytesMax or both.";
      throw new ConfigurationError({ option: "entriesMax", problem });
    }
    this.#states = new BoundedStates(
      wholeNumberOption("entriesMax", entriesMax ?? Number.MAX_SAFE_INTEGER),
      wholeNumberOption("bytesMax", bytesMax ?? Number.MAX_SAFE_INTEGER),
    );
  }

  static {
    // A repository of decorated stores and one of plain ones see each other's saves.
    heldStatesOf = (cache, eventStore, definition) => {
      return new HeldStates(cache.#states, undecorated(eventStore), definition);
    };
  }

  /** States held now. */
  get entryCount(): number {
    return this.#states.entryCount;
  }

  /** Bytes held now, counted as `bytesMax` counts them. */
  get byteCount(): number {
    return this.#states.byteCount;
  }

  /** Drops every state. */
  clear(): void {
    this.#states.purge(() => true);
  }
}
