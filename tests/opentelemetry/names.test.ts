import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as conventions from "@opentelemetry/semantic-conventions";
import { expect, it } from "vitest";
import { ATTRIBUTES, OPERATION_SPANS, STORE_SPAN } from "../../src/opentelemetry/names.ts";
import { VERSION } from "../../src/opentelemetry/telemetry.ts";
import { METRICS } from "./declared.ts";

const root = join(import.meta.dirname, "../..");

it("takes names of the semantic conventions where it does not say eventfold", () => {
  const standard = new Set<unknown>(Object.values(conventions));
  const others = [...Object.keys(ATTRIBUTES), ...Object.keys(METRICS)].filter((name) => !name.startsWith("eventfold."));
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter((name) => !standard.has(name))).toEqual([]);
});

it("declares no attribute that nothing has", () => {
  const used = new Set<string>(
    [...Object.values(OPERATION_SPANS), STORE_SPAN, ...Object.values(METRICS)].flatMap(({ attributes }) => attributes),
  );
  expect(Object.keys(ATTRIBUTES).filter((name) => !used.has(name))).toEqual([]);
});

it("puts nothing on a metric that tells one aggregate, or one of its versions, from another", () => {
  const onMetrics = new Set<string>(Object.values(METRICS).flatMap(({ attributes }) => attributes));
  expect([...onMetrics].filter((name) => /\.id$|version|events/.test(name))).toEqual([]);
});

it("names the version of the package", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(VERSION).toBe(version);
});
