import { checkName } from "../events/bounds.ts";
import type { PrunableRows, SnapshotAdministration } from "../snapshots/snapshot-administration.ts";
import { noteAbsentType } from "./absent-type.ts";
import { type Command, databaseCommand, EXIT, UsageError, wholeNumber } from "./command.ts";
import { confirm, NOTHING_DELETED } from "./confirmation.ts";
import { openDatabase } from "./database.ts";
import { Progress } from "./progress.ts";
import { endIfStopped, type Session } from "./session.ts";
import { plural } from "./table.ts";
import { printable } from "./terminal.ts";

const ROWS_AT_ONCE = 1_000;
const DAY_MS = 86_400_000;

/** `eventfold prune`. */
export function pruneCommand(session: Session): Command {
  return databaseCommand("prune", {
    summary: "delete the snapshots of old builds, or of aggregates that rest",
    description:
      "Deletes snapshots of one aggregate type: those of old schema versions, or those of aggregates without an event for some " +
      "days. Snapshots are a cache: whoever loads such an aggregate replays its events once. Counts first, and asks.",
    examples: [
      [
        "eventfold prune ./bank.db Account --schema-version-below 3",
        "After the build with version 3 has replaced the others.",
      ],
      [
        "eventfold prune ./bank.db Account --dormant 365 --yes",
        "Of accounts that have rested for a year, without asking.",
      ],
      ["eventfold prune ./bank.db Account --dormant 365 --dry-run", "Only counts them."],
    ],
    found: "there are neither snapshots nor events of this type",
  })
    .argument("<TYPE>", "aggregate type")
    .option("--schema-version-below <n>", "those of schema versions below n", wholeNumber(2))
    .option("--dormant <days>", "those of aggregates without an event for so many days", wholeNumber(1))
    .option("--dry-run", "count, and delete nothing")
    .option("--yes", "delete without asking")
    .action(async (target, aggregateType, { json, schemaVersionBelow, dormant, dryRun, yes, prepare }) => {
      checkName("aggregate type", aggregateType);
      const which = prunableRows(schemaVersionBelow, dormant);
      const access = dryRun === true ? "read" : "write";
      const database = await openDatabase(target, { access, losable: true, prepare });
      try {
        const { administration } = database;
        const found = await eachPage(session, administration, aggregateType, {
          title: "Counting",
          which,
          work: "count",
        });
        let deleted = 0;
        if (found > 0 && dryRun !== true) {
          const loss = `${plural(found, "snapshot")} of ${printable(aggregateType)} in ${database.name} will be deleted.`;
          await confirm(session, { loss, word: aggregateType, yes });
          const work = { title: "Deleting", which, work: "delete", total: found } as const;
          deleted = await eachPage(session, administration, aggregateType, work);
        }
        if (found === 0 && (await noteAbsentType(session, database, aggregateType))) session.exitCode = EXIT.found;
        session.result({ json }, { aggregateType, found, deleted }, () => {
          const snapshots = `${plural(dryRun === true ? found : deleted, "snapshot")} of ${printable(aggregateType)}`;
          return dryRun === true ? `${snapshots} would be deleted.` : `${snapshots} deleted.`;
        });
      } finally {
        await database.close();
      }
    });
}

function prunableRows(schemaVersionBelow: number | undefined, dormantDays: number | undefined): PrunableRows {
  if (schemaVersionBelow !== undefined && dormantDays === undefined) return { schemaVersionBelow };
  if (dormantDays === undefined || schemaVersionBelow !== undefined) {
    throw new UsageError("Say which snapshots: either --schema-version-below or --dormant.");
  }
  const since = Date.now() - dormantDays * DAY_MS;
  if (since < Date.parse("0001-01-01T00:00:00Z")) throw new UsageError(`${dormantDays} days ago there were no events.`);
  return { dormantSince: new Date(since).toISOString() };
}

/** Goes through the snapshots of a type in pages, each a statement of its own. Resolves to how many rows fit. */
async function eachPage(
  session: Session,
  administration: SnapshotAdministration,
  aggregateType: string,
  options: { title: string; which: PrunableRows; work: "count" | "delete"; total?: number },
): Promise<number> {
  const { title, which, work, total } = options;
  const progress = total === undefined ? undefined : new Progress({ title, total, unit: "snapshots" });
  let rows = 0;
  try {
    for (let afterId: string | undefined; ; ) {
      await endIfStopped(session, stopText(work, rows));
      const throughId = await administration.endOfPage(aggregateType, afterId, ROWS_AT_ONCE);
      if (throughId === undefined) return rows;
      rows += await administration[work]({ aggregateType, afterId, throughId }, which);
      progress?.update(rows);
      afterId = throughId;
    }
  } finally {
    progress?.stop();
  }
}

function stopText(work: "count" | "delete", rows: number): string {
  return work === "count"
    ? NOTHING_DELETED
    : `Stopped after deleting ${plural(rows, "snapshot")}. Run it again to delete the rest.`;
}
