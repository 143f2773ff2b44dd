/**
 * Every name that Eventfold gives to telemetry, with its meaning. docs/telemetry.md shows them; a test keeps it in step.
 *
 * Names are for good once released: dashboards and alerts are built on them.
 */

/** Of spans and of metrics. None but `eventfold.aggregate.id`, which is left out unless asked for, tells one aggregate from another. */
export const ATTRIBUTES = {
  "eventfold.aggregate.type": "Type of the aggregate.",
  "eventfold.aggregate.id": "Id of the aggregate. Only with the option `aggregateIds`, and never on a metric.",
  "eventfold.aggregate.version": "Version that the aggregate was loaded at, or saved at.",
  "eventfold.events": "Number of events that were appended, or read.",
  "eventfold.events_replayed": "Number of events that a load has folded.",
  "eventfold.snapshot.used": "Whether a load began with a snapshot.",
  "eventfold.snapshot.version": "Version of the snapshot that a load began with.",
  "eventfold.snapshot.miss_reason": "Why a load used no snapshot.",
  "eventfold.snapshot.mode": "When snapshots are written: `sync`, `background`, `atomic` or `manual`.",
  "eventfold.snapshot.result":
    "What became of a snapshot: `stored`, `kept` (a newer one was there), `queued`, `refused` or `failed`.",
  "eventfold.snapshot.drop_reason": "Why a snapshot was not written: `queue-full`, `store-paused` or `process-end`.",
  "eventfold.snapshot.failed_stage": "Where taking a snapshot failed: `policy`, `capture` or `write`.",
  "eventfold.snapshot.divergence": "`state` when loads would have used a row that is wrong, else why they would not.",
  "eventfold.attempts": "How often an update loaded, changed and saved.",
  "eventfold.walk.aggregates": "Number of aggregates that a walk over all of a type has visited.",
  "eventfold.walk.failed": "Number of these that it failed on.",
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

interface SpanDeclaration {
  readonly kind: string;
  readonly meaning: string;
  readonly attributes: readonly AttributeName[];
}

const ABOUT_ONE = ["eventfold.aggregate.type", "eventfold.aggregate.id", "error.type"] as const;
const ABOUT_ALL = [
  "eventfold.aggregate.type",
  "eventfold.walk.aggregates",
  "eventfold.walk.failed",
  "error.type",
] as const;

/** Spans of repositories, each named by its method and the aggregate type, and of stores, named by method and collection. */
export const SPANS = {
  load: {
    kind: "INTERNAL",
    meaning: "`load`, `find` and `loadOrCreate` of a repository.",
    attributes: [
      ...ABOUT_ONE,
      "eventfold.aggregate.version",
      "eventfold.events_replayed",
      "eventfold.snapshot.used",
      "eventfold.snapshot.version",
      "eventfold.snapshot.miss_reason",
    ],
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
    attributes: [...ABOUT_ONE, "eventfold.aggregate.version", "eventfold.snapshot.result"],
  },
  erase: { kind: "INTERNAL", meaning: "`erase`.", attributes: [...ABOUT_ONE] },
  warm: { kind: "INTERNAL", meaning: "`warm`; one span, however many aggregates.", attributes: [...ABOUT_ALL] },
  verifySnapshots: { kind: "INTERNAL", meaning: "`verifySnapshots`; one span.", attributes: [...ABOUT_ALL] },
  pruneSnapshots: {
    kind: "INTERNAL",
    meaning: "`pruneSnapshots`.",
    attributes: ["eventfold.aggregate.type", "error.type"],
  },
  "(store)": {
    kind: "CLIENT; INTERNAL in memory",
    meaning: "Each call of a store, such as `readForLoad`, `append events`, `saveSnapshot snapshots`.",
    attributes: [
      "db.system.name",
      "db.operation.name",
      "db.collection.name",
      "db.response.status_code",
      ...ABOUT_ONE,
      "eventfold.events",
    ],
  },
} as const satisfies Record<string, SpanDeclaration>;

/** Method of a repository that has a span. */
export type OperationName = Exclude<keyof typeof SPANS, "(store)">;

interface MetricDeclaration {
  readonly instrument: "histogram" | "counter" | "observable gauge";
  /** In UCUM, as OpenTelemetry writes them. */
  readonly unit: string;
  readonly meaning: string;
  readonly attributes: readonly AttributeName[];
  /** Advice for the buckets of a histogram; a view of the SDK overrules it. */
  readonly boundaries?: readonly number[];
}

/** From 100 µs, what a load in SQLite takes, to what nobody waits for. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const EVENTS = [0, 1, 5, 10, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];
const BYTES = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
/** 1 s, 1 min, 10 min, 1 h, 6 h, 1 d, 7 d, 30 d, 90 d, 1 a. */
const AGES = [1, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 7_776_000, 31_536_000];

/** Metrics. Facts of a walk (`warm`) count like those of any load. */
export const METRICS = {
  "eventfold.load.duration": {
    instrument: "histogram",
    unit: "s",
    meaning: "Time that loads take. Failed ones have `error.type`.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.used", "error.type"],
    boundaries: SECONDS,
  },
  "eventfold.load.events_replayed": {
    instrument: "histogram",
    unit: "{event}",
    meaning: "Events that a load has folded.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.used"],
    boundaries: EVENTS,
  },
  "eventfold.save.duration": {
    instrument: "histogram",
    unit: "s",
    meaning:
      "Time that appending the events of a save takes, without publisher and snapshot. Failed saves have `error.type`.",
    attributes: ["eventfold.aggregate.type", "error.type"],
    boundaries: SECONDS,
  },
  "eventfold.save.events": {
    instrument: "counter",
    unit: "{event}",
    meaning: "Events saved.",
    attributes: ["eventfold.aggregate.type"],
  },
  "eventfold.snapshot.hits": {
    instrument: "counter",
    unit: "{load}",
    meaning: "Loads that began with a snapshot.",
    attributes: ["eventfold.aggregate.type"],
  },
  "eventfold.snapshot.misses": {
    instrument: "counter",
    unit: "{load}",
    meaning: "Loads that looked for a snapshot and used none; `missing` is normal for young aggregates.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.miss_reason"],
  },
  "eventfold.snapshot.stale": {
    instrument: "counter",
    unit: "{load}",
    meaning: "Loads whose snapshot was more than twice the threshold of events behind.",
    attributes: ["eventfold.aggregate.type"],
  },
  "eventfold.snapshot.age.events": {
    instrument: "histogram",
    unit: "{event}",
    meaning: "How many events behind a snapshot was when a load used it.",
    attributes: ["eventfold.aggregate.type"],
    boundaries: EVENTS,
  },
  "eventfold.snapshot.age.time": {
    instrument: "histogram",
    unit: "s",
    meaning: "How old a snapshot was when a load used it.",
    attributes: ["eventfold.aggregate.type"],
    boundaries: AGES,
  },
  "eventfold.snapshot.size": {
    instrument: "histogram",
    unit: "By",
    meaning: "Bytes of the states that were written, in UTF-8.",
    attributes: ["eventfold.aggregate.type"],
    boundaries: BYTES,
  },
  "eventfold.snapshot.write.duration": {
    instrument: "histogram",
    unit: "s",
    meaning: "Time that writing a snapshot takes; in atomic mode, the append that it goes with.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.result"],
    boundaries: SECONDS,
  },
  "eventfold.snapshot.failures": {
    instrument: "counter",
    unit: "{snapshot}",
    meaning: "Snapshots that were due and could not be taken. Saves and loads go on.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.failed_stage", "error.type"],
  },
  "eventfold.snapshot.drops": {
    instrument: "counter",
    unit: "{snapshot}",
    meaning: "Snapshots that were due and not written.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.drop_reason"],
  },
  "eventfold.snapshot.pauses": {
    instrument: "counter",
    unit: "{pause}",
    meaning: "Times that the snapshot store was left alone after failures in a row.",
    attributes: [],
  },
  "eventfold.snapshot.divergences": {
    instrument: "counter",
    unit: "{snapshot}",
    meaning: "Rows that `verifySnapshots` found to be something else than a replay gives, or of no use to loads.",
    attributes: ["eventfold.aggregate.type", "eventfold.snapshot.divergence"],
  },
  "eventfold.snapshot.queue.depth": {
    instrument: "observable gauge",
    unit: "{snapshot}",
    meaning: "Snapshots that are queued or being written, of all repositories of the process.",
    attributes: ["eventfold.aggregate.type"],
  },
  "db.client.operation.duration": {
    instrument: "histogram",
    unit: "s",
    meaning: "Time that calls of stores take.",
    attributes: ["db.system.name", "db.operation.name", "db.collection.name", "db.response.status_code", "error.type"],
    // Those of the semantic conventions for database metrics.
    boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  },
} as const satisfies Record<string, MetricDeclaration>;
