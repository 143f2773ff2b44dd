import {
  divergence,
  type FoldedWindow,
  foldWindow,
  judgeRow,
  type RowVerdict,
} from "../aggregates/aggregate-inspection.ts";
import { type AggregateRepository, definitionOfRepository } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { MissReason } from "../aggregates/repository-observer.ts";
import { CorruptStreamError } from "../errors.ts";
import type { Instant } from "../events/instant.ts";
import type { StreamId } from "../events/stream-id.ts";
import type { SnapshotRow } from "../snapshots/snapshot.ts";
import { isOfKey } from "../snapshots/snapshot-store.ts";
import { utf8Length } from "../snapshots/utf8-length.ts";
import { noteAbsentType } from "./absent-type.ts";
import { type Command, configOption, databaseCommand, EXIT, UsageError, wholeNumber } from "./command.ts";
import { type OpenDatabase, openDatabase } from "./database.ts";
import { messageOf } from "./failure.ts";
import { inspectionText } from "./inspection-text.ts";
import { loadRepositories } from "./load-config.ts";
import { masked } from "./secrets.ts";
import type { Session } from "./session.ts";

const EVENTS_DEFAULT = 20;
const EVENTS_MAX = 10_000;

/** One aggregate as `eventfold inspect` shows it. */
export interface Inspection extends StreamId {
  /** Of its newest event. */
  readonly version: number;
  /** The version whose state is shown: `version`, or what `--at` says. */
  readonly at: number;
  /** Whether the configuration has a repository of its type, so that states could be computed and snapshots judged. */
  readonly folded: boolean;
  /** The last ones up to `at`, or to where the stream is damaged. */
  readonly events: readonly InspectedEvent[];
  /** After version `at`; absent without a fold, and when it failed. */
  readonly state?: unknown;
  /** Where the fold failed, or, with `damaged`, where the stream is damaged, and how. */
  readonly problem?: { readonly version: number; readonly error: string; readonly damaged: boolean };
  readonly snapshots: readonly InspectedSnapshot[];
  /** When the events were erased for good. */
  readonly erasedAt?: Instant;
}

interface InspectedEvent {
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly occurredAt: string;
  readonly metadata: { readonly [key: string]: unknown };
  readonly data: unknown;
  /** After the event. */
  readonly state?: unknown;
}

interface InspectedSnapshot {
  readonly version: number;
  readonly schemaVersion: number;
  readonly fingerprint: string;
  readonly createdAt: string;
  /** Of the state as JSON text in UTF-8. */
  readonly stateBytes: number;
  /** Events that were appended to the stream since. */
  readonly eventsSince: number;
  /** Whether a load uses it; undefined where nobody can tell. */
  readonly used?: boolean;
  /** Why not. */
  readonly reason?: MissReason | "another-comes-first";
  /** The first place where its state, which a load could begin with, is not what the events up to its version give. */
  readonly differs?: string;
}

/** `eventfold inspect`. */
export function inspectCommand(session: Session): Command {
  return databaseCommand("inspect", {
    summary: "show one aggregate: its events, the state after each, its snapshots",
    description:
      "Shows the last events of one aggregate, who raised them and when, the state after each, and its snapshots: whether a " +
      "load would use them, and why not. States are folded from the first event on, whatever the snapshots say. Without a " +
      "configuration, events and rows alone.",
    examples: [
      ["eventfold inspect ./bank.db Account a-1000", "The newest state, and the last 20 events that led there."],
      ["eventfold inspect ./bank.db Account a-1000 --at 118", "The same as of version 118."],
    ],
    found: "there is nothing, the stream is damaged or does not fold, or a snapshot differs",
  })
    .argument("<TYPE>", "aggregate type")
    .argument("<ID>", "aggregate id")
    .option("--at <version>", "as of this version (default: the newest)", wholeNumber(1))
    .option("--limit <n>", `events to show, up to ${EVENTS_MAX} (default: ${EVENTS_DEFAULT})`, wholeNumber(1))
    .addOption(configOption())
    .action(async (target, aggregateType, aggregateId, { json, at, limit = EVENTS_DEFAULT, config, prepare }) => {
      if (limit > EVENTS_MAX) throw new UsageError(`--limit is at most ${EVENTS_MAX}.`);
      const database = await openDatabase(target, { access: "read", prepare });
      try {
        const repository = (await loadRepositories(database, config))?.get(aggregateType);
        const inspection = await inspect(database, repository, { aggregateType, aggregateId }, { at, limit });
        session.result({ json }, inspection, () => inspectionText(inspection, session.stdout));
        if (isAmiss(inspection)) session.exitCode = EXIT.found;
        if (isAbsent(inspection) && inspection.erasedAt === undefined)
          await noteAbsentType(session, database, aggregateType);
      } finally {
        await database.close();
      }
    });
}

