import { v7 as uuidv7 } from "uuid";
import { ConfigurationError } from "../errors.ts";
import { type OptionNames, refuseUnknown, wholeNumberOption } from "../events/bounds.ts";
import { discardPromise } from "../events/discard-promise.ts";
import type { DomainEvent } from "../events/event.ts";
import { type EventStore, PAGE_SIZE_DEFAULT } from "../events/event-store.ts";
import type { StreamId } from "../events/stream-id.ts";
import { everyEvents, type SnapshotPolicy } from "../snapshots/snapshot-policy.ts";
import type { JointStore, SnapshotStore } from "../snapshots/snapshot-store.ts";
import { AggregateCache } from "./aggregate-cache.ts";
import type { AnyAggregate } from "./aggregate-root.ts";
import { type Logger, logTo, type RepositoryFact, type RepositoryObserver } from "./repository-observer.ts";

/**
 * When the snapshot of a save is written: before `save` returns, behind its back, in the same statement or transaction as the
 * events (where both stores share a database), or only by `createSnapshot`.
 */
export type SnapshotMode = "sync" | "background" | "atomic" | "manual";

export interface RepositoryOptions<A extends AnyAggregate> {
  readonly eventStore: EventStore;
  /** Without it every load replays all events. */
  readonly snapshots?: SnapshotOptions<A>;
  /** Holds the states of what was used last, so that a load fetches only what is newer. May be shared. @default none */
  readonly cache?: AggregateCache;
  /** Is handed the events of each save once they are committed. */
  readonly publisher?: EventPublisher;
  /** Takes the warnings. pino, winston and console fit. `false` is for silence. @default console, warnings only */
  readonly logger?: Logger | false;
  /** Is told everything that happens, for metrics and tests. */
  readonly observer?: RepositoryObserver;
  /** Deep-freezes states and events, so that a fold that changes its input throws. Costs time; good in tests. @default false */
  readonly freeze?: boolean;
  /**
   * For development: folds each event twice, the first time on copies, a day later and with other random numbers, and throws an
   * {@link ImpureFoldError} when that makes a difference. @default false
   */
  readonly checkPurity?: boolean;
  /** @default the system's clock */
  readonly clock?: () => Date;
  /**
   * Makes ids of events, and of aggregates created without one. Ids must never repeat, not even after a restore from a backup: they
   * are what ties a snapshot to its history. @default UUIDv7
   */
  readonly newId?: () => string;
  /** Events fetched at once, 1 to 10,000. @default 1000 */
  readonly pageSize?: number;
}

export interface SnapshotOptions<A extends AnyAggregate> {
  /** A load is one read when it shares the connections of the event store, which atomic mode asks for. */
  readonly store: SnapshotStore;
  /** Events between snapshots, 1 or more: short for `policy: everyEvents(threshold)`. Ignored in manual mode. */
  readonly threshold?: number;
  /** Says when a snapshot is due. With neither this nor `threshold`, snapshots are taken by `createSnapshot` only. */
  readonly policy?: SnapshotPolicy<A["state"]>;
  /** @default "sync" */
  readonly mode?: SnapshotMode;
  /**
   * Longest wait for a snapshot to be read, in milliseconds; then the events are replayed. A store that hangs costs each load so
   * much. 1 or more. @default 1000
   */
  readonly timeoutMs?: number;
  /** Longest wait for a snapshot to be written, in milliseconds; not for one that goes with its events. 1 or more. @default 5000 */
  readonly writeTimeoutMs?: number;
  /** Background mode: aggregates whose snapshots wait or are being written, at most; 1 or more. @default 1000 */
  readonly queueLimit?: number;
  /** Background mode: takes a promise for each queued snapshot; for hosts that stop a process after its response. */
  readonly waitUntil?: (settled: Promise<void>) => void;
}

/** Passes committed events on. */
export interface EventPublisher {
  /**
   * Copies of the events of one save, in order; awaited. Saving the same instance in here would wait for itself. What it throws
   * makes `save` reject with a {@link PublishError}: the events stay committed.
   */
  publish(events: readonly DomainEvent[], stream: StreamId): unknown;
}

/** Options with their defaults, checked. */
export interface ResolvedOptions {
  readonly eventStore: EventStore;
  readonly cache: AggregateCache | undefined;
  readonly snapshots: ResolvedSnapshotOptions | undefined;
  readonly publisher: EventPublisher | undefined;
  readonly report: RepositoryObserver;
  readonly freeze: boolean;
  readonly checkPurity: boolean;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly pageSize: number;
}

export interface ResolvedSnapshotOptions {
  readonly store: SnapshotStore;
  /** Undefined: by hand only. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the repository's own state, which is unknown in here
  readonly policy: SnapshotPolicy<any> | undefined;
  readonly mode: SnapshotMode;
  /** In atomic mode only. */
  readonly joint: JointStore | undefined;
  readonly timeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly queueLimit: number;
  readonly waitUntil: ((settled: Promise<void>) => void) | undefined;
}

