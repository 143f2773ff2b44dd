// One operation on a database in a process of its own, so that its peak memory is its own. Prints JSON.
import {
  AggregateRepository,
  type EventStore,
  type SnapshotMonitor,
  type SnapshotStore,
  wantedSnapshot,
} from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Account } from "../account.ts";
import { type Used, usedSoFar } from "./used.ts";

interface Storage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  readonly snapshots: SnapshotMonitor;
  close(): Promise<void>;
}

interface Outcome {
  readonly ms: number;
  /** Streams that were looked at, loaded or replayed. */
  readonly streams: number;
  /** Events that these have; undefined where none is read. */
  readonly events?: number;
  readonly note: string;
}

export interface Report extends Outcome, Used {}

const operations: Readonly<Record<string, (storage: Storage) => Promise<Omit<Outcome, "ms">>>> = {
  async open() {
    return { streams: 0, note: "nothing but opening the database" };
  },
  async health({ snapshots }) {
    const [health] = await snapshots.health({ wanted: [wantedSnapshot(Account)] });
    const { exact, streams = 0, events = 0, loads } = health ?? {};
    return { streams, note: `${exact ? "exact" : "sample"}, ${events} events, ${loads?.usable} usable` };
  },
  async "health of a sample"({ snapshots }) {
    const [health] = await snapshots.health({ streamsMax: 1_000 });
    return { streams: health?.streams ?? 0, note: `estimated from ${health?.examined}` };
  },
  async stale({ snapshots }) {
    let [examined, found] = [0, 0];
    for (
      let page = await snapshots.stale({ limit: 1_000 });
      ;
      page = await snapshots.stale({ limit: 1_000, after: page.next })
    ) {
      examined += page.examined;
      found += page.streams.length;
      if (page.next === undefined) return { streams: examined, note: `${found} stale` };
    }
  },
  async statistics({ snapshots }) {
    const statistics = await snapshots.statistics();
    return { streams: statistics.snapshots, note: `${statistics.stateBytes} bytes of states` };
  },
  async largest({ snapshots }) {
    const { snapshots: found } = await snapshots.largest();
    return { streams: found.length, note: `${found[0]?.stateBytes} bytes` };
  },
  warm,
  "warm again": warm,
  async verify(storage) {
    const replayed = countedReads(storage.eventStore);
    const report = await accountsOf(storage, { events: 0 }).verifySnapshots();
    const note = `${report.verified} verified, ${report.diverged} diverged, ${report.failed} failed`;
    return { streams: report.aggregates, events: replayed.events, note };
  },
};

const [name = "", address = ""] = process.argv.slice(2);
const operation = operations[name];
if (operation === undefined) throw new Error(`There is no operation ${name}.`);
const opened: Storage = address.startsWith("postgres") ? await connectPostgres(address) : openSqlite(address);
// The first query opens a connection.
await opened.eventStore.streams(Account.aggregateType, { limit: 1 });
const [startedAt, before] = [performance.now(), usedSoFar()];
const outcome = await operation(opened);
const ms = performance.now() - startedAt;
await opened.close();
const { peakBytes, cpuMs } = usedSoFar();
const done: Report = { ms, ...outcome, peakBytes, cpuMs: cpuMs - before.cpuMs };
console.log(JSON.stringify(done));

async function warm(storage: Storage): Promise<Omit<Outcome, "ms">> {
  const replayed = { events: 0 };
  const report = await accountsOf(storage, replayed).warm({ eventsMin: 50 });
  const note = `${report.written} written, ${report.failed} failed`;
  return { streams: report.aggregates, events: replayed.events, note };
}

/** How many events `eventStore` hands out in pages from now on. */
function countedReads(eventStore: EventStore): { events: number } {
  const read = { events: 0 };
  const readPage = eventStore.readPage.bind(eventStore);
  eventStore.readPage = async (...query) => {
    const page = await readPage(...query);
    read.events += page.events.length;
    return page;
  };
  return read;
}

function accountsOf(
  { eventStore, snapshotStore: store }: Storage,
  replayed: { events: number },
): AggregateRepository<Account> {
  return new AggregateRepository(Account, {
    eventStore,
    snapshots: { store, threshold: 100 },
    logger: false,
    observer: (fact) => {
      if (fact.kind === "loaded") replayed.events += fact.eventsReplayed;
    },
  });
}
