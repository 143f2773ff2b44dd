import { Writable } from "node:stream";
import { AggregateRepository, InMemoryEventStore, InMemorySnapshotStore, type Logger } from "eventfold";
import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import winston from "winston";
import { Account } from "./account.ts";
import { setUp } from "./setup.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Makes a repository say something: a threshold in manual mode. */
function warnThrough(logger?: Logger | false): void {
  const snapshots = { store: new InMemorySnapshotStore(), threshold: 10, mode: "manual" as const };
  void new AggregateRepository(Account, {
    eventStore: new InMemoryEventStore(),
    snapshots,
    ...(logger !== undefined && { logger }),
  });
}

function lines() {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  return { written, stream };
}

it("writes through pino, one message at the level warn", () => {
  const { written, stream } = lines();
  warnThrough(pino({}, stream));
  expect(written.length).toBe(1);
  expect(JSON.parse(written[0]!)).toMatchObject({ level: 40, msg: expect.stringContaining("threshold 10 of Account") });
});

it("writes through winston, one message at the level warn", () => {
  const { written, stream } = lines();
  const format = winston.format.json();
  warnThrough(winston.createLogger({ format, transports: [new winston.transports.Stream({ stream })] }));
  expect(written.length).toBe(1);
  expect(JSON.parse(written[0]!)).toMatchObject({
    level: "warn",
    message: expect.stringContaining("threshold 10 of Account"),
  });
});

it("writes infos through pino and winston at the level info", async () => {
  const eventStore = new InMemoryEventStore();
  const snapshots = { store: new InMemorySnapshotStore(), threshold: 1 };
  const account = new Account("a");
  account.open();
  await new AggregateRepository(Account, { eventStore, snapshots }).save(account);
  class Newer extends Account {
    static override readonly schemaVersion = 2;
  }
  const { written, stream } = lines();
  const transports = [new winston.transports.Stream({ stream })];
  for (const logger of [pino({}, stream), winston.createLogger({ format: winston.format.json(), transports })]) {
    await new AggregateRepository(Newer, { eventStore, snapshots, logger }).load("a");
  }
  const [byPino, byWinston] = written.map((line) => JSON.parse(line) as Record<string, unknown>);
  const message = expect.stringContaining("schema-mismatch (row 1, class 2)") as string;
  expect(byPino).toMatchObject({ level: 30, msg: message });
  expect(byWinston).toMatchObject({ level: "info", message });
});

it("writes through console, one string", () => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  warnThrough(console);
  expect(warn.mock.calls).toEqual([[expect.stringContaining("threshold 10 of Account")]]);
});

it("warns on the console when no logger is given, and is silent with false", () => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  warnThrough();
  expect(warn).toHaveBeenCalledTimes(1);
  warnThrough(false);
  expect(warn).toHaveBeenCalledTimes(1);
});

it("writes no infos to the console when no logger is given", async () => {
  const calls = (["log", "info", "warn", "error"] as const).map((level) => vi.spyOn(console, level).mockReturnValue());
  const eventStore = new InMemoryEventStore();
  const snapshots = { store: new InMemorySnapshotStore(), threshold: 1 };
  const account = new Account("a");
  account.open();
  await new AggregateRepository(Account, { eventStore, snapshots }).save(account);
  class Newer extends Account {
    static override readonly schemaVersion = 2;
  }
  await new AggregateRepository(Newer, { eventStore, snapshots }).load("a");
  expect(calls.flatMap((spy) => spy.mock.calls)).toEqual([]);
});

it("fails nothing when the logger or the observer throws, and still tells the other one", async () => {
  const fail = () => {
    throw new Error("log disk full");
  };
  const told: string[] = [];
  const { accounts, faults } = setUp({
    observer: fail,
    logger: { info: fail, warn: (line) => void told.push(line) },
    snapshots: { threshold: 1 },
  });
  faults.every("saveSnapshot", fail);
  const account = accounts.createNew();
  account.open();
  await accounts.save(account);
  expect(told).toEqual([expect.stringContaining("log disk full")]);
});

it("writes of a full queue the 1st, the 10th and the 100th time, with the number", async () => {
  const warned: string[] = [];
  const logger = { info: () => undefined, warn: (line: string) => void warned.push(line) };
  const { accounts } = setUp({ logger, snapshots: { threshold: 1, mode: "background", queueLimit: 1 } });
  for (let number = 0; number <= 120; number += 1) {
    const account = accounts.createNew();
    account.grow(1);
    await accounts.save(account);
  }
  await accounts.close();
  expect(warned.map((line) => /\((\d+) so far\)/.exec(line)?.[1])).toEqual(["1", "10", "100"]);
});
