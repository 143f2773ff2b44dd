import assert from "node:assert/strict";
import type { AggregateType } from "../aggregates/aggregate-definition.ts";
import { type AnyAggregate, historyOf } from "../aggregates/aggregate-root.ts";
import { firstDifference } from "../aggregates/first-difference.ts";
import type { ScenarioEvent } from "./scenario.ts";

/** A state as a snapshot of an older schema version holds it, and the events that it was folded from. */
export interface OldState {
  readonly schemaVersion: number;
  /** As JSON. */
  readonly state: unknown;
  readonly events: readonly ScenarioEvent[];
}

/**
 * Holds the state upgrades of a class against a replay: bringing `old.state` up to date must give what folding `old.events` gives
 * today. Do it with a state of each older version, taken from a real snapshot before its definition is gone.
 *
 * @throws {AssertionError} of `node:assert`, with the path of the first difference, or when no step leads from `schemaVersion`.
 */
export function proveStateUpgrades(type: AggregateType<AnyAggregate>, old: OldState): void {
  const replayed = historyOf(new type("replayed"));
  replayed.raise(old.events);
  const { wanted } = replayed.definition;
  const from = `schema version ${old.schemaVersion} to ${wanted.schemaVersion}`;
  assert.ok(
    old.schemaVersion >= wanted.upgradableFrom && old.schemaVersion < wanted.schemaVersion,
    `No chain of state upgrades of ${type.aggregateType} leads from ${from}`,
  );
  const upgraded = historyOf(new type("replayed"));
  const row = { schemaVersion: old.schemaVersion, version: replayed.version, lastEventId: replayed.lastEventId };
  upgraded.restore(row, structuredClone(old.state));
  const path = firstDifference("state", JSON.parse(replayed.stateText()), JSON.parse(upgraded.stateText()));
  assert.equal(path, undefined, `Upgraded from ${from}, ${type.aggregateType} differs from a replay at ${path}`);
}
