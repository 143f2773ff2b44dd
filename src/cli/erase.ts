import { eraseAggregate } from "../aggregates/erase-aggregate.ts";
import { noteAbsentType } from "./absent-type.ts";
import { type Command, databaseCommand, EXIT } from "./command.ts";
import { confirm, NOTHING_DELETED } from "./confirmation.ts";
import { openDatabase } from "./database.ts";
import { endIfStopped, type Session } from "./session.ts";
import { plural } from "./table.ts";
import { printable } from "./terminal.ts";

/** `eventfold erase`. */
export function eraseCommand(session: Session): Command {
  return databaseCommand("erase", {
    summary: "erase the snapshots of one aggregate for good, and its events with --events",
    description:
      "Deletes every snapshot of one aggregate for good: also those that are being written cannot come back. With --events its " +
      "events go too, and nothing can be appended under this id any more. May be repeated when it was interrupted. Copies, " +
      "replicas and backups are yours to erase.",
    examples: [
      ["eventfold erase ./bank.db Account a-1000", "Its snapshots; the events stay, and loads replay them."],
      ["eventfold erase ./bank.db Person p-1 --events", "Everything. Shows what there is, and asks for the id."],
    ],
    found: "there is nothing under this id, and never was",
  })
    .argument("<TYPE>", "aggregate type")
    .argument("<ID>", "aggregate id")
    .option("--events", "its events, too")
    .option("--yes", "erase without asking")
    .action(async (target, aggregateType, aggregateId, { json, events, yes, prepare }) => {
      const database = await openDatabase(target, { access: "write", prepare });
      try {
        const stream = { aggregateType, aggregateId };
        const name = printable(`${aggregateType}/${aggregateId}`);
        const version = await database.eventStore.versionOf(stream);
        const rows = (await database.administration.rowsOf(stream)).length;
        // A tombstone for an id that was mistyped would take the id away.
        if (version === 0 && rows === 0) {
          const erasure = await database.administration.erasureOf(stream);
          const isDone = erasure !== undefined && (erasure.events || events !== true);
          const done = { ...stream, events: 0, snapshots: 0, ...(isDone && { erasedAt: erasure.erasedAt }) };
          session.result({ json }, done, () => {
            if (isDone) return `${name} was erased already, at ${erasure.erasedAt}. Nothing was changed.`;
            return `${name} has neither events nor snapshots here. Nothing was changed.`;
          });
          if (isDone) return;
          session.exitCode = EXIT.found;
          await noteAbsentType(session, database, aggregateType);
          return;
        }
        if (events === true || rows > 0) {
          const all = `${plural(version, "event")} and ${plural(rows, "snapshot")}`;
          const what = events === true ? all : plural(rows, "snapshot");
          const loss = `${what} of ${name} in ${database.name} will be erased for good.`;
          await confirm(session, { loss, word: aggregateId, yes });
        } else await endIfStopped(session, NOTHING_DELETED);
        // Without rows as well: one that is being written must not come back.
        const erased = await eraseAggregate(database, stream, { events: events === true });
        session.result({ json }, { ...stream, ...erased }, () => {
          const snapshots = plural(erased.snapshots, "snapshot");
          if (events === true) return `${plural(erased.events, "event")} and ${snapshots} of ${name} erased.`;
          const done = erased.snapshots > 0 ? `${snapshots} of ${name} erased.` : `${name} has no snapshots to erase.`;
          return version === 0 ? done : `${done} ${keptText(version)}`;
        });
      } finally {
        await database.close();
      }
    });
}

function keptText(events: number): string {
  return events === 1
    ? "Its 1 event stays: with --events it is erased, too."
    : `Its ${plural(events, "event")} stay: with --events they are erased, too.`;
}
