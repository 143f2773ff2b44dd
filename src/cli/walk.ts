import { type AggregateRepository, storesOfRepository } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { WalkOptions, WalkReport } from "../aggregates/each-aggregate.ts";
import type { EventStore } from "../events/event-store.ts";
import { type SnapshotMonitor, surveyOf } from "../monitoring/snapshot-monitor.ts";
import type { SnapshotKey } from "../snapshots/snapshot-store.ts";
import { EXIT, UsageError } from "./command.ts";
import type { OpenDatabase } from "./database.ts";
import { messageOf } from "./failure.ts";
import type { Repositories } from "./load-config.ts";
import { Progress, showsProgress } from "./progress.ts";
import { masked } from "./secrets.ts";
import type { Session } from "./session.ts";
import { plural } from "./table.ts";
import { printable } from "./terminal.ts";

/** A walk over the aggregates of some types, one type after the other. */
export interface Walk<Report extends WalkReport> {
  /** For people, such as "Warming". */
  readonly title: string;
  readonly repositories: Repositories;
  /** Undefined: all. */
  readonly aggregateType: string | undefined;
  readonly afterId: string | undefined;
  readonly concurrency: number | undefined;
  readonly run: (
    aggregateType: string,
    repository: AggregateRepository<AnyAggregate>,
    options: WalkOptions,
  ) => Promise<Report>;
  /** The command line that goes on with a type. */
  readonly resume: (aggregateType: string, afterId: string | undefined) => string;
}

/** The report of one type as it is printed: errors as text. */
type TypeReport<Report extends WalkReport> = Omit<Report, "failures"> & {
  readonly aggregateType: string;
  /** Of the snapshots that the class writes and looks for: to be compared with that of the deployed build. */
  readonly snapshotKey: SnapshotKey;
  readonly failures: readonly { readonly aggregateId: string; readonly error: string }[];
};

export interface WalkResult<Report extends WalkReport> {
  readonly complete: boolean;
  readonly types: readonly TypeReport<Report>[];
  /** Types whose repository takes no snapshots, so that there is nothing to do. */
  readonly skipped: readonly string[];
  /** Command lines that do what is left, in order; empty when nothing is. */
  readonly resume: readonly string[];
}

const WITHOUT_SNAPSHOTS = "its repository takes no snapshots";
const COUNTED_AT_ONCE = 10_000;
const FAILURES_SHOWN_MAX = 10;

/**
 * Walks until it is done or `session` is stopped.
 *
 * @throws {UsageError} for a type without a repository or whose repository takes no snapshots, when none does, and for an id to
 * go on after without a type.
 */
export async function walkTypes<Report extends WalkReport>(
  session: Session,
  { eventStore }: Pick<OpenDatabase, "eventStore">,
  walk: Walk<Report>,
): Promise<WalkResult<Report>> {
  const { chosen, skipped } = chosenOf(walk);
  const types: TypeReport<Report>[] = [];
  const resume: string[] = [];
  for (const [aggregateType, repository] of chosen) {
    if (session.stopped.aborted) {
      resume.push(walk.resume(aggregateType, undefined));
      continue;
    }
    const afterId = walk.afterId;
    const report = await walkType(session, eventStore, walk, aggregateType, repository);
    const failures = report.failures.map(({ aggregateId, error }) => {
      return { aggregateId, error: masked(messageOf(error)) };
    });
    types.push({ aggregateType, snapshotKey: repository.snapshotKey, ...report, failures });
    if (!report.complete) resume.push(walk.resume(aggregateType, report.lastId ?? afterId));
  }
  return { complete: resume.length === 0, types, skipped, resume };
}

/**
 * Tells people of the aggregates that could not be worked on, and, when the walk was stopped, how to go on.
 *
 * @throws what the database throws, when it was that which failed.
 */
