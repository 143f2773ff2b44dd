import type { SnapshotVerdict, TypeHealth } from "../monitoring/snapshot-health.ts";
import type { SnapshotStatistics } from "../monitoring/snapshot-monitor-options.ts";
import { noteAbsentType } from "./absent-type.ts";
import { type Command, configOption, databaseCommand, EXIT, wholeNumber } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { openDatabase } from "./database.ts";
import { loadRepositories } from "./load-config.ts";
import { bytes, duration, percent } from "./measures.ts";
import { passwordHint } from "./secrets.ts";
import type { Session } from "./session.ts";
import { count, plural, right, table } from "./table.ts";
import { printable, type Terminal } from "./terminal.ts";
import { wantedBy } from "./wanted.ts";

/** What `--json` prints. */
interface HealthResult {
  readonly database: string;
  /** Types whose class is configured, so that snapshots of other definitions are told from its own. */
  readonly judgedByClass: readonly string[];
  readonly types: readonly TypeHealth[];
  readonly statistics: SnapshotStatistics;
}

/** `eventfold health`. */
export function healthCommand(session: Session): Command {
  return databaseCommand("health", {
    summary: "how long streams are, and what their snapshots are worth to loads",
    description:
      "Shows for each aggregate type how long its streams are, how many have a snapshot, what loads replay, and which " +
      "snapshots they would not use and why, and which have no events behind them any more. Folds nothing and writes nothing. " +
      "With your classes in eventfold.config.ts, snapshots of other definitions count as missed; without, each stream is judged " +
      "by its newest snapshot.",
    examples: [
      ["eventfold health ./bank.db", "Looks at every type."],
      ["eventfold health postgres://app@db/bank --type Account --json", "Looks at one type, for a program."],
    ],
    found: "snapshots are of another history, ahead, without events or unproven; no events of --type",
  })
    .option("--type <TYPE>", "only this aggregate type")
    .option("--streams-max <n>", "with more streams, look at a sample of them (default: 50000)", wholeNumber(1))
    .addOption(configOption())
    .action(async (target, { json, type, streamsMax, config, prepare }) => {
      const database = await openDatabase(target, { access: "read", prepare });
      try {
        const repositories = await loadRepositories(database, config);
        const wanted = repositories === undefined ? [] : wantedBy(repositories);
        const ofType = type === undefined ? {} : { aggregateType: type };
        const limit = streamsMax === undefined ? {} : { streamsMax };
        const types = await database.snapshots.health({ ...ofType, ...limit, wanted });
        const statistics = await database.snapshots.statistics(ofType);
        const judgedByClass = wanted.map(({ aggregateType }) => aggregateType);
        const result: HealthResult = { database: database.name, judgedByClass, types, statistics };
        const verify = commandLine(["verify", database.name], {
          "--config": config,
          "--no-prepare": prepare ? undefined : true,
        });
        session.result({ json }, result, () => healthText(result, session.stdout, verify));
        if (types.some(isAmiss)) session.exitCode = EXIT.found;
        if (type !== undefined && types.length === 0 && (await noteAbsentType(session, database, type)))
          session.exitCode = EXIT.found;
      } finally {
        await database.close();
      }
    });
}

/** What should not be, whatever was deployed last. */
const AMISS = ["unproven", "ahead-of-stream", "history-mismatch"] as const satisfies readonly SnapshotVerdict[];

function isAmiss({ loads, orphans }: TypeHealth): boolean {
  return orphans.snapshots > 0 || AMISS.some((verdict) => loads[verdict] > 0);
}

function healthText(result: HealthResult, terminal: Terminal, verify: string): string {
  const { types, statistics } = result;
  if (types.length === 0) return "No events here.";
  return [
    streamsTable(types, terminal),
    "",
    loadsTable(types, terminal),
    ...(statistics.groups.length === 0 ? [] : ["", keysTable(types, statistics, terminal)]),
    ...orphanLines(types).flatMap((line) => ["", terminal.style("yellow", line)]),
    ...notes(result, verify).flatMap((note) => ["", terminal.style("dim", note)]),
  ].join("\n");
}

