import { surveyOf } from "../monitoring/snapshot-monitor.ts";
import type { OpenDatabase } from "./database.ts";
import type { Session } from "./session.ts";
import { printable } from "./terminal.ts";

const TYPES_SHOWN_MAX = 20;

/**
 * Tells people when there is no event of a type that they named, and which types there are: it may have been mistyped.
 *
 * @returns whether that is so.
 */
export async function noteAbsentType(
  session: Session,
  { name, eventStore, snapshots }: OpenDatabase,
  aggregateType: string,
): Promise<boolean> {
  if ((await eventStore.streams(aggregateType, { limit: 1 })).length > 0) return false;
  const types = await surveyOf(snapshots).aggregateTypes("", TYPES_SHOWN_MAX + 1);
  const shown = types.slice(0, TYPES_SHOWN_MAX).map(printable);
  if (types.length > TYPES_SHOWN_MAX) shown.push("…");
  const candidates = shown.length === 0 ? "There are none of any type." : `Types there: ${shown.join(", ")}.`;
  session.note(`No events of type ${printable(aggregateType)} in ${name}. ${candidates}`);
  return true;
}
