export { AggregateCache, type AggregateCacheOptions } from "./aggregates/aggregate-cache.ts";
export { type AggregateType, wantedSnapshot } from "./aggregates/aggregate-definition.ts";
export { AggregateRepository } from "./aggregates/aggregate-repository.ts";
export { AggregateRoot, type AnyAggregate, type EventData } from "./aggregates/aggregate-root.ts";
export type { LoadOptions, RaiseOptions, UpdateOptions } from "./aggregates/call-options.ts";
export { type DecidedAggregate, type Decider, type Decision, defineAggregate } from "./aggregates/decider.ts";
export type { WalkOptions, WalkProgress, WalkReport } from "./aggregates/each-aggregate.ts";
export type { EraseOptions, EraseReport } from "./aggregates/erase-aggregate.ts";
export type {
  CacheMissReason,
  Logger,
  MissReason,
  RepositoryFact,
  RepositoryObserver,
} from "./aggregates/repository-observer.ts";
export type {
  EventPublisher,
  RepositoryOptions,
  SnapshotMode,
  SnapshotOptions,
} from "./aggregates/repository-options.ts";
export type {
  Divergence,
  PruneOptions,
  VerifyOptions,
  VerifyReport,
  WarmOptions,
  WarmReport,
} from "./aggregates/snapshot-maintenance.ts";
export type { StateSchema } from "./aggregates/state-fingerprint.ts";
export { type StateUpgradeOptions, type StateUpgrades, upgradeState } from "./aggregates/state-upgrades.ts";
export {
  AggregateNotFoundError,
  ClosedError,
  CommitUnknownError,
  ConfigurationError,
  CorruptSnapshotError,
  CorruptStreamError,
  DuplicateEventError,
  EventfoldError,
  EventUpgradeError,
  EventValidationError,
  EvolveError,
  ImpureFoldError,
  InvalidAppendError,
  InvalidInstantError,
  InvalidNameError,
  InvalidNumberError,
  OptimisticConcurrencyError,
  PublishError,
  SerializationError,
  SnapshotRefusedError,
  StoreBusyError,
  StoreOverloadedError,
  StoreTimeoutError,
  StreamChangedError,
  StreamErasedError,
  TablesMissingError,
  UnknownEventTypeError,
} from "./errors.ts";
export type { Codec } from "./events/codec.ts";
export {
  type DomainEvent,
  type EventMetadata,
  type NewEvent,
  type NewEventFields,
  newEvent,
  type RecordedEvent,
  type StoredEvent,
} from "./events/event.ts";
export {
  defineEvents,
  type EventDefinitions,
  type EventOf,
  type EventUpgrade,
  upgraded,
} from "./events/event-definitions.ts";
export type {
  AppendOptions,
  AppendResult,
  EventStore,
  PageRange,
  PositionRange,
  ReadRange,
  StreamPage,
  StreamsRange,
} from "./events/event-store.ts";
export type { Instant } from "./events/instant.ts";
export type { StreamId } from "./events/stream-id.ts";
export type { JsonValue } from "./events/strict-json.ts";
export type { Distribution } from "./monitoring/distribution.ts";
export type { OrphanedSnapshots } from "./monitoring/orphaned-snapshots.ts";
export type {
  KeyHealth,
  LengthRange,
  SnapshotFlaw,
  SnapshotVerdict,
  TypeHealth,
} from "./monitoring/snapshot-health.ts";
export type { SnapshotMonitor } from "./monitoring/snapshot-monitor.ts";
export type {
  HealthOptions,
  LargestOptions,
  LargestSnapshots,
  SnapshotStatistics,
  StaleOptions,
  StalePage,
  StaleStream,
  StatisticsOptions,
} from "./monitoring/snapshot-monitor-options.ts";
export type { LargeSnapshot, SnapshotGroup } from "./monitoring/snapshot-survey.ts";
export { type AdaptiveOptions, adaptive } from "./snapshots/adaptive-policy.ts";
export { allOf, anyOf } from "./snapshots/policy-combinations.ts";
export type { ReplayDebt } from "./snapshots/replay-debt.ts";
export { Snapshot, type SnapshotFields, type SnapshotRow } from "./snapshots/snapshot.ts";
export {
  everyEvents,
  type LoadFacts,
  never,
  onEvent,
  type SnapshotDecision,
  type SnapshotFacts,
  type SnapshotPolicy,
  when,
} from "./snapshots/snapshot-policy.ts";
export type {
  DeleteByTypeOptions,
  DeleteSnapshotOptions,
  EraseSnapshotsOptions,
  GetSnapshotOptions,
  JointAppendOptions,
  JointAppendResult,
  JointEraseResult,
  JointStore,
  LoadPage,
  RejectedRow,
  SaveSnapshotOptions,
  SaveSnapshotResult,
  SchemaVersionOption,
  SnapshotKey,
  SnapshotStore,
  WantedOfType,
  WantedSnapshot,
} from "./snapshots/snapshot-store.ts";
export type { SnapshotFact } from "./snapshots/snapshot-writer.ts";
export { type Duration, olderThan, replayLongerThan } from "./snapshots/time-policies.ts";
export { InMemoryEventStore } from "./stores/memory/in-memory-event-store.ts";
export { InMemorySnapshotStore } from "./stores/memory/in-memory-snapshot-store.ts";
