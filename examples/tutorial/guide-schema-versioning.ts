// A new version of the state: old snapshots are passed over, the events rebuild it, and the next save takes a new snapshot.
import { AggregateRepository, type RepositoryFact } from "eventfold";
import { Account } from "./account.ts";
import { openStorage } from "./storage.ts";

class AccountV2 extends Account {
  static override readonly schemaVersion = 2;
}

const storage = openStorage();
const { eventStore, snapshotStore } = storage;

console.log(`\n${"=".repeat(70)}`);
console.log("Schema Versioning: Handling State Evolution");
console.log("=".repeat(70));

const snapshots = { store: snapshotStore, threshold: 10, mode: "sync" } as const;

console.log(`\n1. Creating account with schema_version=${Account.schemaVersion}...`);
const accounts = new AggregateRepository(Account, { eventStore, snapshots });
const account = accounts.createNew();
account.open("Schema Test Account", 500);
for (let i = 0; i < 15; i += 1) account.deposit(10);
await accounts.save(account);

const oldSnapshot = await snapshotStore.getSnapshot(account.id, "Account");
console.log(`   Created snapshot at version ${oldSnapshot?.version}`);
console.log(`   Snapshot schema_version: ${oldSnapshot?.schemaVersion}`);

console.log(`\n2. Migrating to schema_version=${AccountV2.schemaVersion}...`);
const facts: RepositoryFact[] = [];
const accountsV2 = new AggregateRepository(AccountV2, {
  eventStore,
  snapshots,
  observer: (fact) => facts.push(fact),
});

console.log("   Loading account with v2 aggregate (snapshot v1 exists)...");
const loaded = await accountsV2.load(account.id);
const load = facts.find((fact) => fact.kind === "loaded");
const way = load?.snapshotVersion === undefined ? "full event replay" : `snapshot ${load.snapshotVersion}`;
console.log(`   Account loaded successfully (${way})`);
console.log(`   Account version: ${loaded.version}`);
console.log(`   Account balance: $${loaded.state.balance.toFixed(2)}`);

console.log("\n3. Saving with v2 creates new snapshot...");
loaded.deposit(50);
await accountsV2.save(loaded);

const newSnapshot = await snapshotStore.getSnapshot(account.id, "Account");
console.log(`   New snapshot at version ${newSnapshot?.version}`);
console.log(`   New snapshot schema_version: ${newSnapshot?.schemaVersion}`);

console.log("\n4. Cleaning up old snapshots...");
const schemaVersionBelow = AccountV2.schemaVersion;
const deleted = await snapshotStore.deleteSnapshotsByType("Account", { schemaVersionBelow });
console.log(`   Deleted ${deleted} snapshots with schema_version < ${schemaVersionBelow}`);

await accountsV2.close();
await storage.close();