export async function concludeWalk<Report extends WalkReport>(
  session: Session,
  { name, snapshots }: Pick<OpenDatabase, "name" | "snapshots">,
  { types, skipped, resume }: WalkResult<Report>,
): Promise<void> {
  for (const aggregateType of skipped) session.note(`${printable(aggregateType)}: ${WITHOUT_SNAPSHOTS}.`);
  for (const { aggregateType, failed, failures } of types) {
    if (failed === 0) continue;
    session.note(`${plural(failed, "aggregate")} of ${printable(aggregateType)} could not be worked on:`);
    for (const { aggregateId, error } of failures.slice(0, FAILURES_SHOWN_MAX)) {
      session.note(`  ${printable(aggregateId)}: ${printable(error)}`);
    }
    if (failed > FAILURES_SHOWN_MAX) session.note("  … (--json prints the first 100)");
  }
  if (types.some(({ failed }) => failed > 0)) {
    session.exitCode = EXIT.found;
    await ping(snapshots);
  }
  if (resume.length === 0) return;
  session.goOn("Stopped", name, resume);
  session.exitCode = EXIT.interrupted;
}

/** Where the aggregates failed because the database is out of reach, this fails as well, and the command ends with that. */
async function ping(snapshots: SnapshotMonitor): Promise<void> {
  await surveyOf(snapshots).lastPosition();
}

function chosenOf<Report extends WalkReport>({
  repositories,
  aggregateType,
  afterId,
}: Walk<Report>): {
  readonly chosen: Repositories;
  readonly skipped: readonly string[];
} {
  const named = aggregateType === undefined ? repositories : only(aggregateType, repositories);
  const chosen = new Map([...named].filter(([, repository]) => takesSnapshots(repository)));
  const skipped = [...named.keys()].filter((each) => !chosen.has(each));
  if (chosen.size === 0 && skipped.length > 0) {
    const advice = "Pass snapshots: { store: snapshotStore } to it in the configuration.";
    throw new UsageError(`${skipped.map((each) => `${each}: ${WITHOUT_SNAPSHOTS}`).join("; ")}. ${advice}`);
  }
  if (aggregateType === undefined && afterId !== undefined && chosen.size > 1)
    throw new UsageError(`--after goes on within one type: name it (${typesOf(chosen)}).`);
  return { chosen, skipped };
}

function only(aggregateType: string, repositories: Repositories): Repositories {
  const repository = repositories.get(aggregateType);
  if (repository !== undefined) return new Map([[aggregateType, repository]]);
  throw new UsageError(
    `The configuration has no repository of ${printable(aggregateType)}. It has: ${typesOf(repositories)}.`,
  );
}

function typesOf(repositories: Repositories): string {
  return [...repositories.keys()].map(printable).join(", ") || "none";
}

function takesSnapshots(repository: AggregateRepository<AnyAggregate>): boolean {
  return storesOfRepository(repository).snapshots !== undefined;
}

async function walkType<Report extends WalkReport>(
  session: Session,
  eventStore: EventStore,
  { title, afterId, concurrency, run }: Walk<Report>,
  aggregateType: string,
  repository: AggregateRepository<AnyAggregate>,
): Promise<Report> {
  const total = showsProgress() ? await countAggregates(eventStore, aggregateType, afterId, session.stopped) : 0;
  const progress = new Progress({ title: `${title} ${printable(aggregateType)}`, total, unit: "aggregates" });
  let done = 0;
  try {
    return await run(aggregateType, repository, {
      signal: session.stopped,
      afterId,
      ...(concurrency !== undefined && { concurrency }),
      onProgress: ({ aggregates }) => progress.update((done = aggregates)),
    });
  } catch (error) {
    progress.stop();
    if (done > 0)
      session.note(`${title} ${printable(aggregateType)} broke off after ${plural(done, "aggregate")}. Run it again.`);
    throw error;
  } finally {
    progress.stop();
  }
}

async function countAggregates(
  eventStore: EventStore,
  aggregateType: string,
  afterId: string | undefined,
  stopped: AbortSignal,
): Promise<number> {
  let total = 0;
  for (let last = afterId; !stopped.aborted; ) {
    const ids = await eventStore.streams(aggregateType, {
      limit: COUNTED_AT_ONCE,
      ...(last !== undefined && { afterId: last }),
    });
    total += ids.length;
    last = ids.at(-1);
    if (ids.length < COUNTED_AT_ONCE) break;
  }
  return total;
}
