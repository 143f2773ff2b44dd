/** The stream of one aggregate, as errors name it. */
interface StreamFacts {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/**
 * Base of every error that Eventfold raises by itself. `code` is stable across releases; `cause` keeps what lay beneath.
 * What a driver or user code throws and Eventfold does not know passes unchanged.
 */
export abstract class EventfoldError extends Error {
  abstract readonly code: string;
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
  }
}

/** An error about one stream. */
abstract class StreamError extends EventfoldError {
  readonly stream: StreamFacts;
  constructor(facts: { stream: StreamFacts; cause?: unknown }, predicate: string) {
    super(`Stream ${facts.stream.aggregateType}/${facts.stream.aggregateId} ${predicate}`, facts.cause);
    this.stream = facts.stream;
  }
}

/**
 * An option, a declaration of a class, or a combination that cannot take effect. Thrown before anything is stored: at construction
 * where that can tell, else by the first call that meets it.
 */
export class ConfigurationError extends EventfoldError {
  readonly code = "CONFIGURATION";
  readonly option: string;
  constructor(facts: { option: string; problem: string; cause?: unknown }) {
    super(`Option ${facts.option} ${facts.problem}`, facts.cause);
    this.option = facts.option;
  }
}

/** An identifier or name that not every store would keep exactly. */
export class InvalidNameError extends EventfoldError {
  readonly code = "INVALID_NAME";
  /** What the value was meant to be, such as "aggregate id". */
  readonly what: string;
  constructor(facts: { what: string; problem: string; advice?: string }) {
    const { advice = "Use a well-formed string of 1 to 255 UTF-16 units without U+0000, such as a UUID." } = facts;
    super(`The ${facts.what} ${facts.problem}. ${advice}`);
    this.what = facts.what;
  }
}

/** A number that must be whole and within bounds, and is not: a version, a position, a limit. */
export class InvalidNumberError extends EventfoldError {
  readonly code = "INVALID_NUMBER";
  readonly what: string;
  readonly value: unknown;
  constructor(facts: { what: string; value: unknown; minimum: number; maximum?: number }) {
    const upper = facts.maximum ?? "2^53 - 1";
    super(`The ${facts.what} is ${String(facts.value)}; pass a whole number from ${facts.minimum} to ${upper}.`);
    this.what = facts.what;
    this.value = facts.value;
  }
}

/** A moment that is no instant in UTC between the years 1 and 9999. */
export class InvalidInstantError extends EventfoldError {
  readonly code = "INVALID_INSTANT";
  readonly what: string;
  readonly value: unknown;
  constructor(facts: { what: string; value: unknown }) {
    super(
      `The ${facts.what} is ${String(facts.value)}; pass a Date, or text like 2026-01-31T12:00:00.000Z, ` +
        "in the years 1 to 9999.",
    );
    this.what = facts.what;
    this.value = facts.value;
  }
}

/** A value that JSON, or the declared codec, would not bring back as it was. Nothing was stored. */
export class SerializationError extends EventfoldError {
  readonly code = "SERIALIZATION";
  /** Where in the value, such as `state.items[3].price`. */
  readonly path: string;
  constructor(facts: { path: string; problem: string; cause?: unknown }) {
    super(`${facts.path} ${facts.problem}`, facts.cause);
    this.path = facts.path;
  }
}

/** An append without events, or with events that were not made by `newEvent`. */
export class InvalidAppendError extends StreamError {
  readonly code = "INVALID_APPEND";
  constructor(facts: { stream: StreamFacts; problem: string }) {
    super(facts, `is unchanged: ${facts.problem}`);
  }
}

/** The stream was not at the version, or not on the event, that the append expected. Nothing of the append was kept. */
export class OptimisticConcurrencyError extends StreamError {
  readonly code = "OPTIMISTIC_CONCURRENCY";
  readonly expectedVersion: number;
  readonly actualVersion: number;
  /** Where the version is the expected one, but another event stands there: the events were restored meanwhile. */
  readonly expectedEventId: string | undefined;
  constructor(facts: {
    stream: StreamFacts;
    expectedVersion: number;
    actualVersion: number;
    expectedEventId?: string;
    cause?: unknown;
  }) {
    super(
      facts,
      `is at version ${facts.actualVersion}, ` +
        (facts.expectedEventId === undefined
          ? `but ${facts.expectedVersion} was expected. `
          : `as expected, but not by event ${facts.expectedEventId}: it was restored meanwhile. `) +
        (facts.expectedVersion === 0
          ? "It exists already: load it, or create another id."
          : "Load it again and repeat the command, as update() does, with more attempts where many write at once."),
    );
    this.expectedVersion = facts.expectedVersion;
    this.actualVersion = facts.actualVersion;
    this.expectedEventId = facts.expectedEventId;
  }
}

