import { AggregateRoot, type DomainEvent, upgradeState } from "eventfold";
import { proveStateUpgrades } from "eventfold/testing";
import { expect, it } from "vitest";

type Paid = DomainEvent<"Paid", { amount: number }>;

class Purse extends AggregateRoot<{ cents: number; count: number }, Paid> {
  static readonly aggregateType = "Purse";
  static readonly schemaVersion: number = 3;
  static readonly stateUpgrades = upgradeState<{ amount: number }>()
    .to<{ cents: number }>(({ amount }) => ({ cents: amount * 100 }))
    .to<{ cents: number; count: number }>(({ cents }) => ({ cents, count: cents / 500 }));

  protected initialState(): { cents: number; count: number } {
    return { cents: 0, count: 0 };
  }

  protected evolve(state: { cents: number; count: number }, event: Paid): { cents: number; count: number } {
    return { cents: state.cents + event.data.amount * 100, count: state.count + 1 };
  }
}

const payments = (...amounts: number[]) => amounts.map((amount) => ({ type: "Paid", data: { amount } }));

it("passes a chain of state upgrades that gives what a replay gives, from each version", () => {
  proveStateUpgrades(Purse, { schemaVersion: 1, state: { amount: 10 }, events: payments(5, 5) });
  proveStateUpgrades(Purse, { schemaVersion: 2, state: { cents: 1000 }, events: payments(5, 5) });
});

it("names the path where a link differs from a replay", () => {
  const old = { schemaVersion: 1, state: { amount: 10 }, events: payments(4, 6, 0) };
  expect(() => proveStateUpgrades(Purse, old)).toThrow("differs from a replay at state.count");
});

it.each([0, 3, 4])("fails when no chain leads from schema version %d", (schemaVersion) => {
  const old = { schemaVersion, state: { amount: 10 }, events: payments(5, 5) };
  expect(() => proveStateUpgrades(Purse, old)).toThrow("No chain of state upgrades");
});
