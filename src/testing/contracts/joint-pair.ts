import assert from "node:assert/strict";
import type { EventStore } from "../../events/event-store.ts";
import type { StreamId } from "../../events/stream-id.ts";
import type { SnapshotRow } from "../../snapshots/snapshot.ts";
import type { JointStore, SnapshotStore, WantedSnapshot } from "../../snapshots/snapshot-store.ts";
import { type ContractCase, contractCase, streamOnly } from "./contract.ts";
import { rowOf, someSnapshot } from "./some-snapshot.ts";

/** Both stores over one database. */
export interface StorePair {
  readonly eventStore: EventStore;
  readonly snapshotStore: SnapshotStore;
  close(): Promise<void>;
}

export interface Pair extends StorePair {
  readonly joint: JointStore;
}

/** Of a class without upgrades. */
export const WANTED: WantedSnapshot = { schemaVersion: 2, fingerprint: "mine", upgradableFrom: 2 };

/** The key alone. */
export const KEY = { schemaVersion: 2, fingerprint: "mine" };

export function promise(title: string, check: (pair: Pair) => Promise<void>): ContractCase<StorePair> {
  return contractCase(title, async (pair) => {
    const joint = pair.snapshotStore.jointWith?.(pair.eventStore);
    await check({ ...pair, joint: joint ?? assert.fail("The stores do not know that they share a database.") });
  });
}

/** Stores a snapshot that stands on the event of its version, unless `fields` say otherwise. */
export async function saveRow(
  pair: Pair,
  stream: StreamId & { readonly events: readonly { readonly id: string }[] },
  fields: Partial<SnapshotRow> & { readonly version: number },
): Promise<SnapshotRow> {
  const lastEventId = stream.events[fields.version - 1]?.id;
  const snapshot = someSnapshot({ ...streamOnly(stream), ...KEY, lastEventId, ...fields });
  assert.equal(await pair.snapshotStore.saveSnapshot(snapshot), "stored");
  return snapshot;
}

export function assertRow(row: SnapshotRow | undefined, expected: SnapshotRow | undefined): void {
  assert.deepEqual(row && rowOf(row), expected && rowOf(expected));
}
