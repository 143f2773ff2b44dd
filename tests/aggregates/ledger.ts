import { AggregateRepository, AggregateRoot, type DomainEvent, type EventStore } from "eventfold";

export interface Entry {
  lines: { text: string; cents: number }[];
  note?: string | undefined;
}

export type LedgerEvent = DomainEvent<"Entered", Entry> | DomainEvent<"Forgotten", object>;

export interface LedgerState {
  readonly entries: readonly Entry[];
}

/** Keeps what it is given as it is, and remembers the events that `evolve` saw. */
export class Ledger extends AggregateRoot<LedgerState, LedgerEvent> {
  static readonly aggregateType = "Ledger";
  readonly seen: LedgerEvent[] = [];

  protected initialState(): LedgerState {
    return { entries: [] };
  }

  protected evolve(state: LedgerState, event: LedgerEvent): LedgerState {
    this.seen.push(event);
    if (event.type === "Forgotten") return undefined as unknown as LedgerState;
    if (event.data.note === "throw") throw new RangeError("unwanted");
    return { entries: [...state.entries, event.data] };
  }

  enter(entry: Entry): void {
    this.raise("Entered", entry);
  }

  forget(): void {
    this.raise("Forgotten", {});
  }
}

export function ledgersOf(
  eventStore: EventStore,
  options: Partial<ConstructorParameters<typeof AggregateRepository<Ledger>>[1]> = {},
): AggregateRepository<Ledger> {
  return new AggregateRepository(Ledger, { eventStore, ...options });
}
