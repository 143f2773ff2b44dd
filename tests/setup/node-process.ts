import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";

/** Another process of Node.js; the end of the test kills it, if it has not ended by then. */
export type NodeProcess = ChildProcessByStdio<Writable, Readable, null>;

/** @param args such as a script and what it is told. */
export function startNode(...args: readonly string[]): NodeProcess {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}
