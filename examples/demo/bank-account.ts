import { AggregateRoot, type DomainEvent } from "eventfold";

/** A transaction as a bank books it. */
export interface Transaction {
  readonly direction: "credit" | "debit";
  /** Always positive. Whole hundredths: sums of fractions would drift. */
  readonly amountHundredths: number;
  /** Day, such as 1993-01-31. */
  readonly bookedOn: string;
  readonly operation: string;
  readonly purpose: string;
}

type BookedData = Omit<Transaction, "direction">;

export type BankAccountEvent = DomainEvent<"MoneyCredited", BookedData> | DomainEvent<"MoneyDebited", BookedData>;

export interface BankAccountState {
  /** Below zero when overdrawn, which the bank allows. */
  readonly balanceHundredths: number;
  readonly transactionCount: number;
}

export class BankAccount extends AggregateRoot<BankAccountState, BankAccountEvent> {
  static readonly aggregateType = "BankAccount";
  static readonly schemaVersion = 1;

  protected initialState(): BankAccountState {
    return { balanceHundredths: 0, transactionCount: 0 };
  }

  protected evolve(state: BankAccountState, event: BankAccountEvent): BankAccountState {
    const { amountHundredths } = event.data;
    const transactionCount = state.transactionCount + 1;
    switch (event.type) {
      case "MoneyCredited":
        return { balanceHundredths: state.balanceHundredths + amountHundredths, transactionCount };
      case "MoneyDebited":
        return { balanceHundredths: state.balanceHundredths - amountHundredths, transactionCount };
    }
  }

  book({ direction, ...data }: Transaction): void {
    if (!(data.amountHundredths > 0)) throw new RangeError("An amount must be positive");
    this.raise(direction === "credit" ? "MoneyCredited" : "MoneyDebited", data);
  }
}