const OPTION_NAMES: OptionNames<RepositoryOptions<AnyAggregate>> = {
  eventStore: true,
  cache: true,
  snapshots: true,
  publisher: true,
  logger: true,
  observer: true,
  freeze: true,
  checkPurity: true,
  clock: true,
  newId: true,
  pageSize: true,
};
const SNAPSHOT_OPTION_NAMES: OptionNames<SnapshotOptions<AnyAggregate>> = {
  store: true,
  threshold: true,
  policy: true,
  mode: true,
  timeoutMs: true,
  writeTimeoutMs: true,
  queueLimit: true,
  waitUntil: true,
};
const MODES: readonly unknown[] = ["sync", "background", "atomic", "manual"];
const ONLY_IN_BACKGROUND = 'has no effect outside background mode. Leave it out, or pass mode: "background".';
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** @throws {ConfigurationError} for an option out of bounds, and for one that would have no effect beside the others. */
export function resolveOptions<A extends AnyAggregate>(
  options: RepositoryOptions<A>,
  aggregateType: string,
): ResolvedOptions {
  const {
    eventStore,
    snapshots,
    cache,
    publisher,
    observer,
    freeze = false,
    checkPurity = false,
    clock = () => new Date(),
    newId = uuidv7,
  } = options;
  refuseUnknown("", options, OPTION_NAMES);
  if (typeof eventStore?.append !== "function")
    refuse("eventStore", "is missing. Pass a store, such as openSqlite(path).eventStore.");
  if (cache !== undefined && !(cache instanceof AggregateCache))
    refuse("cache", "is no AggregateCache. Pass new AggregateCache({ entriesMax }).");
  if (publisher !== undefined && typeof publisher.publish !== "function")
    refuse("publisher", "has no publish(). Pass an object with publish(events, stream).");
  // What these two throw is ignored later, so that a typing error would silence them unnoticed.
  if (observer !== undefined && typeof observer !== "function")
    refuse("observer", "is no function. Pass one that takes facts.");
  if (options.logger && (typeof options.logger.info !== "function" || typeof options.logger.warn !== "function")) {
    refuse("logger", "has no info() or no warn(). Pass pino, winston, console, or false for silence.");
  }
  const logger = options.logger ?? { info: () => undefined, warn: (line: string) => console.warn(line) };
  const report = reportTo([observer, logger === false ? undefined : logTo(logger)]);
  const pageSize = wholeNumberOption("pageSize", options.pageSize ?? PAGE_SIZE_DEFAULT, { maximum: 10_000 });
  const resolved =
    snapshots === undefined ? undefined : resolveSnapshots(snapshots, { eventStore, aggregateType }, report);
  return { eventStore, cache, snapshots: resolved, publisher, report, freeze, checkPurity, clock, newId, pageSize };
}

function resolveSnapshots<A extends AnyAggregate>(
  options: SnapshotOptions<A>,
  { eventStore, aggregateType }: { readonly eventStore: EventStore; readonly aggregateType: string },
  report: RepositoryObserver,
): ResolvedSnapshotOptions {
  const { store, threshold, policy, mode = "sync", queueLimit, waitUntil } = options;
  refuseUnknown("snapshots.", options, SNAPSHOT_OPTION_NAMES);
  if (typeof store?.saveSnapshot !== "function") {
    refuse(
      "snapshots.store",
      "is missing, without which the others have no effect. Pass one, such as openSqlite(path).snapshotStore.",
    );
  }
  if (!MODES.includes(mode)) refuse("snapshots.mode", `is ${mode}; pass "sync", "background", "atomic" or "manual".`);
  if (threshold !== undefined && policy !== undefined) {
    refuse(
      "snapshots.policy",
      "contradicts threshold, which is a policy itself. Use anyOf(everyEvents(n), …) for both.",
    );
  }
  if (policy !== undefined && typeof policy !== "function")
    refuse("snapshots.policy", "is no function. Pass one, such as everyEvents(100).");
  if (mode === "manual" && policy !== undefined)
    refuse("snapshots.policy", "has no effect in manual mode. Leave out either.");
  if ((mode === "background" || mode === "atomic") && threshold === undefined && policy === undefined) {
    refuse("snapshots.mode", `is "${mode}", which has no effect without a threshold or a policy. Pass one of them.`);
  }
  const joint = mode === "atomic" ? store.jointWith?.(eventStore) : undefined;
  if (mode === "atomic" && joint === undefined) {
    refuse(
      "snapshots.mode",
      'is "atomic", which needs both stores in one database. Take them from one openSqlite() or connectPostgres(), ' +
        "or leave out the mode.",
    );
  }
  if (mode !== "background" && queueLimit !== undefined) refuse("snapshots.queueLimit", ONLY_IN_BACKGROUND);
  if (mode !== "background" && waitUntil !== undefined) refuse("snapshots.waitUntil", ONLY_IN_BACKGROUND);
  const everyThreshold = threshold === undefined ? undefined : everyEvents(threshold);
  if (mode === "manual" && threshold !== undefined) report({ kind: "threshold-ignored", aggregateType, threshold });
  return {
    store,
    policy: mode === "manual" ? undefined : (policy ?? everyThreshold),
    mode,
    joint,
    timeoutMs: wholeNumberOption("snapshots.timeoutMs", options.timeoutMs ?? 1_000, { maximum: TIMEOUT_MS_MAX }),
    writeTimeoutMs: wholeNumberOption("snapshots.writeTimeoutMs", options.writeTimeoutMs ?? 5_000, {
      maximum: TIMEOUT_MS_MAX,
    }),
    queueLimit: wholeNumberOption("snapshots.queueLimit", queueLimit ?? 1_000),
    waitUntil,
  };
}

/** Tells all of `observers`; trouble of theirs never becomes trouble of a load or a save. */
function reportTo(observers: readonly (RepositoryObserver | undefined)[]): RepositoryObserver {
  const present = observers.filter((observer) => observer !== undefined);
  return (fact: RepositoryFact) => {
    for (const observer of present) {
      try {
        discardPromise(observer(fact));
      } catch {
        // Documented: what an observer throws is ignored.
      }
    }
  };
}

function refuse(option: string, problem: string): never {
  throw new ConfigurationError({ option, problem });
}
