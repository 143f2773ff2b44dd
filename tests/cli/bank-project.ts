import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AggregateRepository, AggregateRoot, type DomainEvent, type EventStore } from "eventfold";
import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { onTestFinished } from "vitest";
import { linkEventfold } from "./installed.ts";

/** What the project's configuration declares, for filling databases. */
export class Account extends AggregateRoot<{ balance: number }, DomainEvent<"Deposited", { amount: number }>> {
  static readonly aggregateType = "Account";
  protected initialState(): { balance: number } {
    return { balance: 0 };
  }
  protected evolve(
    state: { balance: number },
    event: DomainEvent<"Deposited", { amount: number }>,
  ): { balance: number } {
    return { balance: state.balance + event.data.amount };
  }
  deposit(amount: number): void {
    this.raise("Deposited", { amount });
  }
}

/** Its snapshots prove themselves, and are wrong. */
export class MistakenAccount extends Account {
  protected override evolve(): { balance: number } {
    return { balance: -1 };
  }
}

const account = `
import { AggregateRoot, type DomainEvent } from "eventfold";
type Deposited = DomainEvent<"Deposited", { amount: number }>;
export class Account extends AggregateRoot<{ balance: number }, Deposited> {
  static readonly aggregateType = "Account";
  protected initialState(): { balance: number } { return { balance: 0 }; }
  protected evolve(state: { balance: number }, event: Deposited): { balance: number } {
    return { balance: state.balance + event.data.amount };
  }
}`;

const config = `
import { AggregateRepository } from "eventfold";
import { defineConfig } from "eventfold/config";
import { Account } from "./account.ts";
export default defineConfig({
  repositories: ({ eventStore, snapshotStore }) => [
    new AggregateRepository(Account, { eventStore, snapshots: { store: snapshotStore, threshold: 10 } }),
  ],
});`;

export interface BankProject {
  /** A folder with the configuration, and where "eventfold" means the installed package. */
  readonly folder: string;
  /** Path of a file in it. */
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  readonly read: (name: string) => string;
  readonly remove: (name: string) => void;
}

/** A user's project in TypeScript, for the length of one test. */
export function bankProject(files: Readonly<Record<string, string>> = {}): BankProject {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-bank-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  linkEventfold(folder);
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string): void => writeFileSync(path(name), text);
  const all = {
    "package.json": '{ "type": "module" }',
    "account.ts": account,
    "eventfold.config.ts": config,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) write(name, text);
  const read = (name: string): string => readFileSync(path(name), "utf8");
  return { folder, path, write, read, remove: (name) => rmSync(path(name)) };
}

/** Makes a SQLite file with accounts `a-000`, `a-001` … of so many events each, and without snapshots. */
export async function fillSqlite(path: string, accounts: number, eventsEach: number): Promise<void> {
  const storage = openSqlite(path);
  await fill(storage, accounts, eventsEach);
  await storage.close();
}

/** The same in PostgreSQL, whose tables it makes. */
export async function fillPostgres(url: string, accounts: number, eventsEach: number): Promise<void> {
  const storage = await connectPostgres(url);
  await storage.migrate();
  await fill(storage, accounts, eventsEach);
  await storage.close();
}

async function fill(storage: { eventStore: EventStore }, accounts: number, eventsEach: number): Promise<void> {
  const repository = new AggregateRepository(Account, { eventStore: storage.eventStore });
  for (let index = 0; index < accounts; index += 1) {
    const id = `a-${String(index).padStart(3, "0")}`;
    const each = repository.createNew(id, { metadata: { actor: "ada" } });
    for (let amount = 1; amount <= eventsEach; amount += 1) each.deposit(amount);
    await repository.save(each);
  }
}
