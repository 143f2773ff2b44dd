import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const sources = fileURLToPath(new URL("../../tools/node/sources.mjs", import.meta.url));
const program = fileURLToPath(new URL("./leave-with-queue.ts", import.meta.url));

/** Runs the program to its end, with this process's own Node. */
function run(ending: string, store = "works") {
  return promisify(execFile)(process.execPath, ["--import", sources, program, ending, store]);
}

it("trap: queued snapshots do not keep a process alive, and are not dropped silently", async () => {
  const { stdout, stderr } = await run("return");
  expect(stdout).toBe("ended with 1 pending\n");
  expect(stderr).toContain("ended with 1 Account snapshots unwritten");
});

it("trap: process.exit does not drop queued snapshots silently", async () => {
  const { stderr } = await run("exit");
  expect(stderr).toContain("ended with 1 Account snapshots unwritten");
});

it("a store that hangs does not keep a process alive, and its snapshots are not dropped silently", async () => {
  const { stderr } = await run("return-while-writing", "hangs");
  expect(stderr).toContain("ended with 1 Account snapshots unwritten");
});

it("a snapshot that only a load has asked for neither keeps a process alive nor is missed at its end", async () => {
  const { stdout, stderr } = await run("heal");
  expect(stdout).toBe("heals 1\nended with 0 pending\n");
  expect(stderr).toBe("");
});

it("close writes what is queued, and the end says nothing", async () => {
  const { stdout, stderr } = await run("close");
  expect(stdout).toBe("ended with 0 pending\n");
  expect(stderr).toBe("");
});

it("close holds the process until its writes have failed, when the store hangs", async () => {
  const { stdout, stderr } = await run("close", "hangs");
  expect(stdout).toBe("ended with 0 pending\n");
  expect(stderr).toContain("took longer than 10 ms");
});