function streamsTable(types: readonly TypeHealth[], terminal: Terminal): string {
  const columns = [
    { head: "Type", flexible: true },
    ...["Streams", "Events"].map(right),
    ...["p50", "p90", "p99"].map((each) => ({ ...right(each), label: `Events ${each}` })),
    ...["Longest", "Covered", "Replays p50"].map(right),
    { ...right("p99"), label: "Replays p99" },
  ];
  const rows = types.map(({ aggregateType, streams, events, lengths, coverage, replayed }) => {
    const spread = [lengths.p50, lengths.p90, lengths.p99, lengths.max];
    return [aggregateType, streams, events, ...spread, percent(coverage), replayed.p50, replayed.p99];
  });
  return table(columns, rows, terminal);
}

const MEANINGS: Readonly<Record<SnapshotVerdict, string>> = {
  usable: "use a snapshot",
  missing: "replay all: there is no snapshot",
  "schema-mismatch": "replay all: of another schemaVersion",
  "fingerprint-mismatch": "replay all: of another definition of the same schemaVersion",
  unproven: "replay all: built by hand, without a proof",
  "ahead-of-stream": "replay all: newer than the stream, which was restored",
  "history-mismatch": "replay all: of another history; the stream was restored",
};

function loadsTable(types: readonly TypeHealth[], terminal: Terminal): string {
  const columns = [
    { head: "Type", flexible: true },
    right("Loads"),
    right("Share"),
    { head: "Would" },
    { head: "Reason" },
  ];
  const rows = types.flatMap(({ aggregateType, streams, loads }) =>
    (Object.keys(MEANINGS) as SnapshotVerdict[])
      .filter((verdict) => loads[verdict] > 0)
      .map((verdict) => {
        const reason = verdict === "usable" ? "" : verdict;
        return [aggregateType, loads[verdict], percent(loads[verdict] / streams), MEANINGS[verdict], reason];
      }),
  );
  return table(columns, rows, terminal);
}

function keysTable(types: readonly TypeHealth[], { groups }: SnapshotStatistics, terminal: Terminal): string {
  const columns = [
    { head: "Type", flexible: true },
    right("Schema"),
    { head: "Fingerprint", flexible: true },
    ...["Snapshots", "Bytes", "Largest", "Age p50", "Oldest", "Events since p50"].map(right),
    { ...right("p99"), label: "Events since p99" },
  ];
  const rows = groups.map(({ aggregateType, schemaVersion, fingerprint, snapshots, stateBytes }) => {
    const key = types
      .find((each) => each.aggregateType === aggregateType)
      ?.keys.find((each) => each.schemaVersion === schemaVersion && each.fingerprint === fingerprint);
    const ages = key === undefined ? ["-", "-"] : [duration(key.ageMs.p50), duration(key.ageMs.max)];
    const since = key === undefined ? ["-", "-"] : [key.eventsSince.p50, key.eventsSince.p99];
    const sizes = [bytes(stateBytes.total), bytes(stateBytes.max)];
    return [aggregateType, schemaVersion, fingerprint || "-", snapshots, ...sizes, ...ages, ...since];
  });
  return table(columns, rows, terminal);
}

function orphanLines(types: readonly TypeHealth[]): string[] {
  return types
    .filter(({ orphans }) => orphans.snapshots > 0)
    .map(({ aggregateType, orphans: { snapshots, complete } }) => {
      const atLeast = complete ? "" : "at least ";
      const have = snapshots === 1 ? "has no events behind it" : "have no events behind them";
      return `${printable(aggregateType)}: ${atLeast}${plural(snapshots, "snapshot")} ${have}.`;
    });
}

function notes({ database, types, judgedByClass, statistics }: HealthResult, verify: string): string[] {
  const sampled = types.filter(({ exact }) => !exact);
  const partly = types.filter(({ orphans }) => !orphans.complete);
  const byNewest = types.filter(({ aggregateType }) => !judgedByClass.includes(aggregateType));
  const names = (list: readonly TypeHealth[]): string =>
    list.map(({ aggregateType }) => printable(aggregateType)).join(", ");
  return [
    ...sampled.map(({ aggregateType, examined }) => {
      return `${printable(aggregateType)} is estimated from a sample of ${plural(examined, "stream")}.`;
    }),
    ...(byNewest.length === 0
      ? []
      : [`${names(byNewest)}: judged by the newest snapshot of each stream, as no repository is configured.`]),
    ...(types.some(isAmiss)
      ? [`${verify}${passwordHint(database)} lists the aggregates whose snapshots are amiss.`]
      : []),
    ...(partly.length === 0 ? [] : [`${names(partly)}: not all snapshots were looked at for the events behind them.`]),
    ...(statistics.complete ? [] : [`Sizes are of ${count(statistics.snapshots)} snapshots; there are more.`]),
  ];
}
