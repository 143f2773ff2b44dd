import { type DomainEvent, PublishError, type StreamId } from "eventfold";
import { delayedUntil } from "eventfold/testing";
import { expect, it } from "vitest";
import { fullReplay, saveEvents, setUp, storedEvents } from "./setup.ts";

const broken = new Error("broker down");
const failingPublisher = {
  publish: async () => {
    throw broken;
  },
};

it("hands the events of a save to the publisher once they are committed, in order", async () => {
  const published: (readonly [StreamId, readonly DomainEvent[], committed: number])[] = [];
  const { accounts, eventStore } = setUp({
    publisher: {
      publish: async (events, stream) => published.push([stream, events, await eventStore.versionOf(stream)] as const),
    },
  });
  await saveEvents(accounts, "a", 2);
  const stream = { aggregateType: "Account", aggregateId: "a" };
  const stored = await storedEvents(eventStore, "a");
  expect(published).toEqual([[stream, stored, 2]]);
});

it("rejects with a PublishError that says that the events are committed", async () => {
  const { accounts, eventStore } = setUp({ publisher: failingPublisher });
  const error = await saveEvents(accounts, "a", 2).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PublishError);
  expect(error).toMatchObject({ committed: true, version: 2, cause: broken, stream: { aggregateId: "a" } });
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("does the same for a publisher that throws at once", async () => {
  const publish = () => {
    throw broken;
  };
  const { accounts } = setUp({ publisher: { publish } });
  await expect(saveEvents(accounts, "a", 1)).rejects.toMatchObject({ code: "PUBLISH", cause: broken });
});

it("has nothing left to save after a PublishError", async () => {
  const { accounts, faults } = setUp({ publisher: failingPublisher });
  const account = accounts.createNew();
  account.open();
  await expect(accounts.save(account)).rejects.toThrow(PublishError);
  await accounts.save(account);
  expect(faults.callsOf("append")).toBe(1);
});

it.each(["sync", "background"] as const)("writes the snapshot all the same in mode %s", async (mode) => {
  const { accounts, facts } = setUp({ publisher: failingPublisher, snapshots: { threshold: 2, mode } });
  await expect(saveEvents(accounts, "a", 2)).rejects.toThrow(PublishError);
  await accounts.awaitPendingSnapshots();
  expect(facts.snapshotVersions).toEqual([2]);
});

it("update never repeats a change whose events are committed", async () => {
  const { accounts, eventStore } = setUp();
  await saveEvents(accounts, "a", 1);
  const publishing = setUp({ eventStore, publisher: failingPublisher }).accounts;
  let changes = 0;
  const updating = publishing.update("a", (account) => {
    changes += 1;
    account.deposit(5);
  });
  await expect(updating).rejects.toThrow(PublishError);
  expect(changes).toBe(1);
  expect((await fullReplay(eventStore, "a")).version).toBe(2);
});

it("keeps what is raised while publishing out of the snapshot of that save", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { accounts, snapshotStore, facts, faults } = setUp({
    publisher: { publish: () => released },
    snapshots: { threshold: 2 },
  });
  faults.next("saveSnapshot", delayedUntil(released));
  const account = accounts.createNew("a");
  account.grow(2);
  const saved = account.state;
  const saving = accounts.save(account);
  account.deposit(1_000);
  release();
  await saving;
  expect(facts.snapshotVersions).toEqual([2]);
  expect(await snapshotStore.getSnapshot("a", "Account")).toMatchObject({ version: 2, state: saved });
});
