import { AssertionError } from "node:assert";
import { scenario } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account, type AccountState } from "../aggregates/account.ts";
import { Wallet } from "../aggregates/wallet.ts";

const opened = { type: "AccountOpened", data: { ownerName: "Ada", initialBalance: 100 } };
const deposited = (amount: number) => ({ type: "MoneyDeposited", data: { amount } });

describe("a scenario", () => {
  it("passes when exactly the named events are raised", () => {
    scenario(Account, { given: [opened], when: (account) => account.deposit(5), raises: [deposited(5)] });
    scenario(Wallet, { when: (wallet) => wallet.execute({ empty: true }), raises: [] });
  });

  it.each([
    ["another amount", [deposited(6)]],
    ["nothing", []],
    ["one more", [deposited(5), deposited(5)]],
    ["another type", [{ type: "MoneyWithdrawn", data: { amount: 5 } }]],
  ])("fails when %s was to be raised", (_what, raises) => {
    expect(() => scenario(Account, { given: [opened], when: (account) => account.deposit(5), raises })).toThrow(
      AssertionError,
    );
  });

  it("compares the state afterwards", () => {
    const balance = (expected: number) => () =>
      scenario(Wallet, { when: (wallet) => wallet.execute({ fill: 7 }), state: { coins: expected } });
    expect(balance(7)).not.toThrow();
    expect(balance(8)).toThrow(AssertionError);
    const wrong = { given: [opened], state: { balance: 100 } as AccountState };
    expect(() => scenario(Account, wrong)).toThrow(AssertionError);
  });

  it("passes when the command throws as expected, by class or by text", () => {
    const play = { when: (account: Account) => account.deposit(-1) };
    scenario(Account, { ...play, throws: RangeError });
    scenario(Account, { ...play, throws: "positive" });
    expect(() => scenario(Account, { ...play, throws: TypeError })).toThrow(AssertionError);
    expect(() => scenario(Account, { ...play, throws: "negative" })).toThrow(AssertionError);
    expect(() => scenario(Account, { ...play, when: () => undefined, throws: RangeError })).toThrow(AssertionError);
  });

  it("lets an error pass that was not expected", () => {
    expect(() => scenario(Account, { when: (account) => account.deposit(-1) })).toThrow(RangeError);
  });

  it("fails when a command raised something before it threw", () => {
    const when = (account: Account) => {
      account.deposit(5);
      throw new RangeError("too late");
    };
    expect(() => scenario(Account, { given: [opened], when, throws: RangeError })).toThrow("raises nothing");
  });

  it("refuses an asynchronous command", () => {
    expect(() => scenario(Account, { when: async (account) => account.deposit(5) })).toThrow("asynchronous");
  });
});
