import { DatabaseSync } from "node:sqlite";
import { newEvent } from "eventfold";
import { openSqlite } from "eventfold/sqlite";
import { beforeAll, describe, expect, it } from "vitest";
import {
  selectLastPosition,
  selectOrphans,
  selectTypes,
  surveyStreams,
  surveyStreamsAt,
} from "../../src/stores/sqlite/survey-statements.ts";

const handle = new DatabaseSync(":memory:");

// With statistics and without: what a planner knows of a table may change what it chooses.
beforeAll(async () => {
  const { eventStore } = openSqlite(handle);
  for (const aggregateId of ["a", "b"]) {
    const events = Array.from({ length: 1_000 }, () => newEvent({ type: "Happened", data: {} }));
    await eventStore.append({ aggregateType: "Account", aggregateId }, events, { expectedVersion: 0 });
  }
});

const statements = { selectTypes, selectOrphans, surveyStreams, surveyStreamsAt, selectLastPosition };

describe.each(["without statistics", "with statistics"])("SQLite %s", (statistics) => {
  beforeAll(() => {
    if (statistics === "with statistics") handle.exec("ANALYZE");
  });

  it.each(Object.entries(statements))("walks over no table of events: %s", (_name, sql) => {
    const plan = handle
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row.detail));
    expect(plan.filter((line) => line.includes("events")).length).toBeGreaterThan(0);
    expect(plan.filter((line) => /^SCAN (events|snapshots)/.test(line))).toEqual([]);
    // The whole key of the stream but for the column that is walked along, never the type alone with the rest to be looked through.
    const onStreams = plan.filter((line) => line.includes("USING") && /aggregate_type=\?\)/.test(line));
    expect(onStreams).toEqual([]);
  });
});
