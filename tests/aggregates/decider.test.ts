import {
  AggregateRepository,
  ConfigurationError,
  type DomainEvent,
  defineAggregate,
  InMemoryEventStore,
} from "eventfold";
import { expect, it } from "vitest";
import { Account, type AccountEvent, type AccountState } from "./account.ts";
import { setUp } from "./setup.ts";
import { Wallet } from "./wallet.ts";

it("executes a command: decides on the state, and folds what was decided", () => {
  const wallet = new Wallet("a");
  wallet.execute({ fill: 7 });
  wallet.execute({ fill: 3 });
  expect([wallet.version, wallet.state]).toEqual([2, { coins: 10 }]);
  wallet.execute({ empty: true });
  expect(wallet.state).toEqual({ coins: 0 });
});

it("raises nothing when nothing was decided", () => {
  const wallet = new Wallet("a");
  wallet.execute({ empty: true });
  expect(wallet.version).toBe(0);
});

it("leaves everything as it was when decide throws", () => {
  const wallet = new Wallet("a");
  wallet.execute({ fill: 7 });
  expect(() => wallet.execute({ fill: -1 })).toThrow(new RangeError("Fill with something"));
  expect([wallet.version, wallet.state]).toEqual([1, { coins: 7 }]);
});

it("raises all of the decided events, or none when one is refused", async () => {
  const Batch = defineAggregate({
    type: "Batch",
    initialState: () => ({ sum: 0 }),
    decide: (_state, command: number[]) => command.map((amount) => ({ type: "Added", data: { amount } }) as const),
    evolve: (state, event: DomainEvent<"Added", { amount: number }>) => {
      if (event.data.amount < 0) throw new RangeError("negative");
      return { sum: state.sum + event.data.amount };
    },
  });
  const batches = new AggregateRepository(Batch, { eventStore: new InMemoryEventStore() });
  const batch = batches.createNew("a");
  expect(() => batch.execute([1, 2, -3])).toThrow(new RangeError("negative"));
  expect(() => batch.execute([1, 2, Number.NaN])).toThrow("data.amount");
  expect([batch.version, batch.state]).toEqual([0, { sum: 0 }]);
  batch.execute([1, 2]);
  await batches.save(batch);
  expect((await batches.load("a")).state).toEqual({ sum: 3 });
});

it("gives the repository the same instances as a class: snapshots, schema versions, loads", async () => {
  const { eventStore, snapshotStore, facts } = setUp();
  const snapshots = { store: snapshotStore, threshold: 2 };
  const wallets = new AggregateRepository(Wallet, { eventStore, snapshots, observer: facts.observer });
  const wallet = wallets.createNew("a");
  for (let fill = 1; fill <= 3; fill += 1) wallet.execute({ fill });
  await wallets.save(wallet);
  const loaded = await wallets.load("a");
  expect(loaded).toBeInstanceOf(Wallet);
  expect([loaded.version, loaded.state]).toEqual([3, { coins: 6 }]);
  expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: 3 }]);
});

it("tells initialState the id", () => {
  const pure = { decide: () => [], evolve: (state: { id: string }, _event: DomainEvent) => state };
  const Named = defineAggregate({ type: "Named", initialState: (id: string) => ({ id }), ...pure });
  expect(new Named("a").state).toEqual({ id: "a" });
});

it("gives the same results as the class: the same events, read by either, fold into the same state", async () => {
  const fold = (Account.prototype as unknown as { evolve(state: AccountState, event: AccountEvent): AccountState })
    .evolve;
  const Decided = defineAggregate({
    type: "Account",
    initialState: (): AccountState => ({ ownerName: "", balance: 0, transactionCount: 0 }),
    decide: (_state, command: number) =>
      command === 0
        ? [{ type: "AccountOpened", data: { ownerName: "Ada", initialBalance: 100 } }]
        : [{ type: "MoneyDeposited", data: { amount: command } }],
    evolve: (state, event: AccountEvent) => fold(state, event),
  });
  const { accounts, eventStore, snapshotStore, repositoryOf } = setUp({ snapshots: { threshold: 2 } });
  const decided = new AggregateRepository(Decided, { eventStore, snapshots: { store: snapshotStore, threshold: 2 } });
  const made = decided.createNew("a");
  made.execute(0);
  made.execute(20);
  await decided.save(made);
  await accounts.update("a", (account) => account.deposit(3));
  await decided.update("a", (account) => account.execute(4));
  const states = [await decided.load("a"), await accounts.load("a"), await repositoryOf(Account, false).load("a")];
  expect(states.map(({ state }) => state.balance)).toEqual([127, 127, 127]);
  expect(states[0]?.state).toEqual(states[1]?.state);
});

it.each([undefined, { type: "Added", data: {} }, Promise.resolve([])])(
  "refuses %s instead of a list of events",
  (decided) => {
    const Wrong = defineAggregate({
      type: "Wrong",
      initialState: () => ({}),
      decide: (_state, _command: undefined) => decided as unknown as [],
      evolve: (state) => state,
    });
    const wrong = new Wrong("a");
    expect(() => wrong.execute(undefined)).toThrow(ConfigurationError);
    expect(() => wrong.execute(undefined)).toThrow("Wrong.decide");
    expect(wrong.version).toBe(0);
  },
);