/** An event with this id is stored already, in this stream or another. Nothing of the append was kept. */
export class DuplicateEventError extends StreamError {
  readonly code = "DUPLICATE_EVENT";
  /** The id that occurred twice; undefined where the database does not tell which of several it was. */
  readonly eventId: string | undefined;
  constructor(facts: { stream: StreamFacts; eventId?: string | undefined; cause?: unknown }) {
    const which = facts.eventId === undefined ? "one of the event ids" : `event id ${facts.eventId}`;
    super(
      facts,
      `is unchanged: ${which} is stored already. ` +
        "Ids are unique across all streams; if this is a repeated command, it has been carried out before.",
    );
    this.eventId = facts.eventId;
  }
}

/** The stream, or its snapshots up to some version, were erased for good. Nothing was stored. */
export class StreamErasedError extends StreamError {
  readonly code = "STREAM_ERASED";
  constructor(facts: { stream: StreamFacts; cause?: unknown }) {
    super(
      facts,
      "is unchanged. Either its events were erased for good: then new ones need a new id. Or its snapshots up to this version " +
        "were: then the next one can be taken after its next event.",
    );
  }
}

/** The connection failed while an append was under way: it may or may not have been committed. */
export class CommitUnknownError extends StreamError {
  readonly code = "COMMIT_UNKNOWN";
  /** From `update`: after how many saves it gave up. Undefined from a save, whose caller has the instance. */
  readonly attempts: number | undefined;
  constructor(facts: { stream: StreamFacts; cause: unknown; attempts?: number }) {
    super(
      facts,
      "may or may not have the appended events: the answer was lost" +
        (facts.attempts === undefined
          ? ". Save the same instance again: that succeeds whether or not its events are stored, and stores them once."
          : `, and update() could not settle it in ${facts.attempts} attempt(s). Once the store answers, load the aggregate and ` +
            "look; or update it again with a change that looks first whether it was carried out, and raises nothing if so."),
    );
    this.attempts = facts.attempts;
  }
}

/** A stream that does not read back as versions 1, 2, 3 … with readable events. No state can be computed from it. */
export class CorruptStreamError extends StreamError {
  readonly code = "CORRUPT_STREAM";
  /** The version that was expected where the damage was found. */
  readonly version: number;
  constructor(facts: { stream: StreamFacts; version: number; problem: string; cause?: unknown }) {
    super(
      facts,
      `is damaged at version ${facts.version}: ${facts.problem}. ` +
        "Restore its events from a backup; snapshots cannot stand in for them.",
    );
    this.version = facts.version;
  }
}

/** While a stream was read page by page, it was erased, or restored from a backup. What was read of it is not to be used. */
export class StreamChangedError extends StreamError {
  readonly code = "STREAM_CHANGED";
  /** Of the last event that was read, and does not stand there any more. */
  readonly version: number;
  constructor(facts: { stream: StreamFacts; version: number }) {
    super(facts, `was erased or restored while it was read, after version ${facts.version}. Read it again.`);
    this.version = facts.version;
  }
}

/** `load` found no event of the aggregate. */
export class AggregateNotFoundError extends StreamError {
  readonly code = "AGGREGATE_NOT_FOUND";
  constructor(facts: { stream: StreamFacts }) {
    super(facts, "has no events. Use find() or loadOrCreate() where absence is expected.");
  }
}

/** An event type that the aggregate's event definitions do not name. */
export class UnknownEventTypeError extends EventfoldError {
  readonly code = "UNKNOWN_EVENT_TYPE";
  readonly eventType: string;
  readonly registeredTypes: readonly string[];
  constructor(facts: { eventType: string; registeredTypes: readonly string[] }) {
    super(
      `Event type ${facts.eventType} is not registered (registered: ${facts.registeredTypes.join(", ") || "none"}). ` +
        "Add it to defineEvents(); a type that was ever stored must stay registered.",
    );
    this.eventType = facts.eventType;
    this.registeredTypes = facts.registeredTypes;
  }
}

