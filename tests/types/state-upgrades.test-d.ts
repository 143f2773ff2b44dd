import { AggregateRepository, type AggregateType, type EventStore, type StateUpgrades, upgradeState } from "eventfold";
import { describe, expectTypeOf, it } from "vitest";
import { Account, type AccountState } from "../aggregates/account.ts";

interface StateV1 {
  owner: string;
}

interface StateV2 {
  ownerName: string;
  balance: number;
}

const toV2 = (state: StateV1): StateV2 => ({ ownerName: state.owner, balance: 0 });
const toToday = (state: StateV2): AccountState => ({ ...state, transactionCount: 0 });

declare const eventStore: EventStore;

describe("a chain of state upgrades", () => {
  it("knows the shape that each step is given and gives", () => {
    const chain = upgradeState<StateV1>().to(toV2).to(toToday);
    expectTypeOf(chain).toEqualTypeOf<StateUpgrades<AccountState>>();
    // @ts-expect-error: the second step is given what the first one gives
    upgradeState<StateV1>().to(toV2).to(toV2);
    // @ts-expect-error: a step must give what it says
    upgradeState<StateV1>().to<StateV2>((state) => ({ ownerName: state.owner }));
  });

  it("fits the class when it ends in the class's state", () => {
    class Upgraded extends Account {
      static readonly stateUpgrades = upgradeState<StateV1>().to(toV2).to(toToday);
    }
    expectTypeOf<typeof Upgraded>().toExtend<AggregateType<Upgraded>>();
    expectTypeOf(new AggregateRepository(Upgraded, { eventStore })).toEqualTypeOf<AggregateRepository<Upgraded>>();
  });

  it("does not fit a class when it ends in another shape", () => {
    class Unfinished extends Account {
      static readonly stateUpgrades = upgradeState<StateV1>().to(toV2);
    }
    // @ts-expect-error: the chain ends before the state of today
    const attempt = () => new AggregateRepository(Unfinished, { eventStore });
    expectTypeOf(attempt).toBeFunction();
  });
});
