// The state learns to count transactions. Old snapshots do not know the number, but the events do.
import { AggregateRepository, AggregateRoot, type DomainEvent } from "eventfold";
import { openStorage } from "./storage.ts";

type AccountEvent =
  | DomainEvent<"AccountOpened", { readonly ownerName: string; readonly initialBalance: number }>
  | DomainEvent<"MoneyDeposited", { readonly amount: number }>;

interface StateV1 {
  readonly accountId: string;
  readonly ownerName: string;
  readonly balance: number;
}

class AccountV1 extends AggregateRoot<StateV1, AccountEvent> {
  static readonly aggregateType = "Account";
  static readonly schemaVersion = 1;

  protected initialState(accountId: string): StateV1 {
    return { accountId, ownerName: "", balance: 0 };
  }

  protected evolve(state: StateV1, event: AccountEvent): StateV1 {
    switch (event.type) {
      case "AccountOpened":
        return { ...state, ownerName: event.data.ownerName, balance: event.data.initialBalance };
      case "MoneyDeposited":
        return { ...state, balance: state.balance + event.data.amount };
    }
  }

  open(ownerName: string, initialBalance: number): void {
    this.raise("AccountOpened", { ownerName, initialBalance });
  }

  deposit(amount: number): void {
    this.raise("MoneyDeposited", { amount });
  }
}

interface StateV2 extends StateV1 {
  readonly transactionCount: number; // new
}

class AccountV2 extends AggregateRoot<StateV2, AccountEvent> {
  static readonly aggregateType = "Account";
  static readonly schemaVersion = 2; // one more, because the same events fold into another state

  protected initialState(accountId: string): StateV2 {
    return { accountId, ownerName: "", balance: 0, transactionCount: 0 };
  }

  protected evolve(state: StateV2, event: AccountEvent): StateV2 {
    switch (event.type) {
      case "AccountOpened":
        return { ...state, ownerName: event.data.ownerName, balance: event.data.initialBalance };
      case "MoneyDeposited":
        return {
          ...state,
          balance: state.balance + event.data.amount,
          transactionCount: state.transactionCount + 1,
        };
    }
  }
}

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log("\n=== Schema Versioning ===\n");

const snapshots = { store: snapshotStore, threshold: 5 };

const accountsV1 = new AggregateRepository(AccountV1, { eventStore, snapshots });
const account = accountsV1.createNew();
account.open("Schema Test", 100);
for (let i = 0; i < 10; i += 1) account.deposit(10);
await accountsV1.save(account);

const snapshot = await snapshotStore.getSnapshot(account.id, "Account");
console.log(`V1 Snapshot created at version ${snapshot?.version}`);
console.log(`  schema_version: ${snapshot?.schemaVersion}`);
console.log(`  state keys: ${Object.keys(snapshot?.state ?? {}).join(", ")}`);
console.log();

let missReason: string | undefined;
const accountsV2 = new AggregateRepository(AccountV2, {
  eventStore,
  snapshots,
  observer: (fact) => {
    if (fact.kind === "missed") missReason = fact.reason;
  },
});

console.log("Loading account with V2 aggregate (V1 snapshot should be ignored)...");
const loaded = await accountsV2.load(account.id);
console.log("  Loaded successfully!");
console.log(`  Version: ${loaded.version}`);
console.log(`  Balance: $${loaded.state.balance.toFixed(2)}`);
console.log(`  Transaction count: ${loaded.state.transactionCount}`);
if (missReason === "schema-mismatch") console.log("  (Schema mismatch caused full event replay)");

await accountsV2.close();
await storage.close();
