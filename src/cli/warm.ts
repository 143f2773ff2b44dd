import type { WarmReport } from "../aggregates/snapshot-maintenance.ts";
import { type Command, configOption, databaseCommand, wholeNumber } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { openDatabase } from "./database.ts";
import { requireRepositories } from "./load-config.ts";
import type { Session } from "./session.ts";
import { right, table } from "./table.ts";
import { concludeWalk, type WalkResult, walkTypes } from "./walk.ts";

/** `eventfold warm`. */
export function warmCommand(session: Session): Command {
  return databaseCommand("warm", {
    summary: "write the snapshots that loads of a new build would miss",
    description:
      "Writes the snapshots that loads of your classes would miss, for example those of a new build before it is deployed. " +
      "Runs beside a working system; run again, it writes only what is missing.",
    examples: [
      ["eventfold warm ./bank.db", "Warms every aggregate type of eventfold.config.ts."],
      ["eventfold warm postgres://app@db/bank Account --after a-1000", "Goes on where a walk was stopped."],
    ],
    found: "aggregates could not be worked on",
  })
    .argument("[TYPE]", "only this aggregate type")
    .option("--after <id>", "go on after this aggregate")
    .option(
      "--events-min <n>",
      "only with so many events since the last snapshot (default: your threshold)",
      wholeNumber(1),
    )
    .option("--concurrency <n>", "aggregates at work at the same time, 1 to 64 (default: 4)", wholeNumber(1))
    .addOption(configOption())
    .action(async (target, aggregateType, { json, after: afterId, eventsMin, concurrency, config, prepare }) => {
      const database = await openDatabase(target, { access: "write", losable: true, prepare });
      try {
        const repositories = await requireRepositories(database, config);
        const result = await walkTypes<WarmReport>(session, database, {
          title: "Warming",
          repositories,
          aggregateType,
          afterId,
          concurrency,
          run: (_, repository, options) =>
            repository.warm({ ...options, ...(eventsMin !== undefined && { eventsMin }) }),
          resume: (type, after) =>
            commandLine(["warm", database.name, type], {
              "--after": after,
              "--events-min": eventsMin,
              "--concurrency": concurrency,
              "--config": config,
              "--no-prepare": prepare ? undefined : true,
            }),
        });
        session.result({ json }, result, () => textOf(result, session));
        await concludeWalk(session, database, result);
      } finally {
        await database.close();
      }
    });
}

function textOf({ types }: WalkResult<WarmReport>, { stdout }: Session): string {
  const columns = [{ head: "Type", flexible: true }, ...["Aggregates", "Snapshots written", "Failed"].map(right)];
  return table(
    columns,
    types.map((each) => [each.aggregateType, each.aggregates, each.written, each.failed]),
    stdout,
  );
}
