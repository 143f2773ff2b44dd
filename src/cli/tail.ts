import { setTimeout } from "node:timers/promises";
import type { RecordedEvent } from "../events/event.ts";
import { surveyOf } from "../monitoring/snapshot-monitor.ts";
import { noteAbsentType } from "./absent-type.ts";
import { type Command, databaseCommand, EXIT, wholeNumber } from "./command.ts";
import { commandLine } from "./command-line.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import type { Session } from "./session.ts";
import { fittedLine } from "./table.ts";

const PAGE_SIZE = 500;
const POLL_MS = 500;

/** `eventfold tail`. */
export function tailCommand(session: Session): Command {
  return databaseCommand("tail", {
    summary: "print events as they are committed",
    description:
      "Prints the events of all aggregates in the order of their positions, each once, as they are committed. Goes on until " +
      "Ctrl-C, and then says how to go on without missing any. With --json, one JSON object a line.",
    examples: [
      ["eventfold tail ./bank.db", "What happens from now on."],
      ["eventfold tail postgres://app@db/bank --from 1 --once --json", "Everything that there is, for a script."],
    ],
    found: "with --once: there are no events of --type",
    interrupted: "with --once: interrupted before the end; without, Ctrl-C is the end, and 0",
  })
    .option("--from <position>", "begin with the event at this position (default: with the next one)", wholeNumber(1))
    .option("--type <TYPE>", "only aggregates of this type")
    .option("--once", "end after the last event that there is; begins with the first unless --from says another")
    .action(async (target, { json, from, type, once, prepare }) => {
      const database = await openDatabase(target, { access: "read", prepare });
      let afterPosition = (from ?? 1) - 1;
      const resume = (): string =>
        commandLine(["tail", database.name], {
          "--from": afterPosition + 1,
          "--type": type,
          "--once": once,
          "--json": json,
          "--no-prepare": prepare ? undefined : true,
        });
      try {
        const isAbsent = type !== undefined && (await noteAbsentType(session, database, type));
        if (isAbsent && once === true) session.exitCode = EXIT.found;
        const last = await surveyOf(database.snapshots).lastPosition();
        if (from === undefined && once !== true) afterPosition = last;
        // The position after the last is what a script goes on with when nothing has happened since.
        if (from !== undefined && from > last + 1) session.note(beyondText(from, last, database.name));
        for await (const event of follow(session, database, afterPosition, once === true)) {
          if (type === undefined || event.aggregateType === type)
            session.stdout.write(`${lineOf(event, json, session)}\n`);
          afterPosition = event.position;
        }
        if (!session.stopped.aborted || session.readerLeft) return;
        if (once === true) session.exitCode = EXIT.interrupted;
        session.goOn("Stopped", database.name, [resume()]);
      } catch (error) {
        session.goOn("Broke off", database.name, [resume()]);
        throw error;
      } finally {
        await database.close();
      }
    });
}

function beyondText(from: number, last: number, name: string): string {
  const end = last === 0 ? "there are no events yet" : `the last event is at position ${last}`;
  return `Nothing at position ${from} of ${name}: ${end}.`;
}

async function* follow(
  { stopped }: Session,
  { eventStore }: OpenDatabase,
  position: number,
  once: boolean,
): AsyncGenerator<RecordedEvent> {
  let afterPosition = position;
  while (!stopped.aborted) {
    const events = await eventStore.readAll({ afterPosition, limit: PAGE_SIZE });
    for (const event of events) {
      if (stopped.aborted) return;
      yield event;
    }
    afterPosition = events.at(-1)?.position ?? afterPosition;
    if (events.length === PAGE_SIZE) {
      // Drivers that block leave no turn for Ctrl-C.
      await setTimeout(0);
      continue;
    }
    if (once) return;
    await setTimeout(POLL_MS, undefined, { signal: stopped }).catch(() => {});
  }
}

function lineOf(event: RecordedEvent, json: true | undefined, { stdout }: Session): string {
  if (json === true) return JSON.stringify(event);
  const { position, occurredAt, aggregateType, aggregateId, version, type, metadata, data } = event;
  const who = metadata.actor === undefined ? "" : ` by ${metadata.actor}`;
  return fittedLine(
    `${position}  ${occurredAt}  ${aggregateType}/${aggregateId}@${version}  ${type}${who}  ${JSON.stringify(data)}`,
    stdout,
  );
}
