// What a snapshot saves when an aggregate with 201 events is loaded.
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
import { averageMs } from "./stopwatch.ts";
import { openStorage } from "./storage.ts";

const TRANSACTIONS = 200;
const LOADS = 10;

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log("=== Performance Comparison ===\n");

// Two repositories over the same events.
const withoutSnapshots = new AggregateRepository(Account, { eventStore });
const withSnapshots = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: 50 },
});

let account = withoutSnapshots.createNew();
account.open("Performance Test", 1000);
await withoutSnapshots.save(account);

console.log(`Creating ${TRANSACTIONS} transactions...`);
for (let i = 0; i < TRANSACTIONS; i += 1) {
  account = await withoutSnapshots.load(account.id);
  if (i % 2 === 0) account.deposit(10);
  else account.withdraw(5);
  await withoutSnapshots.save(account);
}

console.log(`Account now has ${account.version} events`);
console.log(`Final balance: $${account.state.balance.toFixed(2)}`);
console.log(`Transaction count: ${account.state.transactionCount}`);
console.log();

const withoutMs = await averageMs(LOADS, () => withoutSnapshots.load(account.id));
console.log(`Load time WITHOUT snapshot: ${withoutMs.toFixed(2)}ms`);

await withSnapshots.createSnapshot(await withSnapshots.load(account.id));
console.log("Snapshot created!");

const withMs = await averageMs(LOADS, () => withSnapshots.load(account.id));
console.log(`Load time WITH snapshot: ${withMs.toFixed(2)}ms`);
console.log(`Improvement: ${(withoutMs / withMs).toFixed(1)}x faster`);

await storage.close();
