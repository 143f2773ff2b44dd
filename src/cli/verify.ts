import type { VerifyReport } from "../aggregates/snapshot-maintenance.ts";
import { type Command, configOption, databaseCommand, EXIT, InterruptedError, share, wholeNumber } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { confirm, NOTHING_DELETED } from "./confirmation.ts";
import { openDatabase } from "./database.ts";
import { requireRepositories } from "./load-config.ts";
import { keepsBothIn, orphansOf, withOrphans } from "./orphans.ts";
import type { Session } from "./session.ts";
import { count, plural, right, table } from "./table.ts";
import { concludeWalk, type WalkResult, walkTypes } from "./walk.ts";

/** `eventfold verify`. */
export function verifyCommand(session: Session): Command {
  return databaseCommand("verify", {
    summary: "compare snapshots with a replay of the events behind them",
    description:
      "Compares each snapshot that loads of your classes could use with a replay of the events behind it, and without --sample " +
      "finds those that have no events behind them any more. Runs beside a working system, and writes nothing unless " +
      "--delete-diverging is given.",
    examples: [
      ["eventfold verify ./bank.db", "Compares every snapshot of every type of eventfold.config.ts."],
      ["eventfold verify postgres://app@db/bank Account --sample 0.01", "Compares one in a hundred, at random."],
    ],
    found: "a snapshot is not what a replay gives, or aggregates could not be worked on",
  })
    .argument("[TYPE]", "only this aggregate type")
    .option("--after <id>", "go on after this aggregate")
    .option("--sample <share>", "share of the aggregates to look at, above 0, up to 1 (default: 1)", share)
    .option("--delete-diverging", "delete the snapshots that are not what a replay gives")
    .option("--yes", "delete without asking")
    .option("--concurrency <n>", "aggregates at work at the same time, 1 to 64 (default: 4)", wholeNumber(1))
    .addOption(configOption())
    .action(
      async (
        target,
        aggregateType,
        { json, after: afterId, sample, deleteDiverging, yes, concurrency, config, prepare },
      ) => {
        const database = await openDatabase(target, { access: deleteDiverging === true ? "write" : "read", prepare });
        try {
          const repositories = await requireRepositories(database, config);
          const walk = (title: string, deleting: boolean): Promise<WalkResult<VerifyReport>> =>
            walkTypes<VerifyReport>(session, database, {
              title,
              repositories,
              aggregateType,
              afterId,
              concurrency,
              run: async (type, repository, options) => {
                const search = { aggregateType: type, afterId, signal: session.stopped, deleteThem: deleting };
                const isWhole = sample === undefined && keepsBothIn(repository, database);
                // First: a walk that is stopped goes on behind the last stream that it came by.
                const orphans = isWhole ? await orphansOf(database, search) : undefined;
                const report = await repository.verifySnapshots({
                  ...options,
                  ...(sample !== undefined && { sample }),
                  deleteDiverging: deleting,
                });
                return orphans === undefined ? report : withOrphans(report, orphans);
              },
              resume: (type, after) =>
                commandLine(["verify", database.name, type], {
                  "--after": after,
                  "--sample": sample,
                  "--delete-diverging": deleteDiverging,
                  "--yes": yes,
                  "--concurrency": concurrency,
                  "--config": config,
                  "--no-prepare": prepare ? undefined : true,
                }),
            });
          let result = await walk("Verifying", deleteDiverging === true && yes === true);
          if (deleteDiverging === true && yes !== true && divergedIn(result) > 0) {
            if (!result.complete) throw new InterruptedError(NOTHING_DELETED);
            const which = sample === undefined ? "They" : "Those of another sample";
            const loss = `${database.name}: ${summaryOf(result)} ${which} will be deleted.`;
            await confirm(session, { loss, word: "delete", yes });
            result = await walk("Deleting", true);
          }
          session.result({ json }, result, () => textOf(result, session));
          if (divergedIn(result) > 0) session.exitCode = EXIT.found;
          await concludeWalk(session, database, result);
        } finally {
          await database.close();
        }
      },
    );
}

function textOf(result: WalkResult<VerifyReport>, session: Session): string {
  const { stdout } = session;
  const columns = [
    { head: "Type", flexible: true },
    ...["Aggregates", "Verified", "No snapshot", "Differ", "Deleted", "Failed"].map(right),
  ];
  const rows = result.types.map((each) => [
    each.aggregateType,
    each.aggregates,
    each.verified,
    each.withoutSnapshot,
    each.diverged,
    each.deleted,
    each.failed,
  ]);
  return [table(columns, rows, stdout), ...divergences(result, session)].join("\n");
}

function divergedIn({ types }: WalkResult<VerifyReport>): number {
  return types.reduce((sum, { diverged }) => sum + diverged, 0);
}

/** What is wrong told from what is harmless. */
function summaryOf({ types }: WalkResult<VerifyReport>): string {
  const refused = new Map<string, number>();
  let wrong = 0;
  for (const [reason, rows] of types.flatMap(({ divergedBy }) => Object.entries(divergedBy))) {
    if (reason === "state") wrong += rows;
    else refused.set(reason, (refused.get(reason) ?? 0) + rows);
  }
  const total = [...refused.values()].reduce((sum, each) => sum + each, 0);
  const reasons = [...refused]
    .toSorted(([a, rowsOfA], [b, rowsOfB]) => rowsOfB - rowsOfA || (a < b ? -1 : 1))
    .map(([reason, rows]) => `${reason} ${count(rows)}`)
    .join(", ");
  const are = total === 1 ? "is" : "are";
  const harmless = total === 0 ? "" : `; ${count(total)} ${are} refused by loads already (${reasons})`;
  return `${plural(wrong + total, "snapshot")} not what a replay gives: ${count(wrong)} would give wrong states${harmless}.`;
}

function divergences(result: WalkResult<VerifyReport>, { stdout }: Session): string[] {
  const { types } = result;
  const found = types.flatMap(({ aggregateType, divergences: each }) => each.map((one) => ({ ...one, aggregateType })));
  if (found.length === 0) return [];
  const total = divergedIn(result);
  const columns = [
    { head: "Type" },
    { head: "Aggregate", flexible: true },
    right("Version"),
    right("Schema"),
    { head: "What differs", flexible: true },
  ];
  const rows = found.map(({ aggregateType, aggregateId, version, schemaVersion, reason, path }) => {
    return [aggregateType, aggregateId, version, schemaVersion, path ?? reason];
  });
  const shown = found.length < total ? ` The first ${found.length}:` : "";
  const color = types.some(({ divergedBy }) => (divergedBy.state ?? 0) > 0) ? "red" : "yellow";
  return ["", stdout.style(color, `${summaryOf(result)}${shown}`), table(columns, rows, stdout)];
}
