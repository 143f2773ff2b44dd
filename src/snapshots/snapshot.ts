import { CorruptSnapshotError } from "../errors.ts";
import { checkName, checkWholeNumber } from "../events/bounds.ts";
import { deepFreeze } from "../events/deep-freeze.ts";
import { type Instant, toInstant } from "../events/instant.ts";
import { checkStreamId } from "../events/stream-id.ts";
import { type JsonValue, toStrictJson } from "../events/strict-json.ts";

/** A row of a snapshot store as it lies there: nothing of it is parsed, checked or believed yet. */
export interface SnapshotRow {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Number of events folded into the state; events with a greater version are replayed on top. */
  readonly version: number;
  /** Version of the state's shape, declared by the class that wrote it. */
  readonly schemaVersion: number;
  /** Of the definition that wrote it; `""` when none was declared. */
  readonly fingerprint: string;
  /** Id of event `version`: shows that the row belongs to the history that stands there. Undefined if built by hand. */
  readonly lastEventId: string | undefined;
  /** Over the other fields and the exact state text. Undefined if built by hand. */
  readonly checksum: string | undefined;
  readonly createdAt: Instant;
  /** The state as JSON, to the letter. */
  readonly stateText: string;
}

/** Fields of a snapshot built by hand. Those that a repository writes carry a proof beside. */
export interface SnapshotFields {
  readonly aggregateId: string;
  readonly aggregateType: string;
  /** 1 or more: before the first event there is nothing to snapshot. */
  readonly version: number;
  /** Plain JSON. Copied. */
  readonly state: unknown;
  /** 1 or more. @default 1 */
  readonly schemaVersion?: number;
  /** @default now */
  readonly createdAt?: Date | Instant;
}

/** Whether a snapshot was found whole: found out once for all of its copies, as none of them can change. */
interface ProofOnce {
  found?: { readonly flaw: ProofFlaw | undefined };
}

/** Why a row does not prove that it is whole. */
export type ProofFlaw = "unproven" | "corrupt";

/** Undefined for a row that may change or that shows another text than it holds. Exported by no entry point. */
export let proofOnceOf: (row: SnapshotRow) => ProofOnce | undefined;

let stateOf: (snapshot: Snapshot) => JsonValue;

/**
 * The state of one aggregate at one version. Immutable, and a cache: events are the truth, it may be deleted at any time.
 *
 * Printing one (`console.log`, a template, `JSON.stringify`) shows the keys of the state, never its values, so that logs stay
 * free of what people entrust to aggregates.
 */
export class Snapshot implements SnapshotRow {
  readonly aggregateId: string;
  readonly aggregateType: string;
  readonly version: number;
  /**
   * The state as JSON brings it back, deeply frozen, before any codec of the aggregate. Parsed at the first access.
   *
   * @throws {CorruptSnapshotError} when the store holds something that is not JSON.
   */
  declare readonly state: JsonValue;
  readonly schemaVersion: number;
  readonly createdAt: Instant;
  readonly fingerprint: string;
  readonly lastEventId: string | undefined;
  readonly checksum: string | undefined;
  readonly #stateText: string;
  readonly #proofOnce: ProofOnce;
  #parsed: { readonly state: JsonValue } | undefined;

  /**
   * @param source fields, which are checked and copied, or a store's row, which is taken as it lies.
   * @throws {SerializationError} when JSON would not bring `state` back as it is.
   * @throws {InvalidNameError} {@link InvalidNumberError} {@link InvalidInstantError} for the other fields.
   */
  constructor(source: SnapshotFields | SnapshotRow) {
    const row = "stateText" in source ? source : rowByHand(source);
    this.aggregateId = row.aggregateId;
    this.aggregateType = row.aggregateType;
    this.version = row.version;
    this.schemaVersion = row.schemaVersion;
    this.createdAt = row.createdAt;
    this.fingerprint = row.fingerprint;
    this.lastEventId = row.lastEventId;
    this.checksum = row.checksum;
    this.#stateText = row.stateText;
    // A snapshot's fields are frozen, but a subclass may give a text of its own.
    this.#proofOnce = #proofOnce in row && this.#stateText === row.#stateText ? row.#proofOnce : {};
    // An own property, so that comparing two snapshots deeply compares their states.
    Object.defineProperty(this, "state", STATE);
    Object.freeze(this);
  }

  get stateText(): string {
    return this.#stateText;
  }

  toString(): string {
    const { aggregateType, aggregateId, version, schemaVersion, createdAt } = this;
    const keys = `state keys: ${this.#stateKeys().join(", ") || "none"}`;
    return `Snapshot ${aggregateType}/${aggregateId} at version ${version} (schema ${schemaVersion}, ${createdAt}, ${keys})`;
  }

  toJSON(): object {
    const { state: _hidden, ...shown } = Object.getOwnPropertyDescriptors(this);
    const fields = Object.entries(shown).map(([name, { value }]) => [name, value as unknown]);
    return { ...Object.fromEntries(fields), stateKeys: this.#stateKeys() };
  }

  static {
    proofOnceOf = (row) => (#proofOnce in row && row.stateText === row.#stateText ? row.#proofOnce : undefined);
    stateOf = (snapshot) => (snapshot.#parsed ??= parse(snapshot)).state;
    // What console.log of Node, Bun and Deno asks for; set here, because declarations cannot name a computed symbol.
    const inspect = Symbol.for("nodejs.util.inspect.custom");
    Object.defineProperty(Snapshot.prototype, inspect, {
      value(this: Snapshot): string {
        return this.toString();
      },
    });
  }

  #stateKeys(): readonly string[] {
    try {
      return typeof this.state === "object" && this.state !== null ? Object.keys(this.state) : [];
    } catch {
      return ["(unreadable)"];
    }
  }
}

/**
 * Checks what `saveSnapshot` was given, the same in every store.
 *
 * @throws {InvalidNameError} {@link InvalidNumberError} {@link InvalidInstantError}
 */
export function checkSnapshot(snapshot: SnapshotRow): void {
  checkStreamId(snapshot);
  checkWholeNumber("snapshot version", snapshot.version, 1);
  checkWholeNumber("schema version", snapshot.schemaVersion, 1);
  toInstant("creation time of the snapshot", snapshot.createdAt);
  if (snapshot.fingerprint !== "") checkName("fingerprint", snapshot.fingerprint);
  if (snapshot.lastEventId !== undefined) checkName("last event id", snapshot.lastEventId);
  if (snapshot.checksum !== undefined) checkName("checksum", snapshot.checksum);
}

function rowByHand(fields: SnapshotFields): SnapshotRow {
  const row: SnapshotRow = {
    aggregateId: fields.aggregateId,
    aggregateType: fields.aggregateType,
    version: fields.version,
    schemaVersion: fields.schemaVersion ?? 1,
    fingerprint: "",
    lastEventId: undefined,
    checksum: undefined,
    createdAt: toInstant("creation time of the snapshot", fields.createdAt ?? new Date()),
    stateText: toStrictJson(fields.state, "state", "refuse"),
  };
  checkSnapshot(row);
  return row;
}

// One for all instances: with a closure for each, making one would take several times as long.
const STATE: PropertyDescriptor & ThisType<Snapshot> = {
  enumerable: true,
  get() {
    return stateOf(this);
  },
};

function parse(snapshot: Snapshot): { readonly state: JsonValue } {
  try {
    return { state: deepFreeze(JSON.parse(snapshot.stateText) as JsonValue) };
  } catch (cause) {
    throw new CorruptSnapshotError({ stream: snapshot, version: snapshot.version, cause });
  }
}
