import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { eventfold, installEventfold, TerminalRun } from "./installed.ts";

installEventfold();

/** A folder for temporary files, in which nothing may be left. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "eventfold-demo-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it("shows a level line beside a rising one, and leaves nothing behind", () => {
  const folder = temporaryFolder();
  const { status, stdout, stderr } = eventfold(folder, ["demo", "--quick"], { TMPDIR: folder });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^ +1,000 +[\d.,]+ ms +[\d.,]+ ms +40 +[\d.,]+x faster$/m);
  expect(stdout).toMatch(/━{40}/);
  expect(readdirSync(folder)).toEqual([]);
});

it("prints its measurements as JSON", () => {
  const { stdout } = eventfold(".", ["demo", "--quick", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    threshold: 60,
    loads: [{ events: 100 }, { events: 1_000, eventsReplayed: 40 }],
  });
});

it("stops at Ctrl-C and leaves nothing behind", async () => {
  const folder = temporaryFolder();
  const run = new TerminalRun(folder, ["demo"], { env: { TMPDIR: folder } });
  await run.shows("Depositing");
  run.type("\u0003");
  const { status, text } = await run.end();
  expect(status).toBe(130);
  expect(text).toContain("Stopped. What was made is removed.");
  expect(readdirSync(folder)).toEqual([]);
});
