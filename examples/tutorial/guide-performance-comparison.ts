// What a snapshot saves when an aggregate with 201 events is loaded.
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
import { averageMs } from "./stopwatch.ts";
import { openStorage } from "./storage.ts";

const TRANSACTIONS = 200;
const LOADS = 10;

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log("=".repeat(70));
console.log("Performance Comparison: With vs Without Snapshots");
console.log("=".repeat(70));

// Two repositories over the same events.
const withoutSnapshots = new AggregateRepository(Account, { eventStore });
const withSnapshots = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: 50, mode: "sync" },
});

console.log(`\n1. Creating account with ${TRANSACTIONS} transactions...`);
let account = withoutSnapshots.createNew();
account.open("Performance Test Account", 1000);
await withoutSnapshots.save(account);

for (let i = 0; i < TRANSACTIONS; i += 1) {
  account = await withoutSnapshots.load(account.id);
  if (i % 2 === 0) account.deposit(10);
  else account.withdraw(5);
  await withoutSnapshots.save(account);
}

console.log(`   Account version: ${account.version}`);
console.log(`   Final balance: $${account.state.balance.toFixed(2)}`);
console.log(`   Transaction count: ${account.state.transactionCount}`);

console.log(`\n2. Benchmarking WITHOUT snapshots (${LOADS} loads)...`);
const withoutMs = await averageMs(LOADS, () => withoutSnapshots.load(account.id));

console.log("\n3. Creating snapshot and benchmarking WITH snapshots...");
const snapshot = await withSnapshots.createSnapshot(await withSnapshots.load(account.id));
console.log(`   Created snapshot at version ${snapshot.version}`);
const withMs = await averageMs(LOADS, () => withSnapshots.load(account.id));

console.log("\n4. Results:");
console.log(`   WITHOUT snapshot: ${withoutMs.toFixed(2)}ms per load`);
console.log(`   WITH snapshot:    ${withMs.toFixed(2)}ms per load`);
console.log(`   Improvement:      ${(withoutMs / withMs).toFixed(1)}x faster`);
console.log(`   Time saved:       ${(withoutMs - withMs).toFixed(2)}ms per load`);

await storage.close();
