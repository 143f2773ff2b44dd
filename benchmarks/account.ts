import { AggregateRoot, type DomainEvent } from "eventfold";

interface Movement {
  readonly amount: number;
  readonly counterparty: string;
  readonly reference: string;
}

/** Makes states as large as a measurement wants them, out of many small values like those of real states. */
interface Contact {
  readonly name: string;
  readonly iban: string;
  readonly since: number;
  readonly trusted: boolean;
}

export type AccountEvent =
  | DomainEvent<"AccountOpened", { readonly ownerName: string; readonly contacts: readonly Contact[] }>
  | DomainEvent<"MoneyDeposited", Movement>
  | DomainEvent<"MoneyWithdrawn", Movement>;

export interface AccountState {
  readonly ownerName: string;
  readonly balance: number;
  readonly transactionCount: number;
  readonly contacts: readonly Contact[];
}

type Fact = { [Event in AccountEvent as Event["type"]]: Pick<Event, "type" | "data"> }[AccountEvent["type"]];

export const INITIAL_STATE: AccountState = { ownerName: "", balance: 0, transactionCount: 0, contacts: [] };

/** The reducer of everything that is compared. */
export function evolve(state: AccountState, event: AccountEvent): AccountState {
  switch (event.type) {
    case "AccountOpened":
      return { ...state, ...event.data };
    case "MoneyDeposited":
      return moved(state, event.data.amount);
    case "MoneyWithdrawn":
      return moved(state, -event.data.amount);
  }
}

/** A bank account: small events, and a state as large as its contacts. */
export class Account extends AggregateRoot<AccountState, AccountEvent> {
  static readonly aggregateType = "Account";

  protected initialState(): AccountState {
    return INITIAL_STATE;
  }

  protected evolve(state: AccountState, event: AccountEvent): AccountState {
    return evolve(state, event);
  }

  /** Raises what happens next in the life of every account here, so many events. */
  move(events: number, stateBytes = STATE_BYTES): void {
    for (let raised = 0; raised < events; raised += 1) {
      const { type, data } = factAt(this.version + 1, stateBytes);
      this.raise(type, data);
    }
  }
}

/** Of a state where nothing else is said. */
export const STATE_BYTES = 200;

/** What is event `version` of every account. */
export function factAt(version: number, stateBytes = STATE_BYTES): Fact {
  if (version === 1) return { type: "AccountOpened", data: openingOf(stateBytes) };
  const amount = (version % 89) + 0.25;
  return version % 3 === 0
    ? { type: "MoneyWithdrawn", data: { amount, counterparty: "Grocer", reference: "weekly" } }
    : { type: "MoneyDeposited", data: { amount, counterparty: "Employer", reference: `invoice ${version}` } };
}

/** With as many contacts as make a state of about `stateBytes` of JSON. */
function openingOf(stateBytes: number): Extract<Fact, { type: "AccountOpened" }>["data"] {
  const ownerName = "Ada Lovelace";
  const bare = JSON.stringify({ ...INITIAL_STATE, ownerName, balance: 12_345.25, transactionCount: 999 }).length;
  const contacts: Contact[] = [];
  const each = JSON.stringify(contactAt(0)).length + 1;
  for (let bytes = bare + each; bytes <= stateBytes; bytes += each) contacts.push(contactAt(contacts.length));
  return { ownerName, contacts };
}

function contactAt(index: number): Contact {
  const digits = String(index % 100_000).padStart(5, "0");
  return { name: `Contact ${digits}`, iban: `DE8937040044053201${digits}`, since: 2000 + (index % 25), trusted: true };
}

function moved(state: AccountState, amount: number): AccountState {
  const { ownerName, balance, transactionCount, contacts } = state;
  return { ownerName, balance: balance + amount, transactionCount: transactionCount + 1, contacts };
}
