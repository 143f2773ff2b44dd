import { Snapshot } from "eventfold";
import { expect, it } from "vitest";
import { snapshotChecksum } from "../../src/snapshots/snapshot-checksum.ts";
import { proofFlaw } from "../../src/snapshots/snapshot-proof.ts";
import { rowOf, someSnapshot } from "../../src/testing/contracts/some-snapshot.ts";

function whole(): Snapshot {
  const row = rowOf(someSnapshot({ stateText: '{"balance":1}' }));
  return new Snapshot({ ...row, checksum: snapshotChecksum(row) });
}

it("finds a snapshot whole, and its copies", () => {
  const snapshot = whole();
  expect([snapshot, new Snapshot(snapshot), rowOf(snapshot)].map(proofFlaw)).toEqual([undefined, undefined, undefined]);
});

it.each([
  { version: 9 },
  { stateText: '{"balance":2}' },
  { aggregateId: "another" },
  { fingerprint: "other" },
  { lastEventId: "other" },
  { createdAt: "2026-01-31T12:00:00.001Z" },
])("trap: trusts no row with %o that is made of a snapshot which was found whole", (damage) => {
  const snapshot = whole();
  expect(proofFlaw(snapshot)).toBeUndefined();
  const damaged = new Snapshot({ ...rowOf(snapshot), ...damage });
  expect([damaged, new Snapshot(damaged), { ...rowOf(snapshot), ...damage }].map(proofFlaw)).toEqual([
    "corrupt",
    "corrupt",
    "corrupt",
  ]);
});

it("trap: trusts no subclass that gives another text than the snapshot which was found whole", () => {
  class Rewritten extends Snapshot {
    override get stateText(): string {
      return '{"balance":1000000}';
    }
  }
  const snapshot = whole();
  expect(proofFlaw(snapshot)).toBeUndefined();
  const rewritten = new Rewritten(snapshot);
  expect([rewritten, new Snapshot(rewritten)].map(proofFlaw)).toEqual(["corrupt", "corrupt"]);
  // Nor does it spoil what is whole.
  const other = whole();
  expect(proofFlaw(new Rewritten(other))).toBe("corrupt");
  expect(proofFlaw(other)).toBeUndefined();
});

it("remembers a flaw as well", () => {
  const unproven = new Snapshot({ ...rowOf(whole()), checksum: undefined });
  const corrupt = new Snapshot({ ...rowOf(whole()), checksum: "other" });
  for (let again = 0; again < 2; again += 1) {
    expect([unproven, corrupt, new Snapshot(unproven), new Snapshot(corrupt)].map(proofFlaw)).toEqual([
      "unproven",
      "corrupt",
      "unproven",
      "corrupt",
    ]);
  }
});
