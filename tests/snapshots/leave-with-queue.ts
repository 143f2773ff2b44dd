// A program of its own: saves, and comes to its end while a snapshot is queued or being written.
import { AggregateRepository, InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import { delayedUntil, Faults, FaultySnapshotStore } from "eventfold/testing";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";

const [ending, store] = process.argv.slice(2);
const faults = new Faults();
if (store === "hangs") faults.every("saveSnapshot", delayedUntil(new Promise(() => undefined)));
const eventStore = new InMemoryEventStore();
const snapshotStore = new FaultySnapshotStore(new InMemorySnapshotStore(), faults);
const accounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: {
    store: snapshotStore,
    threshold: 1,
    mode: "background",
    ...(ending === "close" && { writeTimeoutMs: 10 }),
  },
});
const account = accounts.createNew("a");
account.grow(3);
await accounts.save(account);
if (ending === "return-while-writing") {
  while (faults.callsOf("saveSnapshot") < 1) await new Promise(setImmediate);
}
if (ending === "close" || ending === "heal") await accounts.close();
if (ending === "exit") process.exit(0);
const newer = new AggregateRepository(AccountOfSchema2, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: 1 },
});
if (ending === "heal") {
  await newer.load("a");
  console.log(`heals ${newer.pendingSnapshotCount}`);
}
console.log(`ended with ${accounts.pendingSnapshotCount} pending`);
