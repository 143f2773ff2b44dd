import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AggregateRepository } from "../aggregates/aggregate-repository.ts";
import { AggregateRoot } from "../aggregates/aggregate-root.ts";
import type { DomainEvent } from "../events/event.ts";
import { openSqlite, type SqliteStorage } from "../stores/sqlite/open-sqlite.ts";
import { type Command, command } from "./command.ts";
import { type LoadTimes, measureLoads } from "./demo/load-times.ts";
import { improvement, milliseconds } from "./demo/wording.ts";
import { Progress } from "./progress.ts";
import { endIfStopped, type Session } from "./session.ts";
import { count, right, table } from "./table.ts";

/** With snapshots at multiples of 60, each history ends 40 events after one: its loads have something to replay. */
const THRESHOLD = 60;
const LENGTHS = [100, 1_000, 10_000, 100_000];
const LENGTHS_QUICK = LENGTHS.slice(0, 2);
const EVENTS_A_SAVE = 20;
const CHART_COLUMNS_MAX = 84;

class DemoAccount extends AggregateRoot<{ balance: number }, DomainEvent<"Deposited", { amount: number }>> {
  static readonly aggregateType = "DemoAccount";

  protected initialState(): { balance: number } {
    return { balance: 0 };
  }

  protected evolve(
    state: { balance: number },
    { data }: DomainEvent<"Deposited", { amount: number }>,
  ): { balance: number } {
    return { balance: state.balance + data.amount };
  }

  deposit(amount: number): void {
    this.raise("Deposited", { amount });
  }
}

/** `eventfold demo`. */
export function demoCommand(session: Session): Command {
  return command("demo", {
    summary: "show what snapshots save, on this machine",
    description:
      "Makes accounts with short and long histories in a temporary SQLite file, and measures how long they take to load with " +
      "and without snapshots. The file is removed at the end.",
    examples: [
      ["eventfold demo", "Histories of up to 100,000 events."],
      ["eventfold demo --quick", "Up to 1,000 events."],
    ],
  })
    .option("--quick", "shorter histories")
    .action(async ({ json, quick }) => {
      const folder = mkdtempSync(join(tmpdir(), "eventfold-demo-"));
      try {
        const times = await measured(session, join(folder, "demo.db"), quick === true ? LENGTHS_QUICK : LENGTHS);
        // Not at the top: a library for charts, which no other command needs.
        const { terminalChart } = await import("./demo/terminal-chart.ts");
        const chart = (columns: number, colored: boolean): string => terminalChart(times, columns, colored);
        session.result({ json }, { threshold: THRESHOLD, loads: times }, () => textOf(times, session, chart));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

async function measured(session: Session, file: string, lengths: readonly number[]): Promise<readonly LoadTimes[]> {
  const breathe = (): Promise<void> => endIfStopped(session, "Stopped. What was made is removed.");
  const handle = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(file);
  // The file is thrown away: nothing needs to reach the disk.
  handle.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  const storage = openSqlite(handle);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const progress = new Progress({ title: "Depositing", total, unit: "events" });
  try {
    let made = 0;
    const ids: string[] = [];
    for (const length of lengths) {
      ids.push(await fill(storage, length, breathe, (events) => progress.update(made + events)));
      made += length;
    }
    progress.stop();
    const times: LoadTimes[] = [];
    for (const id of ids) times.push(await measureLoads(DemoAccount, id, storage, breathe));
    return times;
  } finally {
    progress.stop();
    await storage.close();
    handle.close();
  }
}

async function fill(
  { eventStore, snapshotStore: store }: SqliteStorage,
  length: number,
  breathe: () => Promise<void>,
  onProgress: (events: number) => void,
): Promise<string> {
  const accounts = new AggregateRepository(DemoAccount, { eventStore, snapshots: { store, threshold: THRESHOLD } });
  const account = accounts.createNew();
  for (let events = 0; events < length; ) {
    const until = Math.min(events + EVENTS_A_SAVE, length);
    for (; events < until; events += 1) account.deposit(1 + (events % 100));
    await accounts.save(account);
    onProgress(events);
    await breathe();
  }
  return account.id;
}

function textOf(
  times: readonly LoadTimes[],
  { stdout }: Session,
  chart: (columns: number, colored: boolean) => string,
): string {
  const columns = ["Events", "Without snapshots", "With snapshots", "Events replayed", "Improvement"].map(right);
  const rows = times.map(({ events, withoutMs, withMs, eventsReplayed }) => {
    const cells = [
      milliseconds(withoutMs),
      milliseconds(withMs),
      count(eventsReplayed),
      improvement(withoutMs, withMs),
    ];
    return [count(events), ...cells];
  });
  const width = Math.min(stdout.columns, CHART_COLUMNS_MAX);
  const colored = stdout.style("green", "x") !== "x";
  return [table(columns, rows, stdout), "", chart(width, colored)].join("\n");
}
