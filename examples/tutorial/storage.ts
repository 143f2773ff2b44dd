import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventStore, InMemoryEventStore, InMemorySnapshotStore, type SnapshotStore } from "eventfold";
import { openSqlite } from "eventfold/sqlite";

interface Storage {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  close(): Promise<void>;
}

/** Empty stores, of the kind that the program's argument names: `memory`, which is the default, or `sqlite`. */
export function openStorage(): Storage {
  const kind = process.argv[2] ?? "memory";
  if (kind === "sqlite") return openTemporaryFile();
  if (kind === "memory") return openMemory();
  console.error(`There is no storage "${kind}". Pass memory or sqlite.`);
  process.exit(2);
}

function openMemory(): Storage {
  return { eventStore: new InMemoryEventStore(), snapshotStore: new InMemorySnapshotStore(), close: async () => {} };
}

function openTemporaryFile(): Storage {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-tutorial-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return openSqlite(join(folder, "bank.db"));
}