/** Data that its event schema refuses. Nothing was raised. */
export class EventValidationError extends EventfoldError {
  readonly code = "EVENT_VALIDATION";
  readonly eventType: string;
  /** What the schema reported. The messages are its library's: some quote the value that they refuse. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  constructor(facts: { eventType: string; problem: string; issues: readonly { path: string; message: string }[] }) {
    const list = facts.issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ");
    super(`Event ${facts.eventType} ${facts.problem}: ${list}`);
    this.eventType = facts.eventType;
    this.issues = facts.issues;
  }
}

/** A stored event that could not be brought to today's shape. */
export class EventUpgradeError extends EventfoldError {
  readonly code = "EVENT_UPGRADE";
  readonly eventType: string;
  readonly storedSchemaVersion: number;
  constructor(facts: { eventType: string; storedSchemaVersion: number; problem: string; cause?: unknown }) {
    super(
      `Event ${facts.eventType}, stored with schema version ${facts.storedSchemaVersion}, ${facts.problem}`,
      facts.cause,
    );
    this.eventType = facts.eventType;
    this.storedSchemaVersion = facts.storedSchemaVersion;
  }
}

/** `evolve` gave no state. The aggregate is as it was before the event. */
export class EvolveError extends StreamError {
  readonly code = "EVOLVE";
  readonly version: number;
  readonly eventType: string;
  constructor(facts: { stream: StreamFacts; version: number; eventType: string; returned: string }) {
    super(
      facts,
      `has no state at version ${facts.version}: evolve returned ${facts.returned} for event ${facts.eventType}. ` +
        "Return the state in every case, also for events that change nothing.",
    );
    this.version = facts.version;
    this.eventType = facts.eventType;
  }
}

/** `evolve` is not pure, as the option `checkPurity` found. The aggregate is as it was before the event. */
export class ImpureFoldError extends StreamError {
  readonly code = "IMPURE_FOLD";
  readonly version: number;
  readonly eventType: string;
  constructor(facts: { stream: StreamFacts; version: number; eventType: string; problem: string }) {
    super(
      facts,
      `has no certain state at version ${facts.version}: evolve, for event ${facts.eventType}, ${facts.problem}.`,
    );
    this.version = facts.version;
    this.eventType = facts.eventType;
  }
}

/** A snapshot that cannot be taken of this aggregate now. */
export class SnapshotRefusedError extends StreamError {
  readonly code = "SNAPSHOT_REFUSED";
  constructor(facts: { stream: StreamFacts; problem: string }) {
    super(facts, `was not snapshotted: ${facts.problem}`);
  }
}

/** A stored snapshot whose state is not readable. Loads never meet this: they replay the events instead. */
export class CorruptSnapshotError extends StreamError {
  readonly code = "CORRUPT_SNAPSHOT";
  readonly version: number;
  constructor(facts: { stream: StreamFacts; version: number; cause?: unknown }) {
    super(
      facts,
      `has an unreadable snapshot at version ${facts.version}. ` +
        "Delete it: it is a cache, and loads replay the events without it.",
    );
    this.version = facts.version;
  }
}

/** The events are committed, but the publisher failed. Never repeat the command; publish the events again. */
export class PublishError extends StreamError {
  readonly code = "PUBLISH";
  readonly committed = true;
  /** The version that the stream has with the committed events. */
  readonly version: number;
  constructor(facts: { stream: StreamFacts; version: number; cause: unknown }) {
    super(
      facts,
      `is committed at version ${facts.version}, but publishing its events failed. ` +
        "Do not repeat the command: publish from the store.",
    );
    this.version = facts.version;
  }
}

/** A store did not answer in time. */
export class StoreTimeoutError extends EventfoldError {
  readonly code = "STORE_TIMEOUT";
  readonly operation: string;
  readonly timeoutMs: number;
  constructor(facts: { operation: string; timeoutMs: number }) {
    super(`${facts.operation} took longer than ${facts.timeoutMs} ms. Check the store, or raise the limit.`);
    this.operation = facts.operation;
    this.timeoutMs = facts.timeoutMs;
  }
}

/** The database was locked by another writer for longer than the busy timeout. Nothing was changed. */
export class StoreBusyError extends EventfoldError {
  readonly code = "STORE_BUSY";
  constructor(facts: { cause: unknown }) {
    super("The database stayed locked by another writer. Try again, or raise the busy timeout.", facts.cause);
  }
}

/** More appends wait for the store than it takes. Nothing was changed. */
export class StoreOverloadedError extends EventfoldError {
  readonly code = "STORE_OVERLOADED";
  /** Appends that the store has not answered yet. */
  readonly waiting: number;
  constructor(facts: { waiting: number }) {
    super(`${facts.waiting} appends wait for the store already. Let fewer run at once, or try again later.`);
    this.waiting = facts.waiting;
  }
}

/** The tables do not exist yet. */
export class TablesMissingError extends EventfoldError {
  readonly code = "TABLES_MISSING";
  constructor(facts: { cause: unknown }) {
    super(
      "The tables of Eventfold are missing or of an older release. " +
        "Run `await storage.migrate()` once at deployment, or the SQL that postgresMigrationSql() gives.",
      facts.cause,
    );
  }
}

/** A repository or store was used after `close()`. */
export class ClosedError extends EventfoldError {
  readonly code = "CLOSED";
  constructor(facts: { what: string }) {
    super(`The ${facts.what} is closed. Open a new one.`);
  }
}
