import { ConfigurationError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
import type { EventMetadata } from "../events/event.ts";
import type { AggregateCache } from "./aggregate-cache.ts";

/** For what is raised on an instance. */
export interface RaiseOptions {
  /** Copied into each event. */
  readonly metadata?: EventMetadata;
}

export interface LoadOptions extends RaiseOptions {
  /**
   * With a cache: a state that was the newest one less than so many milliseconds ago is good enough; then the event store is not
   * asked. What this process saved through repositories with the same event store and cache is always seen. On a connection of
   * yours (a SQLite handle, a pg Client), which may roll back, it is asked all the same. A save on top of a state that is not the
   * newest is an {@link OptimisticConcurrencyError}, as ever. 0 or more. @default 0
   */
  readonly staleMs?: number;
}

export interface UpdateOptions extends RaiseOptions {
  /** How often to save before a conflict, or an answer that was lost, is given up on. 1 to 1000. @default 5 */
  readonly attempts?: number;
}

const RAISE_NAMES: OptionNames<RaiseOptions> = { metadata: true };
const LOAD_NAMES: OptionNames<LoadOptions> = { ...RAISE_NAMES, staleMs: true };
const UPDATE_NAMES: OptionNames<UpdateOptions> = { ...RAISE_NAMES, attempts: true };

/** @throws {ConfigurationError} for an option that is unknown. */
export function checkRaise(options: RaiseOptions): void {
  refuseUnknown("", options, RAISE_NAMES);
}

/** @throws {ConfigurationError} for an option that is unknown. */
export function attemptsOf(options: UpdateOptions): number | undefined {
  refuseUnknown("", options, UPDATE_NAMES);
  return options.attempts;
}

/** @throws {ConfigurationError} for an option that is unknown, and for `staleMs` out of bounds, or without a cache. */
export function staleMsOf(options: LoadOptions, { cache }: { readonly cache: AggregateCache | undefined }): number {
  refuseUnknown("", options, LOAD_NAMES);
  const { staleMs = 0 } = options;
  if (typeof staleMs !== "number" || !(staleMs >= 0)) {
    const problem = `is ${String(staleMs)}; pass a number of 0 or more.`;
    throw new ConfigurationError({ option: "staleMs", problem });
  }
  if (staleMs > 0 && cache === undefined) {
    const problem = "has no effect without a cache. Pass cache: new AggregateCache({ entriesMax }) at construction.";
    throw new ConfigurationError({ option: "staleMs", problem });
  }
  return staleMs;
}
