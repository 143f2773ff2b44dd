import { connectPostgres } from "eventfold/postgres";
import { openSqlite } from "eventfold/sqlite";
import { BareAccount } from "../bare-account.ts";
import type { Comparison } from "../comparison.ts";
import { withoutSnapshots } from "../histories.ts";
import { count } from "../wording.ts";
import { OPERATIONS_EACH, savesBy, together } from "./concurrency.ts";

const CALLERS = 32;
const SAVES_PER_SECOND_MIN = 15_000;

export const groupCommit: Comparison = {
  id: "group-commit",
  title: "Saves of one event with group commit, by the number of callers at the same time",
  axis: "callers",
  baseline: "bare insert",
  candidate: "save in groups",
  counted: "saves",
  note:
    "As above, but saves that wait at the same time are committed together. Bare insert: one by one, over a pool of ten " +
    "connections in PostgreSQL.",
  measureIn: async ({ storage: { name, location, bare }, axes, compare }) => {
    if (location === undefined) return;
    const grouping =
      name === "PostgreSQL"
        ? await connectPostgres(location, { groupCommit: true })
        : openSqlite(location, { groupCommit: true });
    try {
      const accounts = withoutSnapshots(grouping);
      for (const callers of axes.callers) {
        const bareAccounts = Array.from({ length: callers }, () => new BareAccount());
        await compare({
          point: count(callers),
          x: callers,
          operations: callers * OPERATIONS_EACH,
          baseline: () => together(bareAccounts, (account) => account.save(bare, 1)),
          candidate: savesBy(callers, accounts),
          target: callers === CALLERS ? { perSecondMin: SAVES_PER_SECOND_MIN } : undefined,
        });
      }
    } finally {
      await grouping.close();
    }
  },
};
