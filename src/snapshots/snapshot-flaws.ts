import { isOfKey, type SnapshotKey, type WantedOfType } from "./snapshot-store.ts";

/** Why the key of a row keeps a load from using it. */
export type KeyFlaw = "schema-mismatch" | "fingerprint-mismatch";

/** Why the history of its stream keeps a load from using a row. */
export type HistoryFlaw = "ahead-of-stream" | "history-mismatch";

/** Undefined where a load takes rows of this key: of the own one, and of former ones that there are upgrades for. */
export function keyFlaw(
  row: SnapshotKey,
  wanted: Pick<WantedOfType, keyof SnapshotKey | "upgradableFrom" | "formerKeys">,
): KeyFlaw | undefined {
  if (isOfKey(row, wanted)) return undefined;
  if (row.schemaVersion === wanted.schemaVersion) return "fingerprint-mismatch";
  const { formerKeys, upgradableFrom, schemaVersion } = wanted;
  const isUpgradable =
    formerKeys?.some((former) => isOfKey(row, former)) ??
    (row.schemaVersion >= upgradableFrom && row.schemaVersion < schemaVersion);
  return isUpgradable ? undefined : "schema-mismatch";
}

/**
 * Undefined where a row of version `version` is of the history that stands.
 *
 * @param head version of the newest event; undefined when the row is known not to be ahead of it.
 * @param anchored whether the event that the row ends with stands at its version.
 */
export function historyFlaw(version: number, head: number | undefined, anchored: boolean): HistoryFlaw | undefined {
  if (head !== undefined && version > head) return "ahead-of-stream";
  return anchored ? undefined : "history-mismatch";
}
