import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { z } from "zod";
import { Account, AccountOfSchema2 } from "../aggregates/account.ts";
import { saveEvents } from "../aggregates/setup.ts";
import { type DatabaseKind, eachDatabase } from "./databases.ts";
import { setUpOn } from "./setup.ts";

class AccountOfOtherType extends Account {
  static override readonly aggregateType = "OtherAccount";
}

class DeclaredAccount extends Account {
  static readonly stateSchema = z.object({ ownerName: z.string(), balance: z.number(), transactionCount: z.number() });
}

const everywhere: [damage: string, set: string, reason: string][] = [
  ["version one too high", "version = version + 1", "corrupt"],
  ["version one too low", "version = version - 1", "corrupt"],
  ["version far too high", "version = 9007199254740991", "corrupt"],
  ["another time", "created_at = '1999-12-31T23:59:59.000Z'", "corrupt"],
  ["the id of another event", "last_event_id = 'forged'", "corrupt"],
  ["no id of an event", "last_event_id = NULL", "unproven"],
  ["no checksum", "checksum = NULL", "unproven"],
  ["an empty checksum", "checksum = ''", "corrupt"],
  ["one digit of the checksum", "checksum = replace(checksum, substr(checksum, 1, 1), 'z')", "corrupt"],
  ["the checksum in capitals", "checksum = upper(checksum)", "corrupt"],
  ["another schema version", "schema_version = 9", "schema-mismatch"],
  ["another fingerprint", "fingerprint = 'forged'", "fingerprint-mismatch"],
];

/** The text of the state stands for its column in what follows. */
const states: [damage: string, text: string][] = [
  ["a bit of its first key", "replace(STATE, '{\"o', '{\"n')"],
  ["a bit of a number", "replace(STATE, '\"balance\":1', '\"balance\":3')"],
  ["a bit of a key", "replace(STATE, 'balance', 'calance')"],
  ["a bit of a name", "replace(STATE, 'Ada', 'Adc')"],
  ["a blank added at the end", "STATE || ' '"],
  ["the same in other words", "replace(STATE, 'A', '\\u0041')"],
  ["an empty object", "'{}'"],
  ["null", "'null'"],
];

const invalid: [damage: string, text: string][] = [
  ["cut off in the middle", "substr(STATE, 1, length(STATE) / 2)"],
  ["nothing left of it", "''"],
  ["no JSON", "'not JSON'"],
  ["far too large, and no JSON", "printf('%.*c', 5000000, '[')"],
];

function damagesIn(kind: DatabaseKind): [damage: string, set: string, reason: string][] {
  const [read, cast] = kind === "SQLite" ? ["state", ""] : ["state::text", "::json"];
  // PostgreSQL keeps what is no JSON out of its column by itself.
  const texts = kind === "SQLite" ? [...states, ...invalid] : states;
  return [
    ...everywhere,
    ...texts.map(([damage, text]): [string, string, string] => [
      `state: ${damage}`,
      `state = (${text.replaceAll("STATE", read)})${cast}`,
      "corrupt",
    ]),
    ...(kind === "SQLite"
      ? ([
          ["version no stream has", "version = -1", "corrupt"],
          ["version past 2^53", "version = 9223372036854775807", "corrupt"],
          ["no time", "created_at = 'yesterday'", "corrupt"],
        ] satisfies [string, string, string][])
      : []),
  ];
}

