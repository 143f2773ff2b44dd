import { type SnapshotMonitor, surveyOf } from "../monitoring/snapshot-monitor.ts";
import type { SnapshotStatistics } from "../monitoring/snapshot-monitor-options.ts";
import { noteAbsentType } from "./absent-type.ts";
import { type Advice, type Assumptions, adviseType, LOAD_MS_CHEAP, type Outgrown, outgrown } from "./advice.ts";
import { type Command, databaseCommand, EXIT, positive, wholeNumber } from "./command.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import { eventsPerDay } from "./events-per-day.ts";
import { bytes, percent } from "./measures.ts";
import type { Session } from "./session.ts";
import { count, plural, right, table } from "./table.ts";
import { printable, type Terminal } from "./terminal.ts";

/** What `--json` prints. */
interface AdviseResult {
  readonly database: string;
  readonly assumptions: Assumptions;
  /** Types whose numbers are estimates from a sample. */
  readonly estimated: readonly string[];
  /** The types with the most events first. */
  readonly types: readonly Advice[];
  readonly outgrown: readonly Outgrown[];
}

/** Of types beyond these, the least are left out. */
const TYPES_MAX = 50;
const LARGEST = 10;

/** `eventfold advise`. */
export function adviseCommand(session: Session): Command {
  return databaseCommand("advise", {
    summary: "which types need snapshots, with what threshold, and what that saves",
    description:
      "Looks at how long streams are and how busy, and says for each aggregate type whether snapshots are worth it, with " +
      "what threshold, what they cost and save in events replayed and in bytes, and which streams had better be closed or split. " +
      "Folds nothing and writes nothing.",
    examples: [
      ["eventfold advise ./bank.db", "Advises on every type, for one load with each save."],
      ["eventfold advise postgres://app@db/bank --loads-per-event 20", "The same where reads are many."],
    ],
    found: "there are no events of --type",
  })
    .option("--type <TYPE>", "only this aggregate type")
    .option("--loads-per-event <n>", "loads for each event that is appended (default: 1)", positive)
    .option("--write-cost <events>", "what writing a snapshot costs, in events replayed (default: 100)", wholeNumber(0))
    .option(
      "--event-cost <µs>",
      "what reading and folding an event takes, in microseconds, as you measured it",
      positive,
    )
    .action(async (target, { json, type, loadsPerEvent = 1, writeCost = 100, eventCost, prepare }) => {
      const database = await openDatabase(target, { access: "read", prepare });
      try {
        const assumptions = { loadsPerEvent, writeCostEvents: writeCost, eventMicros: eventCost };
        const result = await advise(database, type, assumptions);
        session.result({ json }, result, () => adviceText(result, session.stdout));
        if (type !== undefined && result.types.length === 0 && (await noteAbsentType(session, database, type)))
          session.exitCode = EXIT.found;
      } finally {
        await database.close();
      }
    });
}

async function advise(
  { name, eventStore, snapshots }: OpenDatabase,
  aggregateType: string | undefined,
  assumptions: Assumptions,
): Promise<AdviseResult> {
  const ofType = aggregateType === undefined ? {} : { aggregateType };
  const all = (await snapshots.health(ofType)).filter(({ streams }) => streams > 0);
  const healths = all.toSorted((a, b) => b.events - a.events).slice(0, TYPES_MAX);
  const statistics = await snapshots.statistics(ofType);
  const types: Advice[] = [];
  for (const health of healths) {
    const stateBytes = meanStateBytes(statistics, health.aggregateType);
    const perDay = await eventsPerDay(surveyOf(snapshots), eventStore, health.aggregateType);
    types.push(adviseType({ health, eventsPerDay: perDay, stateBytes }, assumptions));
  }
  const estimated = healths.filter(({ exact }) => !exact).map((each) => each.aggregateType);
  return {
    database: name,
    assumptions,
    estimated,
    types,
    outgrown: outgrown(healths, await largestOf(snapshots, ofType)),
  };
}

async function largestOf(snapshots: SnapshotMonitor, ofType: { readonly aggregateType?: string }) {
  return (await snapshots.largest({ ...ofType, limit: LARGEST })).snapshots;
}

function meanStateBytes({ groups }: SnapshotStatistics, aggregateType: string): number | undefined {
  const own = groups.filter((group) => group.aggregateType === aggregateType);
  const rows = own.reduce((sum, { snapshots }) => sum + snapshots, 0);
  return rows === 0 ? undefined : own.reduce((sum, { stateBytes }) => sum + stateBytes.total, 0) / rows;
}

function adviceText(result: AdviseResult, terminal: Terminal): string {
  const { types } = result;
  if (types.length === 0) return "No events here.";
  return [
    adviceTable(types, terminal),
    ...cheapLines(result, terminal),
    "",
    replayTable(types, terminal),
    ...snapshotTable(types, terminal),
    ...(result.outgrown.length === 0 ? [] : ["", outgrownTable(result.outgrown, terminal)]),
    "",
    terminal.style("dim", assumptionsText(result)),
  ].join("\n");
}

