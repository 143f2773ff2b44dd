import type { AggregateRepository } from "../aggregates/aggregate-repository.ts";
import type { EventStore } from "../events/event-store.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";

/** What `eventfold.config.ts` exports by default, for the commands that fold events. */
export interface EventfoldConfig {
  /**
   * Makes the repositories whose aggregates the commands look after, on the database that the command line names. One for each
   * aggregate type.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- repositories of different aggregates in one list
  readonly repositories: (storage: ConfigStorage) => readonly AggregateRepository<any>[];
}

/** Both stores over the database of the command line. They are the command line's to close. */
export interface ConfigStorage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
}

/** Gives `config` back: for the types in an editor. */
export function defineConfig(config: EventfoldConfig): EventfoldConfig {
  return config;
}
