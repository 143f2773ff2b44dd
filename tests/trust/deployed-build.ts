// What the tests of several processes run in each of them: node deployed-build.ts <kind> <address> <build> <mode>
import { once } from "node:events";
import { createInterface } from "node:readline";
import { AggregateRepository, type SnapshotMode, StreamErasedError } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { Faults, FaultyEventStore, FaultySnapshotStore } from "eventfold/testing";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";

export const ids: readonly string[] = ["a", "b", "c"];
export const UPDATES = 30;
export const BUILDS = { 1: Account, 2: AccountOfSchema2 };

/** What a process tells at its end. */
export interface BuildReport {
  /** Version of the newest snapshot that the stores took or that stood there already, by id. */
  readonly newest: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly refused: number;
}

/** Lets three snapshots pile up, then writes them the last one first. */
class OutOfOrder {
  holding = true;
  readonly #held: (() => void)[] = [];

  hold(): Promise<void> {
    if (!this.holding) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push(resolve);
    if (this.#held.length === 3) this.release();
    return promise;
  }

  release(): void {
    for (const resolve of this.#held.splice(0).toReversed()) resolve();
  }
}

async function run(kind: string, address: string, build: keyof typeof BUILDS, mode: SnapshotMode): Promise<void> {
  const storage = kind === "SQLite" ? openSqlite(address) : await connectPostgres(address);
  const faults = new Faults();
  const order = new OutOfOrder();
  if (mode === "background") {
    faults.every("saveSnapshot", async (call) => {
      await order.hold();
      return call();
    });
  }
  const report = { newest: {} as Record<string, number>, failures: [] as string[], refused: 0 };
  const accounts = new AggregateRepository(BUILDS[build], {
    eventStore: new FaultyEventStore(storage.eventStore, faults),
    snapshots: { store: new FaultySnapshotStore(storage.snapshotStore, faults), threshold: 3, mode },
    logger: false,
    observer: (fact) => {
      if (fact.kind === "snapshot-stored") {
        const { aggregateId } = fact.stream;
        report.newest[aggregateId] = Math.max(fact.version, report.newest[aggregateId] ?? 0);
      }
      if (fact.kind === "snapshot-failed") report.failures.push(String(fact.error));
      if (fact.kind === "snapshot-refused") report.refused += 1;
    },
  });
  for (let update = 0; update < UPDATES; update += 1) {
    const id = ids[update % ids.length]!;
    try {
      await accounts.update(id, (account) => account.grow(1 + (update % 3)), { attempts: 1_000 });
    } catch (error) {
      // The test erases some of them meanwhile.
      if (!(error instanceof StreamErasedError) && (error as { code?: string }).code !== "AGGREGATE_NOT_FOUND")
        throw error;
    }
  }
  order.holding = false;
  order.release();
  await accounts.close();
  await storage.close();
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const [kind, address, build, mode] = process.argv.slice(2);
if (kind !== undefined && address !== undefined) {
  // All processes begin at once: when the test says so.
  const lines = createInterface(process.stdin);
  process.stdout.write("ready\n");
  await once(lines, "line");
  lines.close();
  await run(kind, address, Number(build) as keyof typeof BUILDS, mode as SnapshotMode);
}
