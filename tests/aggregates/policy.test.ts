import { allOf, anyOf, everyEvents, never, onEvent, type SnapshotFacts, when } from "eventfold";
import { describe, expect, it } from "vitest";
import type { AccountState } from "./account.ts";
import { fullReplay, saveEvents, setUp } from "./setup.ts";

describe("a policy of a repository", () => {
  it("is told what is being saved", async () => {
    const told: SnapshotFacts<AccountState>[] = [];
    const { accounts } = setUp({
      snapshots: {
        policy: (facts) => {
          told.push(facts);
          return facts.version === 2;
        },
      },
    });
    await saveEvents(accounts, "a", 2);
    const account = await saveEvents(accounts, "a", 1);
    expect(told).toMatchObject([
      {
        aggregateType: "Account",
        aggregateId: "a",
        version: 2,
        snapshotVersion: 0,
        events: [{ version: 1 }, { version: 2 }],
      },
      { version: 3, snapshotVersion: 2, events: [{ version: 3, type: "MoneyDeposited" }], state: account.state },
    ]);
  });

  it("trap: one that throws fails no save, and is reported", async () => {
    const broken = new TypeError("no such field");
    const policy = () => {
      throw broken;
    };
    const { accounts, facts, eventStore } = setUp({ snapshots: { policy } });
    await saveEvents(accounts, "a", 2);
    expect((await fullReplay(eventStore, "a")).version).toBe(2);
    expect(facts.of("snapshot-failed")).toMatchObject([{ version: 2, stage: "policy", error: broken }]);
    expect(facts.snapshotVersions).toEqual([]);
  });

  it("is not asked in a save without events", async () => {
    let asked = 0;
    const { accounts } = setUp({ snapshots: { policy: () => (asked += 1) > 0 } });
    await accounts.save(await saveEvents(accounts, "a", 1));
    expect(asked).toBe(1);
  });

  it("snapshots at milestones with onEvent", async () => {
    const { accounts, facts } = setUp({ snapshots: { policy: onEvent("MoneyWithdrawn") } });
    const account = await saveEvents(accounts, "a", 3);
    account.withdraw(1);
    account.deposit(1);
    await accounts.save(account);
    await saveEvents(accounts, "a", 1);
    expect(facts.snapshotVersions).toEqual([5]);
  });

  it("snapshots by the state with when", async () => {
    const rich = when<AccountState>(({ state }) => state.balance > 1_000);
    const { accounts, facts } = setUp({ snapshots: { policy: rich } });
    const account = await saveEvents(accounts, "a", 1);
    account.deposit(1_000);
    await accounts.save(account);
    expect(facts.snapshotVersions).toEqual([2]);
  });
});

describe("combined", () => {
  const facts = (version: number, snapshotVersion: number): SnapshotFacts => ({
    aggregateType: "Account",
    aggregateId: "a",
    version,
    snapshotVersion,
    events: [],
    state: {},
  });
  const always = when(() => true);

  it.each([
    [[always, never], true, false],
    [[always, always], true, true],
    [[never, never], false, false],
    [[everyEvents(10), always], true, true],
    [[everyEvents(100), never], false, false],
  ])("anyOf and allOf of the pair %#", (policies, any, all) => {
    expect(Boolean(anyOf(...policies)(facts(10, 0)))).toBe(any);
    expect(Boolean(allOf(...policies)(facts(10, 0)))).toBe(all);
  });

  it.each([
    [9, 0, false],
    [10, 0, true],
    [19, 10, false],
    [19, 9, true],
    [20, 19, true],
    [25, 20, false],
    [35, 20, true],
    [2 ** 53 - 1, 2 ** 53 - 1, false],
  ])("everyEvents(10) at version %s after a snapshot at %s: %s", (version, snapshotVersion, due) => {
    expect(Boolean(everyEvents(10)(facts(version, snapshotVersion)))).toBe(due);
  });
});
