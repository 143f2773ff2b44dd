import type { VerifyReport } from "../aggregates/snapshot-maintenance.ts";
import { type Command, configOption, databaseCommand, EXIT, share, wholeNumber } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { confirm } from "./confirmation.ts";
import { openDatabase } from "./database.ts";
import { requireRepositories } from "./load-config.ts";
import type { Session } from "./session.ts";
import { plural, right, table } from "./table.ts";
import { concludeWalk, type WalkResult, walkTypes } from "./walk.ts";

/** `eventfold verify`. */
export function verifyCommand(session: Session): Command {
  return databaseCommand("verify", {
    summary: "compare snapshots with a replay of the events behind them",
    description:
      "Compares each snapshot that loads of your classes could use with a replay of the events behind it. Runs beside a " +
      "working system, and writes nothing unless --delete-diverging is given.",
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
          if (deleteDiverging === true) {
            const loss = `Snapshots in ${database.name} that are not what a replay gives will be deleted.`;
            await confirm(session, { loss, word: "delete", yes });
          }
          const result = await walkTypes<VerifyReport>(session, database, {
            title: "Verifying",
            repositories,
            aggregateType,
            afterId,
            concurrency,
            run: (repository, options) =>
              repository.verifySnapshots({
                ...options,
                ...(sample !== undefined && { sample }),
                deleteDiverging: deleteDiverging === true,
              }),
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
          session.result({ json }, result, () => textOf(result, session));
          if (result.types.some(({ diverged }) => diverged > 0)) session.exitCode = EXIT.found;
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

function divergences({ types }: WalkResult<VerifyReport>, { stdout }: Session): string[] {
  const found = types.flatMap(({ aggregateType, divergences: each }) => each.map((one) => ({ ...one, aggregateType })));
  if (found.length === 0) return [];
  const total = types.reduce((sum, { diverged }) => sum + diverged, 0);
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
  return [
    "",
    stdout.style("red", `${plural(total, "snapshot")} not what a replay gives.${shown}`),
    table(columns, rows, stdout),
  ];
}
