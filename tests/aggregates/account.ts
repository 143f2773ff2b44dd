import { AggregateRoot, type DomainEvent } from "eventfold";

interface AccountOpened {
  ownerName: string;
  initialBalance: number;
}

interface MoneyMoved {
  amount: number;
}

export type AccountEvent =
  | DomainEvent<"AccountOpened", AccountOpened>
  | DomainEvent<"MoneyDeposited", MoneyMoved>
  | DomainEvent<"MoneyWithdrawn", MoneyMoved>;

export interface AccountState {
  ownerName: string;
  balance: number;
  transactionCount: number;
}

/** The aggregate of most tests. Each event moves the balance, so that an event lost or folded twice shows. */
export class Account extends AggregateRoot<AccountState, AccountEvent> {
  static readonly aggregateType: string = "Account";
  static readonly schemaVersion: number = 1;

  protected initialState(): AccountState {
    return { ownerName: "", balance: 0, transactionCount: 0 };
  }

  protected evolve(state: AccountState, event: AccountEvent): AccountState {
    switch (event.type) {
      case "AccountOpened":
        return { ...state, ownerName: event.data.ownerName, balance: event.data.initialBalance };
      case "MoneyDeposited":
        return moved(state, event.data.amount);
      case "MoneyWithdrawn":
        return moved(state, -event.data.amount);
    }
  }

  open(ownerName = "Ada", initialBalance = 100): void {
    this.raise("AccountOpened", { ownerName, initialBalance });
  }

  deposit(amount = 10): void {
    if (amount <= 0) throw new RangeError("Deposit must be positive");
    this.raise("MoneyDeposited", { amount });
  }

  withdraw(amount = 1): void {
    this.raise("MoneyWithdrawn", { amount });
  }

  /** Several events, the first of which opens the account when it is new. */
  grow(count: number): void {
    for (let made = 0; made < count; made += 1) {
      if (this.version === 0) this.open();
      else this.deposit(this.version);
    }
  }
}

/** The same aggregate after its state has changed its meaning. */
export class AccountOfSchema2 extends Account {
  static override readonly schemaVersion = 2;
}

function moved(state: AccountState, amount: number): AccountState {
  return { ...state, balance: state.balance + amount, transactionCount: state.transactionCount + 1 };
}
