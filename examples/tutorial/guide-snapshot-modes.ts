// Who takes a snapshot, and when: save itself, a queue behind it, or you.
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
import { openStorage } from "./storage.ts";

const THRESHOLD = 10;

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log(`\n${"=".repeat(70)}`);
console.log("Snapshot Modes: Sync, Background, Manual");
console.log("=".repeat(70));

console.log("\n1. SYNC MODE (blocks until snapshot is written)");
const syncAccounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: THRESHOLD, mode: "sync" },
});
const first = syncAccounts.createNew();
first.open("Sync Mode Account", 100);
for (let i = 0; i < 15; i += 1) first.deposit(1);

console.log(`   Saving account (${first.version} events, threshold=${THRESHOLD})...`);
await syncAccounts.save(first);

const syncSnapshot = await snapshotStore.getSnapshot(first.id, "Account");
console.log(`   Snapshot created at version ${syncSnapshot?.version}`);
console.log(`   Snapshot exists immediately after save: ${syncSnapshot !== undefined}`);

console.log("\n2. BACKGROUND MODE (async snapshot creation)");
const backgroundAccounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: THRESHOLD, mode: "background" },
});
const second = backgroundAccounts.createNew();
second.open("Background Mode Account", 100);
for (let i = 0; i < 15; i += 1) second.deposit(1);

console.log(`   Saving account (${second.version} events, threshold=${THRESHOLD})...`);
await backgroundAccounts.save(second);
const existsAtOnce = await snapshotStore.snapshotExists(second.id, "Account");
console.log(`   Snapshot exists immediately after save: ${existsAtOnce}`);

await backgroundAccounts.awaitPendingSnapshots();
const backgroundSnapshot = await snapshotStore.getSnapshot(second.id, "Account");
console.log(`   Snapshot exists after awaiting tasks: ${backgroundSnapshot !== undefined}`);
console.log(`   Snapshot created at version ${backgroundSnapshot?.version}`);

console.log("\n3. MANUAL MODE (explicit snapshot creation)");
const manualAccounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, mode: "manual" },
});
const third = manualAccounts.createNew();
third.open("Manual Mode Account", 100);
for (let i = 0; i < 20; i += 1) third.deposit(1);

console.log(`   Saving account (${third.version} events, manual mode)...`);
await manualAccounts.save(third);
const existsByItself = await snapshotStore.snapshotExists(third.id, "Account");
console.log(`   Automatic snapshot created: ${existsByItself}`);

console.log("   Creating snapshot manually...");
const manualSnapshot = await manualAccounts.createSnapshot(third);
console.log(`   Manual snapshot created at version ${manualSnapshot.version}`);

await storage.close();