async function inspect(
  { eventStore, snapshotStore, administration }: OpenDatabase,
  repository: AggregateRepository<AnyAggregate> | undefined,
  stream: StreamId,
  { at, limit }: { readonly at: number | undefined; readonly limit: number },
): Promise<Inspection> {
  const { aggregateType, aggregateId } = stream;
  // First, so that none is of a version that is yet to be.
  const rows = await administration.rowsOf(stream);
  const version = await eventStore.versionOf(stream);
  if (at !== undefined && at > version) {
    throw new UsageError(`${aggregateType}/${aggregateId} is at version ${version}: there is no version ${at}.`);
  }
  const erasure = version === 0 ? await administration.erasureOf(stream) : undefined;
  const instantiate = repository && (() => repository.createNew(aggregateId));
  const throughVersion = at ?? version;
  const statesAt = rows.map((row) => row.version).filter((each) => each >= 1 && each <= version);
  const folded = await foldWindow(eventStore, stream, instantiate, { throughVersion, limit, statesAt });
  const wanted = repository && definitionOfRepository(repository).wanted;
  const chosen = wanted && (await snapshotStore.getSnapshot(aggregateId, aggregateType, { prefer: wanted }));
  const snapshots: InspectedSnapshot[] = [];
  for (const row of rows) {
    const judged = instantiate && (await judgeRow(eventStore, row, version, instantiate));
    snapshots.push({
      ...described(row, version),
      ...(judged && verdict(judged, chosen && isOfKey(row, chosen), folded.stateTexts.get(row.version))),
    });
  }
  return {
    aggregateType,
    aggregateId,
    version,
    at: throughVersion,
    folded: instantiate !== undefined,
    ...eventsAndState(folded),
    snapshots,
    ...(erasure?.events === true && { erasedAt: erasure.erasedAt }),
  };
}

function isAbsent({ version, snapshots }: Inspection): boolean {
  return version === 0 && snapshots.length === 0;
}

function isAmiss(inspection: Inspection): boolean {
  const { snapshots, problem } = inspection;
  return isAbsent(inspection) || problem !== undefined || snapshots.some(({ differs }) => differs !== undefined);
}

function eventsAndState({ events, problem }: FoldedWindow): Pick<Inspection, "events" | "state" | "problem"> {
  // The last event that is sound is not the one whose state was asked for.
  const last = problem === undefined ? events.at(-1)?.stateText : undefined;
  return {
    events: events.map(({ event, stateText }) => {
      const { version, id, type, schemaVersion, occurredAt, metadata, data } = event;
      const fields = { version, id, type, schemaVersion, occurredAt, metadata, data };
      return stateText === undefined ? fields : { ...fields, state: JSON.parse(stateText) };
    }),
    ...(last !== undefined && { state: JSON.parse(last) }),
    ...(problem && { problem: describedProblem(problem) }),
  };
}

function describedProblem({ version, error }: NonNullable<FoldedWindow["problem"]>): Inspection["problem"] & object {
  return { version, error: masked(messageOf(error)), damaged: error instanceof CorruptStreamError };
}

function described(row: SnapshotRow, version: number): InspectedSnapshot {
  return {
    version: row.version,
    schemaVersion: row.schemaVersion,
    fingerprint: row.fingerprint,
    createdAt: row.createdAt,
    stateBytes: utf8Length(row.stateText),
    eventsSince: version - row.version,
  };
}

/** A load looks at one row: that of its own definition, or else the newest. */
function verdict(
  judged: RowVerdict,
  isChosen: boolean | undefined,
  foldedText: string | undefined,
): Partial<InspectedSnapshot> {
  if (judged.reason !== undefined) return { used: false, reason: judged.reason };
  const differs = divergence(judged.stateText, foldedText);
  return {
    ...(isChosen === true ? { used: true } : { used: false, reason: "another-comes-first" }),
    ...(differs !== undefined && { differs }),
  };
}
