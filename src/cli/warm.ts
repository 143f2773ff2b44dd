import { type AggregateRepository, storesOfRepository } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { WarmReport } from "../aggregates/snapshot-maintenance.ts";
import { THRESHOLD_DEFAULT } from "../snapshots/snapshot-policy.ts";
import { type Command, configOption, databaseCommand, wholeNumber } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { openDatabase } from "./database.ts";
import { requireRepositories } from "./load-config.ts";
import type { Session } from "./session.ts";
import { plural, right, table } from "./table.ts";
import { printable } from "./terminal.ts";
import { concludeWalk, type WalkResult, walkTypes } from "./walk.ts";

/** With what was passed over, because the next loads of it replay little. */
interface WarmedType extends WarmReport {
  /** Aggregates with fewer than `eventsMin` events since their last snapshot, or in all. */
  readonly notDue: number;
  readonly eventsMin: number;
}

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
      `only with so many events since the last snapshot (default: your threshold, else ${THRESHOLD_DEFAULT})`,
      wholeNumber(1),
    )
    .option("--concurrency <n>", "aggregates at work at the same time, 1 to 64 (default: 4)", wholeNumber(1))
    .addOption(configOption())
    .action(async (target, aggregateType, { json, after: afterId, eventsMin, concurrency, config, prepare }) => {
      const database = await openDatabase(target, { access: "write", losable: true, prepare });
      try {
        const repositories = await requireRepositories(database, config);
        const result = await walkTypes<WarmedType>(session, database, {
          title: "Warming",
          repositories,
          aggregateType,
          afterId,
          concurrency,
          run: async (_, repository, options) => {
            const atLeast = eventsMin ?? thresholdOf(repository);
            const report = await repository.warm({ ...options, eventsMin: atLeast });
            const notDue = report.aggregates - report.written - report.failed;
            return { ...report, notDue, eventsMin: atLeast };
          },
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

/** What the library would take by itself: known here, so that it can be told. */
function thresholdOf(repository: AggregateRepository<AnyAggregate>): number {
  const threshold = storesOfRepository(repository).snapshots?.policy?.threshold ?? THRESHOLD_DEFAULT;
  return Number.isFinite(threshold) ? threshold : THRESHOLD_DEFAULT;
}

function textOf({ types }: WalkResult<WarmedType>, { stdout }: Session): string {
  const columns = [
    { head: "Type", flexible: true },
    ...["Aggregates", "Snapshots written", "Not due", "Failed"].map(right),
  ];
  const rows = types.map((each) => [each.aggregateType, each.aggregates, each.written, each.notDue, each.failed]);
  const notDue = types.filter((each) => each.notDue > 0).map(notDueText);
  return [table(columns, rows, stdout), ...(notDue.length === 0 ? [] : ["", ...notDue])].join("\n");
}

function notDueText({ aggregateType, notDue, eventsMin }: WalkResult<WarmedType>["types"][number]): string {
  const few = `fewer than ${plural(eventsMin, "event")} since their last snapshot, or in all (--events-min)`;
  return `${printable(aggregateType)}: ${plural(notDue, "aggregate")} not due, with ${few}.`;
}
