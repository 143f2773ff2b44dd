// A threshold of 10: whoever saves event 10, 20, 30 … leaves a snapshot behind.
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
import { openStorage } from "./storage.ts";

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log("\n=== Automatic Snapshot Creation ===\n");

const accounts = new AggregateRepository(Account, {
  eventStore,
  snapshots: { store: snapshotStore, threshold: 10 },
});

let account = accounts.createNew();
account.open("Auto Snapshot Demo", 100);
await accounts.save(account);
console.log(`Starting with account at version ${account.version}`);

for (let i = 0; i < 25; i += 1) {
  account = await accounts.load(account.id);
  account.deposit(1);
  await accounts.save(account);

  const snapshot = await snapshotStore.getSnapshot(account.id, "Account");
  if (snapshot?.version === account.version) {
    console.log(`  Version ${account.version}: Snapshot created!`);
  } else if (account.version % 5 === 0) {
    console.log(`  Version ${account.version}: No snapshot yet`);
  }
}

const last = await snapshotStore.getSnapshot(account.id, "Account");
console.log(`\nFinal snapshot at version ${last?.version}`);
console.log(`Account current version: ${account.version}`);

await storage.close();
