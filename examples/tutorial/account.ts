import { AggregateRoot, type DomainEvent } from "eventfold";

interface AccountOpened {
  readonly ownerName: string;
  readonly initialBalance: number;
}

interface MoneyMoved {
  readonly amount: number;
}

export type AccountEvent =
  | DomainEvent<"AccountOpened", AccountOpened>
  | DomainEvent<"MoneyDeposited", MoneyMoved>
  | DomainEvent<"MoneyWithdrawn", MoneyMoved>;

export interface AccountState {
  readonly accountId: string;
  readonly ownerName: string;
  readonly balance: number;
  readonly transactionCount: number;
}

/** The bank account of every demonstration that does not bring its own. */
export class Account extends AggregateRoot<AccountState, AccountEvent> {
  static readonly aggregateType = "Account";
  static readonly schemaVersion: number = 1;

  protected initialState(accountId: string): AccountState {
    return { accountId, ownerName: "", balance: 0, transactionCount: 0 };
  }

  protected evolve(state: AccountState, event: AccountEvent): AccountState {
    switch (event.type) {
      case "AccountOpened":
        return { ...state, ownerName: event.data.ownerName, balance: event.data.initialBalance };
      case "MoneyDeposited":
        return {
          ...state,
          balance: state.balance + event.data.amount,
          transactionCount: state.transactionCount + 1,
        };
      case "MoneyWithdrawn":
        return {
          ...state,
          balance: state.balance - event.data.amount,
          transactionCount: state.transactionCount + 1,
        };
    }
  }

  open(ownerName: string, initialBalance = 0): void {
    this.raise("AccountOpened", { ownerName, initialBalance });
  }

  deposit(amount: number): void {
    if (amount <= 0) throw new RangeError("Deposit must be positive");
    this.raise("MoneyDeposited", { amount });
  }

  withdraw(amount: number): void {
    if (amount <= 0) throw new RangeError("Withdrawal must be positive");
    if (this.state.balance < amount) throw new RangeError("Insufficient funds");
    this.raise("MoneyWithdrawn", { amount });
  }
}
