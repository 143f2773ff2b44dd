/**
 * Every name that Eventfold gives to telemetry, with its meaning. docs/telemetry.md shows them; a test keeps it in step.
 *
 * Names are for good once released: dashboards and alerts are built on them.
 */

/** Of spans and of metrics. None but `eventfold.aggregate.id`, left out unless asked for, tells one aggregate from another. */
export const ATTRIBUTES = {
  "eventfold.aggregate.type": "Type of the aggregate.",
  "eventfold.aggregate.id": "Id of the aggregate. Only with the option `aggregateIds`, and never on a metric.",
  "eventfold.aggregate.version": "Version that the aggregate was loaded at, or saved at.",
  "eventfold.events": "Number of events that were appended, or read.",
  "eventfold.events_replayed": "Number of events that a load has folded.",
  "eventfold.load.source": "What a load began with: `snapshot`, `cache`, or `events`, all of them.",
  "eventfold.snapshot.version": "Version of the snapshot that a load began with.",
  "eventfold.snapshot.miss_reason": "Why a load used no snapshot.",
  "eventfold.snapshot.mode": "When snapshots are written: `sync`, `background`, `atomic` or `manual`.",
  "eventfold.snapshot.result":
    "What became of a snapshot: `stored`, `kept` (a newer one was there), `queued`, `refused` or `failed`.",
  "eventfold.snapshot.why": "Why a snapshot was taken: what the policy said, or who asked for it.",
  "eventfold.snapshot.drop_reason": "Why a snapshot was not written: `queue-full`, `store-paused` or `process-end`.",
  "eventfold.cache.drop_reason":
    "Why a cached state was dropped: a miss reason, or `unserializable` for one that no cache can hold.",
  "eventfold.snapshot.failed_stage": "Where taking a snapshot failed: `policy`, `capture` or `write`.",
  "eventfold.snapshot.divergence": "`state` when loads would have used a row that is wrong, else why they would not.",
  "eventfold.attempts": "How often an update loaded and changed.",
  "eventfold.aggregates.count": "Number of aggregates that were loaded, or that a walk over all of a type has visited.",
  "eventfold.aggregates.failed": "Number of these that a walk has failed on.",
  "db.system.name": "Kind of database: `postgresql`, `sqlite`, or `memory`.",
  "db.operation.name": "Method of the store.",
  "db.collection.name": "`events` or `snapshots`; none where a call is about both.",
  "db.response.status_code": "Error code of PostgreSQL (SQLSTATE).",
  "error.type":
    "`code` of an error of Eventfold; else the `code` of the error (SQLSTATE in PostgreSQL), or the name of its class. Only on what failed.",
} as const;

export type AttributeName = keyof typeof ATTRIBUTES;

/** Attributes by their names, so that a name that is not declared does not compile. */
export type NamedAttributes = { readonly [Name in AttributeName]?: string | number | boolean | undefined };

export interface SpanDeclaration {
  readonly kind: "INTERNAL" | "CLIENT";
  readonly meaning: string;
  readonly attributes: readonly AttributeName[];
}

/** Method of a repository that has a span. */
export type OperationName =
  | "load"
  | "loadMany"
  | "save"
  | "update"
  | "createSnapshot"
  | "erase"
  | "warm"
  | "verifySnapshots"
  | "pruneSnapshots";

const ABOUT_ONE: readonly AttributeName[] = ["eventfold.aggregate.type", "eventfold.aggregate.id", "error.type"];
const ABOUT_ALL: readonly AttributeName[] = ["eventfold.aggregate.type", "error.type"];
const WALK: readonly AttributeName[] = [...ABOUT_ALL, "eventfold.aggregates.count", "eventfold.aggregates.failed"];

