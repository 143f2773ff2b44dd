import { AggregateRepository, AggregateRoot, type DomainEvent } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { type BankProject, bankProject } from "./bank-project.ts";

type AccountEvent =
  | DomainEvent<"AccountOpened", { owner: string }>
  | DomainEvent<"MoneyDeposited", { amount: number }>
  | DomainEvent<"MoneyWithdrawn", { amount: number }>;

interface AccountState {
  readonly owner: string;
  readonly balance: number;
}

class Account extends AggregateRoot<AccountState, AccountEvent> {
  static readonly aggregateType = "Account";
  static readonly schemaVersion: number = 1;

  protected initialState(): AccountState {
    return { owner: "", balance: 0 };
  }

  protected evolve(state: AccountState, event: AccountEvent): AccountState {
    switch (event.type) {
      case "AccountOpened":
        return { ...state, owner: event.data.owner };
      case "MoneyDeposited":
        return { ...state, balance: state.balance + event.data.amount };
      case "MoneyWithdrawn":
        return { ...state, balance: state.balance - event.data.amount };
    }
  }

  open(owner: string): void {
    this.raise("AccountOpened", { owner });
  }

  deposit(amount: number): void {
    this.raise("MoneyDeposited", { amount });
  }

  withdraw(amount: number): void {
    this.raise("MoneyWithdrawn", { amount });
  }
}

/** What an older build had. */
class AccountV1 extends Account {}
class AccountV2 extends Account {
  static override readonly schemaVersion = 2;
}

const account = `
import { AggregateRoot } from "eventfold";
export class Account extends AggregateRoot<any, any> {
  static readonly aggregateType = "Account";
  static readonly schemaVersion = 2;
  protected initialState() {
    return { owner: "", balance: 0 };
  }
  protected evolve(state: any, { type, data }: any): any {
    if (type === "AccountOpened") return { ...state, owner: data.owner };
    return { ...state, balance: state.balance + (type === "MoneyDeposited" ? data.amount : -data.amount) };
  }
}`;

const OPENED_AT = Date.parse("2026-01-05T09:00:00.000Z");
const HOUR_MS = 3_600_000;

/**
 * The bank of the pages on the command line: a few accounts in bank.db, the same in every run. The snapshots are those of the
 * build before, but for account a-1000, which the present one, with schema version 2, has saved since.
 */
export async function documentedBank(): Promise<BankProject> {
  const project = bankProject({
    "account.ts": account,
    "empty.config.ts": "export const repositories = () => [];",
  });
  const { eventStore, snapshotStore: store, close } = openSqlite(project.path("bank.db"));
  let hours = 0;
  const options = {
    eventStore,
    snapshots: { store, threshold: 10 },
    clock: () => new Date(OPENED_AT + HOUR_MS * hours++),
    logger: false as const,
  };
  const before = new AggregateRepository<Account>(AccountV1, options);
  for (const [id, owner, deposits] of [
    ["a-1000", "Ada", 19],
    ["a-1001", "Grace", 12],
    ["a-1002", "Edsger", 2],
  ] as const) {
    const each = before.createNew(id, { metadata: { actor: "teller-1" } });
    each.open(owner);
    for (let amount = 1; amount <= deposits; amount += 1) each.deposit(amount * 10);
    await before.save(each);
  }
  const present = new AggregateRepository<Account>(AccountV2, options);
  const ada = await present.load("a-1000", { metadata: { actor: "ada" } });
  ada.withdraw(250);
  ada.deposit(5);
  await present.save(ada);
  await present.createSnapshot(ada);
  await present.close();
  await close();
  return project;
}