eachDatabase((open, kind) => {
  /** Two accounts with their snapshots at 10, and two events after them. */
  async function setUpRow(type: typeof Account = Account) {
    const set = await setUpOn(open);
    const accounts = set.repositoryOf(type, { threshold: 10 });
    const other = randomUUID();
    for (const id of [set.id, other]) {
      await saveEvents(accounts, id, 10);
      await saveEvents(accounts, id, 2);
    }
    set.facts.all.length = 0;
    const key = `aggregate_type = '${type.aggregateType}' AND aggregate_id`;
    const update = (assignments: string) =>
      set.storage.execute(`UPDATE snapshots SET ${assignments} WHERE ${key} = '${set.id}'`);
    /** Puts the row in the place of another one; a column of it may be written as something else. */
    const copy = (from: string, change: Readonly<Record<string, string>>) => {
      const columns = ["aggregate_type", "aggregate_id", "schema_version", "fingerprint", "version"];
      columns.push("state", "created_at", "last_event_id", "checksum");
      const values = columns.map((column) => change[column] ?? column);
      return set.storage.execute(
        `INSERT INTO snapshots (${columns.join()}) SELECT ${values.join()} FROM snapshots WHERE ${key} = '${from}' AND schema_version = 1`,
      );
    };
    return { ...set, accounts, other, update, copy };
  }

  it.each(damagesIn(kind))("a load replays past a row with %s", async (_damage, assignments, reason) => {
    const { accounts, id, update, facts, replayed } = await setUpRow();
    await update(assignments);
    const { version, state } = await replayed();
    const loaded = await accounts.load(id);
    expect([loaded.version, loaded.state]).toEqual([version, state]);
    expect(facts.missReasons).toEqual([reason]);
    expect(facts.of("loaded")).toMatchObject([{ version: 12, snapshotVersion: undefined, eventsReplayed: 12 }]);
  });

  it.each(damagesIn(kind))("the next due save makes good a row with %s", async (_damage, assignments) => {
    const { accounts, id, update, facts, replayed } = await setUpRow();
    await update(assignments);
    await saveEvents(accounts, id, 1);
    facts.all.length = 0;
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    expect(facts.of("loaded")).toMatchObject([{ version: 13, snapshotVersion: 13 }]);
    expect(facts.missReasons).toEqual([]);
  });

  it("two rows whose states were swapped are both rejected", async () => {
    const { accounts, id, other, storage, facts, replayed } = await setUpRow();
    await saveEvents(accounts, other, 7);
    await accounts.createSnapshot(await accounts.load(other));
    const cast = kind === "SQLite" ? "" : "::json";
    // Both before any is changed: connections of a pool go in no order.
    const read = [id, other].map((each) => storage.snapshotStore.getSnapshot(each, "Account"));
    const [mine, theirs] = await Promise.all(read);
    for (const [each, source] of [
      [id, theirs],
      [other, mine],
    ] as const) {
      const { stateText } = source!;
      await storage.execute(`UPDATE snapshots SET state = '${stateText}'${cast} WHERE aggregate_id = '${each}'`);
    }
    facts.all.length = 0;
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    expect((await accounts.load(other)).version).toBe(19);
    expect(facts.missReasons).toEqual(["corrupt", "corrupt"]);
  });

  it("trap: a row copied to another aggregate is not trusted", async () => {
    const { accounts, id, other, storage, copy, facts, replayed } = await setUpRow();
    await storage.execute(`DELETE FROM snapshots WHERE aggregate_id = '${id}'`);
    await copy(other, { aggregate_id: `'${id}'` });
    expect((await accounts.load(id)).state).toEqual((await replayed()).state);
    expect(facts.missReasons).toEqual(["corrupt"]);
  });

  it("a row copied to another type, schema version or fingerprint is not trusted", async () => {
    const { id, storage, repositoryOf, copy, facts } = await setUpRow();
    await saveEvents(repositoryOf(AccountOfOtherType), id, 12);
    const { fingerprint } = await repositoryOf(DeclaredAccount).createSnapshot(
      await repositoryOf(DeclaredAccount).load(id),
    );
    await storage.execute(`DELETE FROM snapshots WHERE aggregate_id = '${id}' AND fingerprint = '${fingerprint}'`);
    await copy(id, { aggregate_type: "'OtherAccount'" });
    await copy(id, { schema_version: "2" });
    await copy(id, { fingerprint: `'${fingerprint}'` });
    for (const type of [AccountOfOtherType, AccountOfSchema2, DeclaredAccount]) {
      facts.all.length = 0;
      expect((await repositoryOf(type).load(id)).version).toBe(12);
      expect(facts.missReasons).toEqual(["corrupt"]);
    }
  });
});