/** Spans of a repository, each named by its method and the aggregate type: `load Account`. */
export const OPERATION_SPANS: Readonly<Record<OperationName, SpanDeclaration>> = {
  load: {
    kind: "INTERNAL",
    meaning: "`load`, `find` and `loadOrCreate`. One that replays much may queue a snapshot.",
    attributes: [
      ...ABOUT_ONE,
      "eventfold.aggregate.version",
      "eventfold.events_replayed",
      "eventfold.load.source",
      "eventfold.snapshot.version",
      "eventfold.snapshot.miss_reason",
      "eventfold.snapshot.result",
      "eventfold.snapshot.why",
    ],
  },
  loadMany: {
    kind: "INTERNAL",
    meaning: "`loadMany`: one span, however many aggregates.",
    attributes: [...ABOUT_ALL, "eventfold.aggregates.count"],
  },
  save: {
    kind: "INTERNAL",
    meaning: "`save`: the append, the publisher, and the snapshot if it is written before `save` returns.",
    attributes: [
      ...ABOUT_ONE,
      "eventfold.aggregate.version",
      "eventfold.events",
      "eventfold.snapshot.mode",
      "eventfold.snapshot.result",
      "eventfold.snapshot.why",
    ],
  },
  update: {
    kind: "INTERNAL",
    meaning: "`update`: a `load` and a `save` for each attempt. A conflict is an error of the `save` that met it.",
    attributes: [...ABOUT_ONE, "eventfold.attempts"],
  },
  createSnapshot: {
    kind: "INTERNAL",
    meaning: "`createSnapshot`.",
    attributes: [...ABOUT_ONE, "eventfold.aggregate.version", "eventfold.snapshot.result", "eventfold.snapshot.why"],
  },
  erase: { kind: "INTERNAL", meaning: "`erase`.", attributes: ABOUT_ONE },
  warm: { kind: "INTERNAL", meaning: "`warm`: one span, too.", attributes: WALK },
  verifySnapshots: { kind: "INTERNAL", meaning: "`verifySnapshots`: one span, too.", attributes: WALK },
  pruneSnapshots: { kind: "INTERNAL", meaning: "`pruneSnapshots`.", attributes: ABOUT_ALL },
};

/** Span of each call of a store, named by method and collection: `append events`. INTERNAL where the store is in memory. */
export const STORE_SPAN: SpanDeclaration = {
  kind: "CLIENT",
  meaning: "A call of a store.",
  attributes: [
    ...ABOUT_ONE,
    "db.system.name",
    "db.operation.name",
    "db.collection.name",
    "db.response.status_code",
    "eventfold.events",
  ],
};

export interface MetricDeclaration {
  /** In UCUM, as OpenTelemetry writes them. */
  readonly unit: string;
  readonly meaning: string;
  readonly attributes: readonly AttributeName[];
}

export interface HistogramDeclaration extends MetricDeclaration {
  /** Advice for the buckets; a view of the SDK overrules it. */
  readonly boundaries: readonly number[];
}

export type HistogramName =
  | "eventfold.load.duration"
  | "eventfold.load.events_replayed"
  | "eventfold.save.duration"
  | "eventfold.snapshot.age.events"
  | "eventfold.snapshot.age.time"
  | "eventfold.snapshot.size"
  | "eventfold.snapshot.write.duration"
  | "db.client.operation.duration";

export type CounterName =
  | "eventfold.save.events"
  | "eventfold.snapshot.hits"
  | "eventfold.snapshot.misses"
  | "eventfold.snapshot.stale"
  | "eventfold.snapshot.failures"
  | "eventfold.snapshot.drops"
  | "eventfold.snapshot.pauses"
  | "eventfold.snapshot.divergences"
  | "eventfold.cache.drops";

export type GaugeName = "eventfold.snapshot.queue.depth";

/** From 100 µs, what a load in SQLite takes, to what nobody waits for. */
const SECONDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const EVENTS: readonly number[] = [0, 1, 5, 10, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];
const BYTES: readonly number[] = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
/** 1 s, 1 min, 10 min, 1 h, 6 h, 1 d, 7 d, 30 d, 90 d, 1 a. */
const AGES: readonly number[] = [1, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 7_776_000, 31_536_000];

