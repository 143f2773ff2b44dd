import type { Inspection } from "./inspect.ts";
import { bytes } from "./measures.ts";
import { plural, right, table } from "./table.ts";
import { printable, type Terminal } from "./terminal.ts";

const STATE_LENGTH_MAX = 4_000;

/** An inspection for people. */
export function inspectionText(inspection: Inspection, terminal: Terminal): string {
  const { aggregateType, aggregateId, version, snapshots } = inspection;
  const name = printable(`${aggregateType}/${aggregateId}`);
  if (version === 0 && snapshots.length === 0) return `${name} has neither events nor snapshots here.`;
  return [
    `${terminal.style("bold", name)} is at version ${version} and has ${plural(snapshots.length, "snapshot")}.`,
    ...folding(inspection, terminal),
    ...eventTable(inspection, terminal),
    ...stateLines(inspection, terminal),
    ...snapshotTable(inspection, terminal),
  ].join("\n");
}

function folding({ folded, problem, aggregateType }: Inspection, { style }: Terminal): string[] {
  if (!folded) {
    const type = printable(aggregateType);
    return [
      style(
        "dim",
        `No repository of ${type} is configured (eventfold.config.ts): states are not folded, snapshots not judged.`,
      ),
    ];
  }
  if (problem === undefined) return [];
  return [style("red", `The events do not fold: version ${problem.version} fails with ${printable(problem.error)}`)];
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

function stateLines({ state, at }: Inspection, { style }: Terminal): string[] {
  if (state === undefined) return [];
  const text = JSON.stringify(state, undefined, 2);
  const cut = text.length > STATE_LENGTH_MAX ? `${text.slice(0, STATE_LENGTH_MAX)}\n… (--json prints all of it)` : text;
  return ["", style("bold", `State at version ${at}`), ...cut.split("\n").map(printable)];
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
    const { version, schemaVersion, fingerprint, createdAt, stateBytes, eventsSince, used, reason } = row;
    const cells = [String(version), schemaVersion, fingerprint || "-", createdAt, bytes(stateBytes), eventsSince];
    return folded ? [...cells, used === true ? "yes" : `no: ${reason ?? ""}`] : cells;
  });
  return ["", table(columns, rows, terminal)];
}

/** Metadata is the user's own: what stands there may be anything. */
function actorOf({ actor = "" }: { readonly actor?: unknown }): string {
  return typeof actor === "string" ? actor : JSON.stringify(actor);
}
