import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import { inspect } from "node:util";
import {
  CorruptSnapshotError,
  InvalidInstantError,
  InvalidNameError,
  InvalidNumberError,
  SerializationError,
  Snapshot,
  type SnapshotFields,
} from "eventfold";
import { describe, expect, it } from "vitest";

const fields: SnapshotFields = {
  aggregateId: "a-1",
  aggregateType: "Account",
  version: 16,
  state: { ownerName: "Ada Lovelace", balance: 650, history: [{ amount: 50 }] },
  schemaVersion: 2,
  createdAt: "2026-01-31T12:00:00.000Z",
};

it("holds what it was given", () => {
  expect(new Snapshot(fields)).toMatchObject(fields);
});

it("fills in what was left out, without a proof", () => {
  const before = new Date().toISOString();
  const { aggregateId, aggregateType, version, state } = fields;
  const snapshot = new Snapshot({ aggregateId, aggregateType, version, state });
  expect(snapshot.schemaVersion).toBe(1);
  expect(snapshot.createdAt >= before && snapshot.createdAt <= new Date().toISOString()).toBe(true);
  expect([snapshot.fingerprint, snapshot.lastEventId, snapshot.checksum]).toEqual(["", undefined, undefined]);
});

it("cannot be changed, and neither can its state", () => {
  "use strict";
  const snapshot = new Snapshot(fields);
  const state = snapshot.state as { history: { amount: number }[] };
  for (const change of [
    () => Object.assign(snapshot, { version: 17 }),
    () => Object.assign(snapshot, { state: {} }),
    () => Object.assign(state, { balance: 0 }),
    () => state.history.push({ amount: 1 }),
    () => Object.assign(state.history[0] ?? {}, { amount: 0 }),
  ]) {
    expect(change).toThrow(TypeError);
  }
});

it("shares nothing with the state it was made of", () => {
  const state = { list: [1] };
  const snapshot = new Snapshot({ ...fields, state });
  state.list.push(2);
  expect(snapshot.state).toEqual({ list: [1] });
  expect(snapshot.stateText).toBe('{"list":[1]}');
});

it("equals another one of the same content, and no other", () => {
  deepStrictEqual(new Snapshot(fields), new Snapshot(fields));
  for (const other of [{ version: 17 }, { state: { balance: 0 } }, { schemaVersion: 3 }, { aggregateId: "b" }]) {
    notDeepStrictEqual(new Snapshot(fields), new Snapshot({ ...fields, ...other }));
  }
});

it("takes the time of creation as a Date too", () => {
  expect(new Snapshot({ ...fields, createdAt: new Date(1) }).createdAt).toBe("1970-01-01T00:00:00.001Z");
});

it("shows the keys of its state when printed, never the values", () => {
  const snapshot = new Snapshot(fields);
  const shown = [
    String(snapshot),
    inspect(snapshot),
    inspect({ deep: [snapshot] }, { depth: 9 }),
    JSON.stringify({ snapshot }),
  ];
  for (const text of shown) {
    expect(text).toContain("balance");
    expect(text).toContain("a-1");
    expect(text).not.toMatch(/Ada|Lovelace|650|50\b/);
  }
  expect(JSON.parse(JSON.stringify(snapshot))).toMatchObject({
    version: 16,
    stateKeys: ["ownerName", "balance", "history"],
  });
});

describe("refuses to be made of", () => {
  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])("version or schema version %d", (number) => {
    expect(() => new Snapshot({ ...fields, version: number })).toThrow(InvalidNumberError);
    expect(() => new Snapshot({ ...fields, schemaVersion: number })).toThrow(InvalidNumberError);
  });

  it.each(["", "x".repeat(256), "a\u0000", "\ud800"])("the id or type %j", (name) => {
    expect(() => new Snapshot({ ...fields, aggregateId: name })).toThrow(InvalidNameError);
    expect(() => new Snapshot({ ...fields, aggregateType: name })).toThrow(InvalidNameError);
  });

  it("a state that JSON would not bring back, naming the path", () => {
    for (const value of [new Date(0), new Map(), 1n, undefined, Number.NaN]) {
      expect(() => new Snapshot({ ...fields, state: { a: [{ value }] } })).toThrow(SerializationError);
      expect(() => new Snapshot({ ...fields, state: { a: [{ value }] } })).toThrow("state.a[0].value");
    }
  });

  it("a time that is none", () => {
    expect(() => new Snapshot({ ...fields, createdAt: "yesterday" })).toThrow(InvalidInstantError);
    expect(() => new Snapshot({ ...fields, createdAt: new Date(Number.NaN) })).toThrow(InvalidInstantError);
  });
});

describe("of a row whose state is not JSON", () => {
  const { state: _state, ...rest } = fields;
  const row = {
    ...rest,
    schemaVersion: 2,
    createdAt: "2026-01-31T12:00:00.000Z",
    fingerprint: "",
    lastEventId: undefined,
    checksum: undefined,
  };
  const snapshot = new Snapshot({ ...row, stateText: '{"ownerName":"Ada' });

  it("says so when its state is asked for", () => {
    expect(() => snapshot.state).toThrow(CorruptSnapshotError);
    expect(() => snapshot.state).toThrow(
      expect.objectContaining({ version: 16, cause: expect.any(SyntaxError) as unknown }),
    );
  });

  it("can be printed all the same", () => {
    expect(String(snapshot)).toContain("(unreadable)");
    expect(JSON.stringify(snapshot)).toContain("(unreadable)");
    expect(inspect(snapshot)).not.toContain("Ada");
  });
});
