import { AggregateRepository, ConfigurationError, type StateUpgrades, upgradeState } from "eventfold";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Account, type AccountState } from "../aggregates/account.ts";
import { forged, saveEvents, tampered } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

interface StateV2 extends AccountState {
  movements: number;
}

interface StateV3 extends StateV2 {
  label: string;
}

class AccountWithSchema extends Account {
  static readonly stateSchema = z.object({ ownerName: z.string(), balance: z.number(), transactionCount: z.number() });
}

/** Counts what `transactionCount` counts too, so that an old state tells it. */
class AccountV2 extends Account {
  static override readonly schemaVersion: number = 2;
  static readonly stateUpgrades: StateUpgrades<AccountState> = upgradeState<AccountState>().to<StateV2>(toV2);

  protected override evolve(...[state, event]: Parameters<Account["evolve"]>): AccountState {
    return toV2(super.evolve(state, event));
  }
}

class AccountV3 extends AccountV2 {
  static override readonly schemaVersion = 3;
  static override readonly stateUpgrades: StateUpgrades<AccountState> = upgradeState<AccountState>()
    .to<StateV2>(toV2)
    .to<StateV3>(toV3);

  protected override evolve(...args: Parameters<Account["evolve"]>): AccountState {
    return toV3(super.evolve(...args) as StateV2);
  }
}

function toV2(state: AccountState): StateV2 {
  return { ...state, movements: state.transactionCount };
}

function toV3(state: StateV2): StateV3 {
  return { ...state, label: `${state.ownerName}: ${state.balance}` };
}

function withSteps(stateUpgrades: StateUpgrades<AccountState>): typeof AccountV3 {
  return class extends AccountV3 {
    static override readonly stateUpgrades = stateUpgrades;
  };
}

