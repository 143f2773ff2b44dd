import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { saveEvents } from "../aggregates/setup.ts";
import { eachDatabase } from "./databases.ts";
import { setUpOn } from "./setup.ts";

eachDatabase((open) => {
  /** An account of 10 events with a snapshot, of which a backup of both tables is taken. */
  async function backedUp() {
    const set = await setUpOn(open);
    const accounts = set.repositoryOf(Account, { threshold: 10 });
    await saveEvents(accounts, set.id, 10);
    const { execute } = set.storage;
    const suffix = set.id.replaceAll("-", "");
    const own = `WHERE aggregate_id = '${set.id}'`;
    for (const table of ["events", "snapshots"]) {
      await execute(`CREATE TABLE ${table}_${suffix} AS SELECT * FROM ${table} ${own}`);
    }
    const restore = async (table: "events" | "snapshots") => {
      await execute(`DELETE FROM ${table} ${own}`);
      await execute(`INSERT INTO ${table} SELECT * FROM ${table}_${suffix}`);
      set.facts.all.length = 0;
    };
    /** As another process would: with nothing remembered. */
    const load = () => set.repositoryOf(Account, { threshold: 10 }).load(set.id);
    return { ...set, accounts, restore, load };
  }

  it("trap: old events under a newer snapshot: ahead of the stream, then of another history once they grow past it", async () => {
    const { accounts, id, restore, load, facts, repositoryOf, replayed } = await backedUp();
    await saveEvents(accounts, id, 10);
    await restore("events");
    expect((await load()).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual(["ahead-of-stream"]);
    // Whoever writes now takes no snapshots, so that the stale row stays.
    const account = await repositoryOf(Account).load(id);
    for (let event = 0; event < 15; event += 1) account.withdraw(7);
    await repositoryOf(Account).save(account);
    facts.all.length = 0;
    expect((await load()).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual(["history-mismatch"]);
  });

  it("an old snapshot under newer events of the same history is used", async () => {
    const { accounts, id, restore, load, facts, replayed } = await backedUp();
    await saveEvents(accounts, id, 12);
    await restore("snapshots");
    expect((await load()).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual([]);
    expect(facts.of("loaded")).toMatchObject([{ version: 22, snapshotVersion: 10, eventsReplayed: 12 }]);
  });

  it("an old snapshot of a history that is gone is not used", async () => {
    const { accounts, id, restore, load, facts, replayed, storage } = await backedUp();
    await storage.execute(`DELETE FROM events WHERE aggregate_id = '${id}' AND version > 4`);
    const account = await load();
    for (let event = 0; event < 9; event += 1) account.withdraw(3);
    await accounts.save(account);
    await restore("snapshots");
    expect((await load()).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual(["history-mismatch"]);
  });

  it("both restored together fit each other", async () => {
    const { accounts, id, restore, load, facts, replayed } = await backedUp();
    await saveEvents(accounts, id, 12);
    await restore("events");
    await restore("snapshots");
    expect((await load()).state).toEqual((await replayed()).state);
    expect(facts.of("loaded")).toMatchObject([{ version: 10, snapshotVersion: 10 }]);
  });
});
