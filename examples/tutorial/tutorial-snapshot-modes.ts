// Who takes a snapshot, and when: save itself, a queue behind it, or you.
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
import { openStorage } from "./storage.ts";

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log("\n=== Snapshot Modes ===\n");

console.log("Mode: sync");
const syncAccounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: 10, mode: "sync" },
});
const first = syncAccounts.createNew();
first.open("Sync Mode Test", 100);
for (let i = 0; i < 15; i += 1) first.deposit(1);
await syncAccounts.save(first);

const syncSnapshot = await snapshotStore.getSnapshot(first.id, "Account");
console.log(`  Snapshot created at version ${syncSnapshot?.version}`);
console.log();

console.log("Mode: background");
const backgroundAccounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: 10, mode: "background" },
});
const second = backgroundAccounts.createNew();
second.open("Background Mode Test", 100);
for (let i = 0; i < 15; i += 1) second.deposit(1);
await backgroundAccounts.save(second);

const awaited = await backgroundAccounts.awaitPendingSnapshots();
console.log(`  Awaited ${awaited} background snapshot(s)`);
const backgroundSnapshot = await snapshotStore.getSnapshot(second.id, "Account");
console.log(`  Snapshot created at version ${backgroundSnapshot?.version}`);
console.log();

console.log("Mode: manual");
const manualAccounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, mode: "manual" },
});
const third = manualAccounts.createNew();
third.open("Manual Mode Test", 100);
for (let i = 0; i < 20; i += 1) third.deposit(1);
await manualAccounts.save(third);
console.log(`  Auto snapshot exists: ${await snapshotStore.snapshotExists(third.id, "Account")}`);

await manualAccounts.createSnapshot(await manualAccounts.load(third.id));
const manualSnapshot = await snapshotStore.getSnapshot(third.id, "Account");
console.log(`  After manual create: ${manualSnapshot !== undefined}`);
console.log(`  Snapshot at version ${manualSnapshot?.version}`);

await storage.close();
