import { v7 as uuidv7 } from "uuid";
import { ConfigurationError, EvolveError } from "../errors.ts";
import { checkName } from "../events/bounds.ts";
import { deepFreeze } from "../events/deep-freeze.ts";
import { discardPromise } from "../events/discard-promise.ts";
import {
  type DomainEvent,
  type EventMetadata,
  metadataText,
  type NewEvent,
  type StoredEvent,
} from "../events/event.ts";
import { toInstant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import type { SnapshotBaseline } from "../snapshots/snapshot-writer.ts";
import type { AggregateDefinition } from "./aggregate-definition.ts";
import { foldTwice } from "./fold-purity.ts";

/** The pure part of an aggregate. */
export interface Fold {
  readonly initialState: () => unknown;
  readonly evolve: (state: unknown, event: DomainEvent) => unknown;
}

/** What events of an instance are made with. */
export interface RaiseContext {
  readonly clock: () => Date;
  readonly newId: () => string;
  /** Whether states and events are deep-frozen. */
  readonly freeze: boolean;
  /** Whether each event is folded twice and compared. */
  readonly checkPurity: boolean;
  readonly metadata: EventMetadata;
  readonly metadataText: string;
}

/** An event that is raised and not committed: as `evolve` saw it, and as it will be stored. */
export interface UncommittedEvent {
  readonly event: DomainEvent;
  /** Text since the moment of raising, so that nobody can change what is stored. */
  readonly record: NewEvent;
  /** Of the event before it; undefined for the first one. */
  readonly previousId: string | undefined;
}

type MetadataContext = Pick<RaiseContext, "metadata" | "metadataText">;

const NO_METADATA: MetadataContext = { metadata: Object.freeze({}), metadataText: "{}" };

const DEFAULT_CONTEXT: RaiseContext = {
  clock: () => new Date(),
  newId: uuidv7,
  freeze: false,
  checkPurity: false,
  ...NO_METADATA,
};

/** Metadata for the events of one instance, copied. @throws {SerializationError} */
export function metadataContext(metadata: EventMetadata | undefined): MetadataContext {
  if (metadata === undefined) return NO_METADATA;
  const text = metadataText(metadata);
  return { metadata: deepFreeze(JSON.parse(text) as EventMetadata), metadataText: text };
}

/** The inner side of one aggregate instance: what it has folded, and what it has raised and not yet committed. */
export class AggregateHistory {
  readonly stream: StreamId;
  readonly definition: AggregateDefinition;
  /** Events folded, uncommitted ones included. */
  version = 0;
  /** Id of event `version`; undefined at version 0. */
  lastEventId: string | undefined;
  /** In order; the repository removes from the front exactly what it has appended. */
  readonly uncommitted: UncommittedEvent[] = [];
  /** The save in flight, for the next one to wait for. */
  saving: Promise<void> | undefined;
  /** How many of the first uncommitted events were in an append whose answer was lost; 0 when none was. */
  lostAppendEvents = 0;
  readonly baseline: SnapshotBaseline = {
    snapshotVersion: 0,
    createdAt: undefined,
    firstEventAt: undefined,
    replayMs: 0,
    rejectedRow: undefined,
  };
  readonly #fold: Fold;
  #context = DEFAULT_CONTEXT;
  #changing = false;
  #state: { readonly value: unknown } | undefined;

  constructor(definition: AggregateDefinition, aggregateId: string, fold: Fold) {
    this.definition = definition;
    this.stream = { aggregateType: definition.aggregateType, aggregateId };
    this.#fold = fold;
  }

  get state(): unknown {
    this.#state ??= { value: this.#frozen(this.#fold.initialState()) };
    return this.#state.value;
  }

  /** How many of the folded events are committed. */
  get committedVersion(): number {
    return this.version - this.uncommitted.length;
  }

  /** Repositories pass in what they were configured with, before anything is folded. */
  useContext(context: RaiseContext): void {
    this.#context = context;
  }

  /** Folds new events: all of them, or, when one is refused or `evolve` throws, none. */
  raise(facts: readonly { readonly type: string; readonly data: unknown }[]): void {
    const raised: UncommittedEvent[] = [];
    this.#change(() => {
      let state = this.state;
      for (const { type, data } of facts) {
        const previousId = raised.at(-1)?.event.id ?? this.lastEventId;
        const made = this.#make(type, data, { version: this.version + raised.length + 1, previousId });
        state = this.#evolve(state, made.event);
        raised.push(made);
      }
      return state;
    });
    this.#advance(raised.map(({ event }) => event));
    // One by one: as arguments, a very long list would not fit the stack.
    for (const each of raised) this.uncommitted.push(each);
  }

  /** Folds stored events, which follow `version` without a gap. */
  replay(events: readonly StoredEvent[]): void {
    this.#change(() => {
      let state = this.state;
      for (const event of events) state = this.#evolve(state, this.definition.toDomainEvent(event));
      return state;
    });
    this.#advance(events);
  }

  /** Takes the state of a snapshot, already parsed, instead of the events up to its version. */
  restore(row: Pick<SnapshotRow, "schemaVersion" | "version" | "lastEventId">, parsedState: unknown): void {
    const { stateCodec, upgradeState } = this.definition;
    const state = upgradeState(row.schemaVersion, stateCodec.decode(parsedState));
    if (state === undefined || discardPromise(state)) {
      throw new TypeError(
        `A state upgrade or the state codec returned ${state === undefined ? "undefined" : "a promise"}.`,
      );
    }
    this.#state = { value: this.#frozen(state) };
    this.version = row.version;
    this.lastEventId = row.lastEventId;
  }

  /** The state as the text that a snapshot stores. @throws {SerializationError} */
  stateText(): string {
    return this.definition.stateCodec.encode(this.state, "state");
  }

  /** Takes the state that `work` computes. While it does, nothing may be raised: `evolve` only tells what has happened. */
  #change(work: () => unknown): void {
    if (this.#changing) {
      const problem = "calls raise(). Raise events in command methods; evolve and initialState only compute a state.";
      throw new ConfigurationError({ option: `evolve of ${this.definition.aggregateType}`, problem });
    }
    this.#changing = true;
    try {
      this.#state = { value: work() };
    } finally {
      this.#changing = false;
    }
  }

  #advance(events: readonly Pick<DomainEvent, "id" | "occurredAt">[]): void {
    if (this.version === 0) this.baseline.firstEventAt = events[0]?.occurredAt;
    this.version += events.length;
    this.lastEventId = events.at(-1)?.id ?? this.lastEventId;
  }

  #make(
    type: string,
    input: unknown,
    { version, previousId }: { readonly version: number; readonly previousId: string | undefined },
  ): UncommittedEvent {
    const { registry, dataCodec } = this.definition;
    const { clock, newId, metadata } = this.#context;
    checkName("event type", type);
    const dataText = dataCodec.encode(registry.validate(type, input), "data");
    const data = dataCodec.decode(JSON.parse(dataText));
    registry.confirm(type, data);
    const id = newId();
    checkName("event id", id);
    const occurredAt = toInstant("time of the event", clock());
    const schemaVersion = registry.schemaVersionOf(type);
    return {
      event: { id, type, data, version, occurredAt, metadata, schemaVersion },
      record: { id, type, occurredAt, schemaVersion, dataText, metadataText: this.#context.metadataText },
      previousId,
    };
  }

  #evolve(state: unknown, event: DomainEvent): unknown {
    const { checkPurity } = this.#context;
    const { evolve } = this.#fold;
    const frozen = this.#frozen(event);
    const next = checkPurity ? foldTwice(this, evolve, state, frozen) : evolve(state, frozen);
    if (next === undefined || discardPromise(next)) {
      const returned = next === undefined ? "undefined" : "a promise";
      throw new EvolveError({ stream: this.stream, version: event.version, eventType: event.type, returned });
    }
    return this.#frozen(next);
  }

  #frozen<Value>(value: Value): Value {
    return this.#context.freeze ? deepFreeze(value) : value;
  }
}
