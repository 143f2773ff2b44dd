import { spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** null when a signal ended it. */
  readonly exitCode: number | null;
}

/** Runs a program in `examples/` as a person would, without a terminal. */
export function runExample(path: string, args: readonly string[] = []): Promise<Outcome> {
  return startExample(path, args).outcome;
}

/** As `runExample`, for programs that are to be interrupted. */
export function startExample(
  path: string,
  args: readonly string[] = [],
): {
  readonly outcome: Promise<Outcome>;
  readonly interrupt: () => void;
  readonly printed: (text: string) => Promise<void>;
} {
  const program = [
    "--disable-warning=ExperimentalWarning",
    "--import",
    "./tools/node/sources.mjs",
    join("examples", path),
  ];
  const child = spawn(process.execPath, [...program, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ ...output, exitCode }));
  });
  return {
    outcome,
    interrupt: () => child.kill("SIGINT"),
    printed: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!output.stdout.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}