function adviceTable(types: readonly Advice[], terminal: Terminal): string {
  const columns = [
    { head: "Type", flexible: true },
    { head: "Advice" },
    right("Events a day"),
    right("Saves"),
    { head: "Because", flexible: true },
  ];
  const rows = types.map(({ aggregateType, threshold, eventsPerDay: perDay, saved, reason }) => {
    const advice = threshold === undefined ? "no snapshots" : `threshold: ${threshold}`;
    return [
      aggregateType,
      advice,
      perDay === undefined ? "-" : rounded(perDay),
      threshold === undefined ? "-" : percent(saved),
      reason,
    ];
  });
  return table(columns, rows, terminal);
}

/** The database cannot tell what a load takes, but what an event would have to take for loads to be long. */
function cheapLines({ assumptions, types }: AdviseResult, terminal: Terminal): string[] {
  const rows = advised(types).map(({ aggregateType, longest, cheapUnderMicros }) => {
    return [aggregateType, longest, `${rounded(cheapUnderMicros)} µs an event`];
  });
  if (rows.length === 0 || assumptions.eventMicros !== undefined) return [];
  const columns = [{ head: "Type", flexible: true }, ...["Longest", "No snapshots yet under"].map(right)];
  const meaning =
    "Where reading and folding an event takes less, all loads of the type take under " +
    `${LOAD_MS_CHEAP} ms and need no snapshots yet. Measure it, and pass it as --event-cost.`;
  return ["", table(columns, rows, terminal), meaning];
}

function replayTable(types: readonly Advice[], terminal: Terminal): string {
  const columns = [
    { head: "Type", flexible: true },
    ...["Replays", "Replays advised", "Per load", "Per load advised"].map(right),
  ];
  const rows = types.map(({ aggregateType, withoutSnapshots: without, withAdvice: cost, threshold }) => {
    const withSnapshots =
      threshold === undefined ? ["-", "-"] : [count(cost.eventsReplayed), rounded(cost.eventsPerLoad)];
    const [replays = "", perLoad = ""] = withSnapshots;
    return [aggregateType, without.eventsReplayed, replays, rounded(without.eventsPerLoad), perLoad];
  });
  return table(columns, rows, terminal);
}

function snapshotTable(types: readonly Advice[], terminal: Terminal): string[] {
  const columns = [
    { head: "Type", flexible: true },
    ...["Snapshots written", "Bytes written", "Bytes kept"].map(right),
  ];
  const size = (value: number | undefined): string => (value === undefined ? "?" : bytes(value));
  const rows = advised(types).map(({ aggregateType, withAdvice: { snapshotsWritten, bytesWritten, bytesKept } }) => {
    return [aggregateType, snapshotsWritten, size(bytesWritten), size(bytesKept)];
  });
  return rows.length === 0 ? [] : ["", table(columns, rows, terminal)];
}

/** Those that are to have snapshots. */
function advised(types: readonly Advice[]): readonly Advice[] {
  return types.filter(({ threshold }) => threshold !== undefined);
}

function outgrownTable(list: readonly Outgrown[], terminal: Terminal): string {
  const columns = [
    { head: "Close or split", flexible: true },
    { head: "Aggregate", flexible: true },
    right("Events"),
    right("State"),
    { head: "Because", flexible: true },
  ];
  const rows = list.map(({ aggregateType, aggregateId, events, stateBytes, reason }) => {
    return [aggregateType, aggregateId, events ?? "", stateBytes === undefined ? "" : bytes(stateBytes), reason];
  });
  return table(columns, rows, terminal);
}

function assumptionsText({ assumptions, types, estimated }: AdviseResult): string {
  const { loadsPerEvent, writeCostEvents } = assumptions;
  const isUnknown = advised(types).some(({ withAdvice }) => withAdvice.bytesWritten === undefined);
  return [
    `Assumed: each save has one event; there ${loadsPerEvent === 1 ? "is" : "are"} ${plural(loadsPerEvent, "load")} for each ` +
      `(--loads-per-event); writing a snapshot costs as much as replaying ${plural(writeCostEvents, "event")} (--write-cost); ` +
      `snapshots have the mean size of those that are stored${isUnknown ? " (?: there are none)" : ""}. Costs are of the ` +
      "whole lives of the streams as they are, reckoned by ranges of length. A snapshot is worth nothing under 20 events, nor " +
      "where a load takes under 10 ms.",
    ...estimated.map((type) => `${printable(type)} is estimated from a sample.`),
  ].join("\n");
}

/** Three digits are more than is known. */
function rounded(value: number): string {
  return count(value >= 100 ? Math.round(value) : Number(value.toPrecision(2)));
}
