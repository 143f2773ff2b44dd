import { Console } from "node:console";
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "node:util";
import { AggregateRepository, definitionOfRepository, storesOfRepository } from "../aggregates/aggregate-repository.ts";
import type { AnyAggregate } from "../aggregates/aggregate-root.ts";
import type { ConfigStorage, EventfoldConfig } from "../config/index.ts";
import { type OptionNames, refuseUnknown } from "../events/bounds.ts";
import { undecorated } from "../events/event-store-decorator.ts";
import { InMemoryEventStore } from "../stores/memory/in-memory-event-store.ts";
import { PostgresEventStore } from "../stores/postgres/postgres-event-store.ts";
import { SqliteEventStore } from "../stores/sqlite/sqlite-event-store.ts";
import { UsageError } from "./command.ts";
import { messageOf } from "./failure.ts";
import { readTypeScript } from "./read-typescript.ts";

/** The user's repositories by aggregate type. */
export type Repositories = ReadonlyMap<string, AggregateRepository<AnyAggregate>>;

/** Where this very package lies. */
const PACKAGE = new URL("../", import.meta.url).href;

const NAMES: OptionNames<EventfoldConfig> = { repositories: true };
const FILES = [".ts", ".mts", ".js", ".mjs"].map((extension) => `eventfold.config${extension}`);

/**
 * The repositories of the configuration on `storage`. Undefined when no file is named and none is there.
 *
 * @param file as given by `--config`.
 * @throws {UsageError} for a file that does not load, or exports something else.
 */
export async function loadRepositories(
  storage: ConfigStorage,
  file: string | undefined,
): Promise<Repositories | undefined> {
  const path = file ?? FILES.find((each) => existsSync(each));
  if (path === undefined) return undefined;
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`);
  keepStandardOutput();
  readTypeScript();
  const config = await load(path);
  return byType(await repositoriesOf(config, storage, path), path);
}

/** As {@link loadRepositories}, for commands that cannot do without. */
export async function requireRepositories(storage: ConfigStorage, file: string | undefined): Promise<Repositories> {
  const repositories = await loadRepositories(storage, file);
  if (repositories !== undefined) {
    for (const [aggregateType, repository] of repositories) refuseOtherStore(aggregateType, repository, storage);
    return repositories;
  }
  throw new UsageError(`This needs your aggregates. There is no ${FILES.join(", ")} in this folder; write one:

  import { AggregateRepository } from "eventfold";
  import { defineConfig } from "eventfold/config";
  import { Account } from "./src/account.ts";

  export default defineConfig({
    repositories: ({ eventStore, snapshotStore }) => [
      new AggregateRepository(Account, { eventStore, snapshots: { store: snapshotStore, threshold: 100 } }),
    ],
  });

or name another one by --config.`);
}

/** A walk over another database would say of this one that all is well. Of stores of the user's own it cannot be told. */
function refuseOtherStore(
  aggregateType: string,
  repository: AggregateRepository<AnyAggregate>,
  { eventStore }: ConfigStorage,
): void {
  const store = undecorated(storesOfRepository(repository).eventStore);
  const isOurs = [SqliteEventStore, PostgresEventStore, InMemoryEventStore].some((each) => store instanceof each);
  if (!isOurs || store === undecorated(eventStore)) return;
  throw new UsageError(
    `${aggregateType} works on another store than the one it was given: pass storage.eventStore on.`,
  );
}

/** What the user's modules print as they load or fold must not end up among the results. Snapshots' troubles are in those. */
function keepStandardOutput(): void {
  const stderr = new Console({ stdout: process.stderr, stderr: process.stderr });
  stderr.warn = (...values: unknown[]) => {
    if (!String(values[0]).startsWith("eventfold: ")) stderr.error(...values);
  };
  globalThis.console = stderr;
}

async function load(path: string): Promise<Partial<EventfoldConfig>> {
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new UsageError(`${path} does not load: ${messageOf(error)}${placeOf(error)}`, { cause: error });
  }
  return ("default" in module ? module.default : module) as Partial<EventfoldConfig>;
}

/** Where in the user's modules it was thrown, such as ` (src/account.ts:7:9)`; empty where nobody can tell. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = [...stack.matchAll(/^ +at .*?(file:\/\/[^)\s]+):(\d+):(\d+)\)?$/gm)];
  // What is linked, as in a workspace, does not lie below node_modules.
  const own = frames.find(([, url = ""]) => !url.includes("/node_modules/") && !url.startsWith(PACKAGE));
  if (own === undefined) return "";
  const [, url = "", line, column] = own;
  return ` (${relative(process.cwd(), fileURLToPath(url))}:${line}:${column})`;
}

async function repositoriesOf(
  config: Partial<EventfoldConfig> | undefined,
  storage: ConfigStorage,
  path: string,
): Promise<readonly AggregateRepository<AnyAggregate>[]> {
  if (typeof config?.repositories !== "function") {
    const problem =
      "must export by default { repositories: ({ eventStore, snapshotStore }) => [ … ] }: a function, so that";
    throw new UsageError(`${path} ${problem} the repositories work on the database that the command line names.`);
  }
  refuseUnknownIn(config, path);
  let made: unknown;
  try {
    made = await Promise.resolve<unknown>(config.repositories(storage));
  } catch (error) {
    throw new UsageError(`repositories() of ${path} failed: ${messageOf(error)}${placeOf(error)}`, { cause: error });
  }
  if (Array.isArray(made) && made.every((each) => each instanceof AggregateRepository)) return made;
  const problem = "must give an array of AggregateRepository, of the very copy of eventfold that runs here";
  throw new UsageError(
    `repositories() of ${path} ${problem}: run the one that is installed beside it (npx eventfold).`,
  );
}

/** A module without a default export may export what it likes beside. */
function refuseUnknownIn(config: Partial<EventfoldConfig>, path: string): void {
  if (types.isModuleNamespaceObject(config)) return;
  try {
    refuseUnknown("", config, NAMES);
  } catch (error) {
    throw new UsageError(`${path}: ${messageOf(error)}`);
  }
}

function byType(repositories: readonly AggregateRepository<AnyAggregate>[], path: string): Repositories {
  const found = new Map<string, AggregateRepository<AnyAggregate>>();
  for (const repository of repositories) {
    const { aggregateType } = definitionOfRepository(repository);
    if (found.has(aggregateType)) throw new UsageError(`${path} has two repositories of ${aggregateType}.`);
    found.set(aggregateType, repository);
  }
  return found;
}