eachStorage((open) => {
  /** An account with a snapshot of an old schema version at 30, and two events after it. */
  async function oldSnapshot(type: typeof Account = Account) {
    const set = await setUpOn(open);
    const former = set.repositoryOf(type);
    const row = await former.createSnapshot(await saveEvents(former, set.id, 30));
    await saveEvents(former, set.id, 2);
    set.facts.all.length = 0;
    /** What replaying every event gives in a class. */
    const replayedBy = async (wanted: typeof Account) =>
      (await new AggregateRepository(wanted, { eventStore: set.storage.eventStore }).load(set.id)).state;
    return { ...set, row, replayedBy };
  }

  it.each([
    ["two steps", Account],
    ["one step", AccountV2],
  ])("brings an old snapshot up to date in %s, and replays only what is newer", async (_steps, former) => {
    const { repositoryOf, id, facts, replayedBy } = await oldSnapshot(former);
    const loaded = await repositoryOf(AccountV3).load(id);
    expect(loaded.state).toEqual(await replayedBy(AccountV3));
    expect(loaded.state).toHaveProperty("label");
    expect(facts.missReasons).toEqual([]);
    expect(facts.of("loaded")).toMatchObject([{ version: 32, snapshotVersion: 30, eventsReplayed: 2 }]);
  });

  it("replays everything where a step is missing", async () => {
    const { repositoryOf, id, facts, replayedBy } = await oldSnapshot(Account);
    const fromV2 = withSteps(upgradeState<StateV2>().to<StateV3>(toV3));
    expect((await repositoryOf(fromV2).load(id)).state).toEqual(await replayedBy(AccountV3));
    expect(facts.missReasons).toEqual(["schema-mismatch"]);
    expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: undefined, eventsReplayed: 32 }]);
  });

  it("trap: upgrades no row that another definition of the same schema version wrote, unless the step names it", async () => {
    const { repositoryOf, id, facts, replayedBy, row } = await oldSnapshot(AccountWithSchema);
    expect(repositoryOf(AccountWithSchema).snapshotKey).toEqual({ schemaVersion: 1, fingerprint: row.fingerprint });
    expect((await repositoryOf(AccountV2).load(id)).state).toEqual(await replayedBy(AccountV2));
    expect(facts.missReasons).toEqual(["schema-mismatch"]);
    const { fingerprint } = row;
    class Named extends AccountV2 {
      static override readonly stateUpgrades = upgradeState<AccountState>().to<AccountState>(toV2, { fingerprint });
    }
    expect((await repositoryOf(Named).load(id)).state).toEqual(await replayedBy(AccountV2));
    expect(facts.missReasons).toEqual(["schema-mismatch"]);
    expect(facts.of("loaded").at(-1)).toMatchObject({ snapshotVersion: 30, eventsReplayed: 2 });
  });

  it("replays everything for a snapshot of a newer schema version", async () => {
    const { repositoryOf, id, facts, replayedBy } = await oldSnapshot(AccountV3);
    expect((await repositoryOf(AccountV2).load(id)).state).toEqual(await replayedBy(AccountV2));
    expect(facts.missReasons).toEqual(["schema-mismatch"]);
  });

  it.each([
    [
      "throws",
      (): AccountState => {
        throw new RangeError("unheard of");
      },
    ],
    ["gives nothing", () => undefined as unknown as AccountState],
  ])("replays everything when a step %s", async (_what, step) => {
    const { repositoryOf, id, facts, replayedBy } = await oldSnapshot(Account);
    const failing = withSteps(upgradeState<AccountState>().to(toV2).to<AccountState>(step));
    expect((await repositoryOf(failing).load(id)).state).toEqual(await replayedBy(AccountV3));
    expect(facts.missReasons).toEqual(["restore-failed"]);
    expect(facts.of("missed")).toMatchObject([{ error: expect.any(Error) as unknown }]);
  });

  it("replays everything when a snapshot of the head gives nothing", async () => {
    const { repositoryOf, id } = await oldSnapshot(Account);
    await repositoryOf(Account).createSnapshot(await repositoryOf(Account).load(id));
    const failing = withSteps(
      upgradeState<AccountState>()
        .to(toV2)
        .to<AccountState>(() => undefined as never),
    );
    expect((await repositoryOf(failing).load(id)).state).toHaveProperty("label");
  });

  it.each([
    ["damaged", "corrupt", tampered],
    ["of another history", "history-mismatch", forged],
  ])("brings no row up to date that is %s", async (_what, reason, changedBy) => {
    const { repositoryOf, id, facts, row, snapshotStore, replayedBy } = await oldSnapshot(Account);
    await snapshotStore.saveSnapshot(changedBy(row, { lastEventId: "lost", stateText: '{"balance":0}' }));
    expect((await repositoryOf(AccountV3).load(id)).state).toEqual(await replayedBy(AccountV3));
    expect(facts.missReasons).toEqual([reason]);
  });

  it("the next due save writes a row of its own, and leaves the old one to the old build", async () => {
    const { repositoryOf, id, facts, row, snapshotStore, replayedBy } = await oldSnapshot(Account);
    await saveEvents(repositoryOf(AccountV3, { threshold: 10 }), id, 1);
    expect(facts.snapshotVersions).toEqual([33]);
    expect(await snapshotStore.getSnapshot(id, "Account", { schemaVersion: 1 })).toEqual(row);
    facts.all.length = 0;
    expect((await repositoryOf(AccountV3).load(id)).state).toEqual(await replayedBy(AccountV3));
    expect(facts.of("loaded")).toMatchObject([{ snapshotVersion: 33, eventsReplayed: 0 }]);
  });

  it("verifySnapshots holds an upgraded state against a replay, and finds the step that is wrong", async () => {
    const { repositoryOf, id } = await oldSnapshot(Account);
    const options = { concurrency: 1 };
    const right = await repositoryOf(AccountV3).verifySnapshots(options);
    expect(right.divergences.filter(({ aggregateId }) => aggregateId === id)).toEqual([]);
    const wrong = withSteps(
      upgradeState<AccountState>()
        .to<StateV2>((state) => ({ ...state, movements: state.transactionCount + 1 }))
        .to<StateV3>(toV3),
    );
    const report = await repositoryOf(wrong).verifySnapshots(options);
    const found = report.divergences.filter(({ aggregateId }) => aggregateId === id);
    expect(found).toMatchObject([{ version: 30, schemaVersion: 1, reason: "state", path: "state.movements" }]);
  });
});

describe("a chain", () => {
  it("longer than the schema version has versions before it is a ConfigurationError", () => {
    class TooLong extends AccountV3 {
      static override readonly schemaVersion = 3;
      static override readonly stateUpgrades = upgradeState<AccountState>().to(toV2).to(toV2).to<StateV3>(toV3);
    }
    const attempt = () => new TooLong("a");
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(expect.objectContaining({ option: "TooLong.stateUpgrades" }));
  });

  it("cannot be changed once it is begun: two may grow from one", () => {
    const begun = upgradeState<AccountState>().to<StateV2>(toV2);
    expect(begun.to<StateV3>(toV3).steps).toHaveLength(2);
    expect(begun.steps).toHaveLength(1);
    expect(Object.isFrozen(begun)).toBe(true);
  });
});
