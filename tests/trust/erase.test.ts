import { AggregateNotFoundError, AggregateRepository, newEvent, StreamErasedError } from "eventfold";
import { delayedUntil } from "eventfold/testing";
import { describe, expect, it } from "vitest";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { saveEvents } from "../aggregates/setup.ts";
import { eachStorage } from "../aggregates/stores.ts";
import { setUpOn } from "./setup.ts";

eachStorage((open) => {
  async function snapshotted() {
    const set = await setUpOn(open);
    const accounts = set.repositoryOf(Account, { threshold: 10 });
    await saveEvents(accounts, set.id, 12);
    const stored = () => set.storage.snapshotStore.snapshotExists(set.id, "Account");
    return { ...set, accounts, stored, stream: { aggregateType: "Account", aggregateId: set.id } };
  }

  it("a load whose stream is erased between two of its pages finds nothing, and gives no part of it", async () => {
    const { repositoryOf, storage, faults, stream, id } = await snapshotted();
    const whole = repositoryOf(AccountOfSchema2, {}, { pageSize: 5 });
    // In memory the first page is a call of its own; where both stores share a database it comes with the snapshot.
    const reads = () => faults.callsOf("readPage") + faults.callsOf("readForLoad");
    const before = reads();
    faults.every("readPage", async (call) => {
      if (reads() > before + 1) await storage.eventStore.eraseStream(stream);
      return await call();
    });
    await expect(whole.load(id)).rejects.toThrow(AggregateNotFoundError);
  });

  describe.each([false, true])("erase with events: %s", (events) => {
    it("removes the snapshots of every schema version and fingerprint", async () => {
      const { accounts, repositoryOf, id, stored } = await snapshotted();
      await saveEvents(repositoryOf(AccountOfSchema2, { threshold: 1 }), id, 1);
      expect(await accounts.erase(id, { events })).toEqual({ snapshots: 2, events: events ? 13 : 0 });
      expect(await stored()).toBe(false);
    });

    it("may be repeated, also for what was never there", async () => {
      const { accounts, id } = await snapshotted();
      await accounts.erase(id, { events });
      expect(await accounts.erase(id, { events })).toEqual({ snapshots: 0, events: 0 });
      expect(await accounts.erase(crypto.randomUUID(), { events })).toEqual({ snapshots: 0, events: 0 });
    });

    it("drops a snapshot that is queued", async () => {
      const { repositoryOf, id, stored, facts } = await snapshotted();
      const background = repositoryOf(Account, { threshold: 10, mode: "background" });
      await saveEvents(background, id, 10);
      expect(background.pendingSnapshotCount).toBe(1);
      await background.erase(id, { events });
      expect(background.pendingSnapshotCount).toBe(0);
      await background.close();
      expect(await stored()).toBe(false);
      expect(facts.snapshotVersions).toEqual([12]);
    });

    it("drops what a load has asked for", async () => {
      const { repositoryOf, id, stored } = await snapshotted();
      const healing = repositoryOf(AccountOfSchema2, { threshold: 5 });
      await healing.load(id);
      expect(healing.pendingSnapshotCount).toBe(1);
      await healing.erase(id, { events });
      await healing.close();
      expect(await stored()).toBe(false);
    });

    it("a write that is under way cannot bring a snapshot back", async () => {
      const { repositoryOf, id, stored, faults } = await snapshotted();
      const background = repositoryOf(Account, { threshold: 10, mode: "background" });
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      faults.next("saveSnapshot", (call) => {
        reached.resolve();
        return delayedUntil(released)(call);
      });
      await saveEvents(background, id, 10);
      await reached.promise;
      const erasing = background.erase(id, { events });
      release();
      await erasing;
      expect(await stored()).toBe(false);
    });

    it("a write that was given up on, or of another process, is refused when it lands late", async () => {
      const { accounts, repositoryOf, id, stored, faults, facts } = await snapshotted();
      const elsewhere = repositoryOf(Account, { threshold: 10, mode: "background" });
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      faults.next("saveSnapshot", (call) => {
        reached.resolve();
        return delayedUntil(released)(call);
      });
      await saveEvents(elsewhere, id, 10);
      await reached.promise;
      await accounts.erase(id, { events });
      release();
      await elsewhere.awaitPendingSnapshots();
      expect(await stored()).toBe(false);
      expect(facts.of("snapshot-refused")).toMatchObject([{ version: 22, reason: "erased" }]);
      expect(facts.of("snapshot-failed")).toEqual([]);
    });

    it("an instance that was loaded before cannot snapshot what was erased", async () => {
      const { accounts, id, stored } = await snapshotted();
      const before = await accounts.load(id);
      await accounts.erase(id, { events });
      await expect(accounts.createSnapshot(before)).rejects.toThrow(StreamErasedError);
      expect(await stored()).toBe(false);
    });

    it("leaves other aggregates and other types alone", async () => {
      const { accounts, repositoryOf, id, eventStore } = await snapshotted();
      class OtherType extends Account {
        static override readonly aggregateType = "Other";
      }
      const others = repositoryOf(OtherType, { threshold: 10 });
      await saveEvents(others, id, 10);
      await accounts.erase(id, { events });
      expect((await others.load(id)).version).toBe(10);
      expect(await eventStore.exists({ aggregateType: "Other", aggregateId: id })).toBe(true);
    });
  });

  it("without events: loads replay, and the next due save snapshots again", async () => {
    const { accounts, id, facts, stored, replayed } = await snapshotted();
    await accounts.erase(id);
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    expect(facts.missReasons.at(-1)).toBe("missing");
    await saveEvents(accounts, id, 1);
    expect(facts.snapshotVersions).toEqual([12, 13]);
    expect(await stored()).toBe(true);
    await accounts.load(id);
    expect(facts.of("loaded").at(-1)).toMatchObject({ version: 13, snapshotVersion: 13 });
  });

  it("without events: warm passes over what has not grown since", async () => {
    const { accounts, id } = await snapshotted();
    await accounts.erase(id);
    const report = await accounts.warm();
    expect(report.failures.filter(({ aggregateId }) => aggregateId === id)).toEqual([]);
  });

  it("with events: the aggregate is gone, and stays so", async () => {
    const { accounts, id, eventStore, stream, stored } = await snapshotted();
    const before = await accounts.load(id);
    await accounts.erase(id, { events: true });
    await expect(accounts.load(id)).rejects.toThrow(AggregateNotFoundError);
    expect(await accounts.find(id)).toBeUndefined();
    expect([await accounts.exists(id), await accounts.versionOf(id)]).toEqual([false, 0]);
    before.deposit(1);
    const again = accounts.createNew(id);
    again.open();
    for (const account of [before, again]) {
      const error = await accounts.save(account).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(StreamErasedError);
      expect(error).toMatchObject({ code: "STREAM_ERASED", stream });
    }
    await expect(accounts.update(id, (account) => account.deposit(1))).rejects.toThrow(AggregateNotFoundError);
    const event = newEvent({ type: "AccountOpened", data: {} });
    await expect(eventStore.append(stream, [event], { expectedVersion: "any" })).rejects.toThrow(StreamErasedError);
    expect(await stored()).toBe(false);
    expect(await eventStore.exists(stream)).toBe(false);
  });

  it("with events: a save of before, which is under way, stores neither events nor a snapshot", async () => {
    const { accounts, repositoryOf, id, faults, stored } = await snapshotted();
    const elsewhere = repositoryOf(Account, { threshold: 1 });
    const account = await elsewhere.load(id);
    account.deposit(1);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    faults.next("append", delayedUntil(released));
    const saving = elsewhere.save(account);
    await accounts.erase(id, { events: true });
    release();
    await expect(saving).rejects.toThrow(StreamErasedError);
    expect(await stored()).toBe(false);
    expect(await accounts.find(id)).toBeUndefined();
  });

  it("with events: who reads all events goes on past the gap", async () => {
    const { accounts, id, eventStore, repositoryOf } = await snapshotted();
    const newest = async () => {
      let position = 0;
      for (;;) {
        const events = await eventStore.readAll({ afterPosition: position, limit: 500 });
        if (events.length === 0) return position;
        position = events.at(-1)!.position;
      }
    };
    const position = await newest();
    await accounts.erase(id, { events: true });
    const other = crypto.randomUUID();
    await saveEvents(repositoryOf(Account), other, 2);
    const after = await eventStore.readAll({ afterPosition: position, limit: 10 });
    expect(after.map(({ aggregateId }) => aggregateId)).toEqual([other, other]);
  });

  it("works without a snapshot store, and in a store apart", async () => {
    const { id, eventStore } = await snapshotted();
    const accounts = new AggregateRepository(Account, { eventStore });
    expect(await accounts.erase(id)).toEqual({ snapshots: 0, events: 0 });
    expect(await accounts.erase(id, { events: true })).toEqual({ snapshots: 0, events: 12 });
    await expect(accounts.load(id)).rejects.toThrow(AggregateNotFoundError);
  });
});
