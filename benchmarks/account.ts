import { AggregateRoot, type DomainEvent } from "eventfold";

interface Movement {
  readonly amount: number;
  readonly counterparty: string;
  readonly reference: string;
}

export type AccountEvent =
  | DomainEvent<"AccountOpened", { readonly ownerName: string }>
  | DomainEvent<"MoneyDeposited", Movement>
  | DomainEvent<"MoneyWithdrawn", Movement>;

export interface AccountState {
  readonly ownerName: string;
  readonly balance: number;
  readonly transactionCount: number;
}

export const INITIAL_STATE: AccountState = { ownerName: "", balance: 0, transactionCount: 0 };

/** The reducer of everything that is compared. */
export function evolve(state: AccountState, event: AccountEvent): AccountState {
  switch (event.type) {
    case "AccountOpened":
      return { ...state, ownerName: event.data.ownerName };
    case "MoneyDeposited":
      return moved(state, event.data.amount);
    case "MoneyWithdrawn":
      return moved(state, -event.data.amount);
  }
}

/** A bank account: small events, a small state, like those of the documentation. */
export class Account extends AggregateRoot<AccountState, AccountEvent> {
  static readonly aggregateType = "Account";

  protected initialState(): AccountState {
    return INITIAL_STATE;
  }

  protected evolve(state: AccountState, event: AccountEvent): AccountState {
    return evolve(state, event);
  }

  open(ownerName: string): void {
    this.raise("AccountOpened", { ownerName });
  }

  deposit(movement: Movement): void {
    this.raise("MoneyDeposited", movement);
  }

  withdraw(movement: Movement): void {
    this.raise("MoneyWithdrawn", movement);
  }
}

function moved({ ownerName, balance, transactionCount }: AccountState, amount: number): AccountState {
  return { ownerName, balance: balance + amount, transactionCount: transactionCount + 1 };
}
