import { describe, expect, it } from "vitest";
import { bankProject, fillSqlite } from "./bank-project.ts";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

describe("a table", () => {
  it("stands in columns where these fit the terminal, if need be shortened", async () => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 1, 1);
    const { text } = await new TerminalRun(folder, ["inspect", "bank.db", "Account", "a-000"], { columns: 80 }).end();
    const lines = [/^Version {2}.*$/m, /^ +1 {2}.*$/m].map((line) => line.exec(text)?.[0] ?? "");
    expect(lines[0]).toBe("Version  When                      Event      Who  Data          State after");
    expect(lines[1]?.length).toBeLessThanOrEqual(80);
  });

  it.each(
    [40, 60].flatMap((columns) => [
      {
        columns,
        args: ["health"],
        shown: ["Streams: 1", "use a snapshot", "Events since p50: 0", "Replays p99: 0", "Events since p99: 0"],
      },
      { columns, args: ["verify"], shown: ["Type: Account", "Aggregates: 1", "No snapshot: 0"] },
      { columns, args: ["inspect", "Account", "a-000"], shown: ["Data: {", "State after: {", "Used by a load"] },
    ]),
  )("stands in lines of name: value where the columns do not fit $columns: $args", async ({ columns, args, shown }) => {
    const { folder, path } = bankProject();
    await fillSqlite(path("bank.db"), 1, 12);
    eventfold(folder, ["warm", "bank.db"]);
    const [name = "", ...rest] = args;
    const { status, text } = await new TerminalRun(folder, [name, "bank.db", ...rest], { columns }).end();
    expect(status).toBe(0);
    for (const each of shown) expect(text).toContain(each);
    for (const record of text.split(/\n\s*\n/)) {
      const labels = [...record.matchAll(/^([A-Z]\w+[\w ]*|p\d\d): /gm)].map(([, label]) => label);
      expect(labels).toEqual([...new Set(labels)]);
    }
    const lines = text.split(/[\n\r]/).filter((line) => !/^(Account\/a-000 is at|Verifying)/.test(line));
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(text).not.toContain("…");
  });
});

describe("help", () => {
  it.each(
    [30, 40, 60, 80].flatMap((columns) =>
      [[], ["inspect"], ["warm"], ["health"]].map((words) => [columns, words] as const),
    ),
  )("fits %i columns: %j", async (columns, words) => {
    const { text } = await new TerminalRun(".", [...words, "--help"], { columns }).end();
    const lines = text.split("\n");
    expect(lines.length).toBeGreaterThan(20);
    // Command lines are to be copied, and terms are short.
    const prose = lines.filter((line) => !/^( {2}eventfold|Usage:) /.test(line) && !/^ {2}\S.*[>\]]$/.test(line));
    expect(prose.filter((line) => line.length > columns)).toEqual([]);
  });
});
