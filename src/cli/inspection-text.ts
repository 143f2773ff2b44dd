import type { Inspection } from "./inspect.ts";
import { bytes } from "./measures.ts";
import { plural, right, table } from "./table.ts";
import { printable, type Terminal } from "./terminal.ts";

const STATE_LENGTH_MAX = 4_000;

/** An inspection for people. */
export function inspectionText(inspection: Inspection, terminal: Terminal): string {
  const { aggregateType, aggregateId, version, snapshots, erasedAt } = inspection;
  const name = printable(`${aggregateType}/${aggregateId}`);
  if (erasedAt !== undefined) return `${name} was erased at ${erasedAt}: its events are gone for good.`;
  if (version === 0 && snapshots.length === 0) return `${name} has neither events nor snapshots here.`;
  return [
    `${terminal.style("bold", name)} is at version ${version} and has ${plural(snapshots.length, "snapshot")}.`,
    ...unfolded(inspection, terminal),
    ...eventTable(inspection, terminal),
    ...problemLines(inspection, terminal),
    ...stateLines(inspection, terminal),
    ...snapshotTable(inspection, terminal),
  ].join("\n");
}

function unfolded({ folded, aggregateType }: Inspection, { style }: Terminal): string[] {
  if (folded) return [];
  const type = printable(aggregateType);
  const text = `No repository of ${type} is configured (eventfold.config.ts): states are not folded, snapshots not judged.`;
  return [style("dim", text)];
}

/** Below the events, where they end or have no states any more. */
function problemLines({ problem }: Inspection, { style }: Terminal): string[] {
  if (problem === undefined) return [];
  const { version, error, damaged } = problem;
  const text = damaged ? error : `The events do not fold: version ${version} fails with ${error}`;
  return ["", style("red", printable(text))];
}

function eventTable({ events, folded }: Inspection, terminal: Terminal): string[] {
  if (events.length === 0) return [];
  const columns = [
    right("Version"),
    { head: "When" },
    { head: "Event" },
    { head: "Who" },
    { head: "Data", flexible: true },
    ...(folded ? [{ head: "State after", flexible: true }] : []),
  ];
  const rows = events.map(({ version, occurredAt, type, metadata, data, state }) => {
    const cells = [String(version), occurredAt, type, actorOf(metadata), JSON.stringify(data)];
    return folded ? [...cells, state === undefined ? "" : JSON.stringify(state)] : cells;
  });
  return ["", table(columns, rows, terminal)];
}

/** A terminal would lose the rest of the inspection behind a large state; a file keeps all of it. */
function stateLines({ state, at }: Inspection, { isTerminal, style }: Terminal): string[] {
  if (state === undefined) return [];
  const text = JSON.stringify(state, undefined, 2);
  const isCut = isTerminal && text.length > STATE_LENGTH_MAX;
  const shown = isCut ? `${text.slice(0, STATE_LENGTH_MAX)}\n… (--json prints all of it)` : text;
  return ["", style("bold", `State at version ${at}`), ...shown.split("\n").map(printable)];
}

function snapshotTable({ snapshots, folded }: Inspection, terminal: Terminal): string[] {
  if (snapshots.length === 0) return [];
  const columns = [
    right("Snapshot"),
    right("Schema"),
    { head: "Fingerprint", flexible: true },
    { head: "Written" },
    right("Size"),
    right("Events since"),
    ...(folded ? [{ head: "Used by a load" }] : []),
  ];
  const rows = snapshots.map((row) => {
    const { version, schemaVersion, fingerprint, createdAt, stateBytes, eventsSince } = row;
    const cells = [String(version), schemaVersion, fingerprint || "-", createdAt, bytes(stateBytes), eventsSince];
    return folded ? [...cells, verdictText(row)] : cells;
  });
  return ["", table(columns, rows, terminal)];
}

function verdictText({ used, reason, differs }: Inspection["snapshots"][number]): string {
  if (used === undefined) return "?";
  const verdict = used ? "yes" : `no: ${reason ?? ""}`;
  return differs === undefined ? verdict : `${verdict}, but ${differs} is not what the events give`;
}

/** Metadata is the user's own: what stands there may be anything. */
function actorOf({ actor = "" }: { readonly actor?: unknown }): string {
  return typeof actor === "string" ? actor : JSON.stringify(actor);
}
