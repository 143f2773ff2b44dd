import { describe, expect, it } from "vitest";
import { type BankProject, bankProject, fillSqlite } from "./bank-project.ts";
import { eventfold, installEventfold } from "./installed.ts";

installEventfold();

async function bankWith(config: string): Promise<BankProject> {
  const project = bankProject({
    "eventfold.config.ts": `
      import { AggregateRepository, InMemoryEventStore } from "eventfold";
      import { openSqlite } from "eventfold/sqlite";
      import { Faults, FaultyEventStore } from "eventfold/testing";
      import { Account } from "./account.ts";
      class Cart extends Account { static override readonly aggregateType = "Cart"; }
      const decorated = (store) => new FaultyEventStore(store, new Faults());
      export const repositories = ({ eventStore, snapshotStore: store }) => [${config}];`,
  });
  await fillSqlite(project.path("bank.db"), 3, 12);
  await fillSqlite(project.path("other.db"), 1, 1);
  return project;
}

const account = "new AggregateRepository(Account, { eventStore, snapshots: { store, threshold: 10 } })";
const cart = "new AggregateRepository(Cart, { eventStore })";

describe("a repository without snapshots", () => {
  it("is skipped with a remark, and keeps no other type from the walk", async () => {
    const { folder } = await bankWith(`${cart}, ${account}`);
    for (const command of ["warm", "verify"]) {
      const { status, stdout, stderr } = eventfold(folder, [command, "bank.db", "--json"]);
      expect(status).toBe(0);
      expect(stderr).toBe("Cart: its repository takes no snapshots.\n");
      expect(JSON.parse(stdout)).toMatchObject({
        complete: true,
        types: [{ aggregateType: "Account", aggregates: 3 }],
        skipped: ["Cart"],
      });
      expect(eventfold(folder, [command, "bank.db", "--after", "a-001"]).status).toBe(0);
    }
  });

  it("is wrong use where it was asked for, or where there is no other", async () => {
    const both = await bankWith(`${cart}, ${account}`);
    const alone = await bankWith(cart);
    for (const [{ folder }, args] of [
      [both, ["verify", "bank.db", "Cart"]],
      [alone, ["warm", "bank.db"]],
    ] as const) {
      const { status, stdout, stderr } = eventfold(folder, args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain("Cart: its repository takes no snapshots. Pass snapshots: { store: snapshotStore }");
    }
  });
});

describe("a repository on another store than the one of the command line", () => {
  const other = 'openSqlite("other.db").eventStore';

  it.each([other, `decorated(${other})`, "new InMemoryEventStore()"])("is wrong use with %s", async (eventStore) => {
    const { folder } = await bankWith(account.replace("eventStore,", `eventStore: ${eventStore},`));
    for (const command of ["verify", "warm"]) {
      const { status, stdout, stderr } = eventfold(folder, [command, "bank.db"]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain("Account works on another store than the one it was given: pass storage.eventStore on.");
    }
  });

  it("is told from one whose store was decorated", async () => {
    const { folder } = await bankWith(account.replace("eventStore,", "eventStore: decorated(eventStore),"));
    expect(eventfold(folder, ["verify", "bank.db"])).toMatchObject({ status: 0, stderr: "" });
  });
});
