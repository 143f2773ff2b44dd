// A program of its own: saves, and comes to its end while a snapshot is queued or being written.
import { AggregateRepository, InMemoryEventStore, InMemorySnapshotStore } from "eventfold";
import { delayedUntil, Faults, FaultySnapshotStore } from "eventfold/testing";
import { Account } from "../aggregates/account.ts";

const [ending, store] = process.argv.slice(2);
const faults = new Faults();
if (store === "hangs") faults.every("saveSnapshot", delayedUntil(new Promise(() => undefined)));
const accounts = new AggregateRepository(Account, {
  eventStore: new InMemoryEventStore(),
  snapshots: {
    store: new FaultySnapshotStore(new InMemorySnapshotStore(), faults),
    threshold: 1,
    mode: "background",
    ...(ending === "close" && { writeTimeoutMs: 10 }),
  },
});
const account = accounts.createNew("a");
account.open();
await accounts.save(account);
if (ending === "return-while-writing") {
  while (faults.callsOf("saveSnapshot") < 1) await new Promise(setImmediate);
}
if (ending === "close") await accounts.close();
if (ending === "exit") process.exit(0);
console.log(`ended with ${accounts.pendingSnapshotCount} pending`);