/** Loads of a walk (`warm`) count like any other. */
export const HISTOGRAMS: Readonly<Record<HistogramName, HistogramDeclaration>> = {
  "eventfold.load.duration": {
    unit: "s",
    meaning:
      "Time that loads take, one by one: those of `loadMany` have none, unless it fails. Failed ones have `error.type`.",
    attributes: ["eventfold.aggregate.type", "eventfold.load.source", "error.type"],
    boundaries: SECONDS,
  },
  "eventfold.load.events_replayed": {
    unit: "{event}",
    meaning: "Events that a load has folded.",
    attributes: ["eventfold.aggregate.type", "eventfold.load.source"],
    boundaries: EVENTS,
  },
  "eventfold.save.duration": {
    unit: "s",
    meaning:
      "Time that appending the events of a save takes, without publisher and snapshot. Failed saves have `error.type`.",
    attributes: ["eventfold.aggregate.type", "error.type"],
    boundaries: SECONDS,
  },
  "eventfold.snapshot.age.events": {
    unit: "{event}",
    meaning: "How many events behind a snapshot was when a load used it.",
    attributes: ["eventfold.aggregate.type"],
    boundaries: EVENTS,
  },
  "eventfold.snapshot.age.time": {
    unit: "s",
    meaning: "How old a snapshot was when a load used it.",
    attributes: ["eventfold.aggregate.type"],
    boundaries: AGES,
  },
  "eventfold.snapshot.size": {
    unit: "By",
    meaning: "Bytes of the states that were written, in UTF-8.",
    attributes: ["eventfold.aggregate.type"],
    boundaries: BYTES,
  },
  "eventfold.snapshot.write.duration": {
    unit: "s",
    meaning: "Time that writing a snapshot takes; in atomic mode, the append that it goes with.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.result"],
    boundaries: SECONDS,
  },
  "db.client.operation.duration": {
    unit: "s",
    meaning: "Time that calls of stores take.",
    attributes: ["db.system.name", "db.operation.name", "db.collection.name", "db.response.status_code", "error.type"],
    // Those of the semantic conventions for database metrics.
    boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  },
};

export const COUNTERS: Readonly<Record<CounterName, MetricDeclaration>> = {
  "eventfold.save.events": {
    unit: "{event}",
    meaning: "Events saved.",
    attributes: ["eventfold.aggregate.type"],
  },
  "eventfold.snapshot.hits": {
    unit: "{load}",
    meaning: "Loads that began with a snapshot.",
    attributes: ["eventfold.aggregate.type"],
  },
  "eventfold.snapshot.misses": {
    unit: "{load}",
    meaning: "Loads that looked for a snapshot and used none; `missing` is normal for young aggregates.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.miss_reason"],
  },
  "eventfold.snapshot.stale": {
    unit: "{load}",
    meaning: "Loads whose snapshot was more than twice the threshold of events behind.",
    attributes: ["eventfold.aggregate.type"],
  },
  "eventfold.snapshot.failures": {
    unit: "{snapshot}",
    meaning: "Snapshots that were due and could not be taken. Saves and loads go on.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.failed_stage", "error.type"],
  },
  "eventfold.snapshot.drops": {
    unit: "{snapshot}",
    meaning: "Snapshots that were due and not written.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.drop_reason"],
  },
  "eventfold.snapshot.pauses": {
    unit: "{pause}",
    meaning: "Times that the snapshot store was left alone after failures in a row.",
    attributes: [],
  },
  "eventfold.snapshot.divergences": {
    unit: "{snapshot}",
    meaning: "Rows that `verifySnapshots` found to be something else than a replay gives, or of no use to loads.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.divergence"],
  },
  "eventfold.cache.drops": {
    unit: "{state}",
    meaning: "Cached states that loads could not use, and states that could not be held.",
    attributes: ["eventfold.aggregate.type", "eventfold.cache.drop_reason"],
  },
};

/** Asked for when metrics are collected. */
export const GAUGES: Readonly<Record<GaugeName, MetricDeclaration>> = {
  "eventfold.snapshot.queue.depth": {
    unit: "{snapshot}",
    meaning: "Snapshots that are queued or being written, of all repositories of the process.",
    attributes: ["eventfold.aggregate.type"],
  },
};
