import { metrics, trace } from "@opentelemetry/api";
import { InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import { InstrumentedRepository } from "eventfold/opentelemetry";
import { expect, it } from "vitest";
import { Account } from "../aggregates/account.ts";
import { fullReplay, saveEvents, storedEvents } from "../aggregates/setup.ts";
import { startSdk } from "./sdk.ts";

it("does what a repository does without an SDK; records spans once there is one, and metrics if made after that", async () => {
  const eventStore = new InMemoryEventStore();
  const options = { eventStore, snapshots: { store: new InMemorySnapshotStore(), threshold: 2 } };
  const early = new InstrumentedRepository(Account, options);
  await saveEvents(early, "a", 3);
  await early.update("a", (account) => account.deposit(1));
  await early.createSnapshot(await early.load("a"));
  expect((await early.loadOrCreate("a")).state).toEqual((await fullReplay(eventStore, "a")).state);
  expect((await storedEvents(eventStore, "a")).map(({ metadata }) => metadata)).toEqual([{}, {}, {}, {}]);
  expect(await early.verifySnapshots()).toMatchObject({ verified: 1, diverged: 0 });

  const sdk = startSdk();
  await early.load("a");
  expect(sdk.spans.map(({ name }) => name)).toContain("load Account");
  expect((await sdk.collect()).has("eventfold.load.duration")).toBe(false);
  await new InstrumentedRepository(Account, options).load("a");
  expect((await sdk.collect()).has("eventfold.load.duration")).toBe(true);
  trace.disable();
  metrics.disable();
});
