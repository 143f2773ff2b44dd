import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "eventfold/sqlite";
import { expect, it } from "vitest";
import { eventsPerDay } from "../../src/cli/events-per-day.ts";
import { surveyOf } from "../../src/monitoring/snapshot-monitor.ts";

it("is told of the busiest streams, and of any where those are hardly ever drawn", async () => {
  const handle = new DatabaseSync(":memory:");
  const { eventStore, snapshots } = openSqlite(handle);
  const perDay = (aggregateType: string) => eventsPerDay(surveyOf(snapshots), eventStore, aggregateType);
  const insert = handle.prepare(`
    INSERT INTO events (aggregate_type, aggregate_id, version, id, type, schema_version, data, metadata, occurred_at)
    VALUES (?, ?, ?, ?, 'Happened', 1, '{}', '{}', ?)
  `);
  const fill = (aggregateType: string, aggregateId: string, events: number, hoursBetween: number): void => {
    for (let version = 1; version <= events; version += 1) {
      const occurredAt = new Date(Date.UTC(2026, 0, 1) + version * hoursBetween * 3_600_000).toISOString();
      insert.run(aggregateType, aggregateId, version, `${aggregateId}-${version}`, occurredAt);
    }
  };
  for (let rare = 1; rare <= 20; rare += 1) fill("Account", `rare-${rare}`, 3, 240);
  fill("Account", "busy", 1_000, 1);
  expect(await perDay("Account")).toBeCloseTo(24);

  // Imported at once: who knows how busy they will be.
  for (let imported = 1; imported <= 20; imported += 1) fill("Account", `imported-${imported}`, 245, 0.01);
  expect(await perDay("Account")).toBeCloseTo(24);

  fill("Young", "young", 245, 0.01);
  handle.exec("UPDATE sqlite_sequence SET seq = 1000000000000 WHERE name = 'events'");
  fill("Cart", "a", 1, 1);
  expect(await perDay("Young")).toBeUndefined();
  expect(await perDay("Cart")).toBeUndefined();
});
