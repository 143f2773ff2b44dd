import { type ChildProcessByStdio, spawn as spawnProcess, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, watch, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { type IPty, spawn } from "@lydell/node-pty";
import { beforeAll, inject, onTestFinished } from "vitest";

const repository = join(import.meta.dirname, "../..");
/**
 * The package as npm would install it: built, outside of the repository, and beside what it depends on. None of the libraries that
 * the command line uses is there.
 */
const installed = inject("installFolder");
const main = join(installed, "dist/cli/main.js");
const outcome = join(installed, "outcome");

/** Builds the package before the tests of the calling file, or waits for the file that does: once is enough for a run. */
export function installEventfold(): void {
  beforeAll(async () => {
    if (isFirst()) writeFileSync(outcome, install());
    else await appears(outcome);
    const trouble = readFileSync(outcome, "utf8");
    if (trouble !== "") throw new Error(trouble);
  }, 120_000);
}

function isFirst(): boolean {
  return mkdirSync(join(installed, "claimed"), { recursive: true }) !== undefined;
}

/** What the build had to say: nothing when all is well. */
function install(): string {
  const manifest = readFileSync(join(repository, "package.json"), "utf8");
  cpSync(join(repository, "package.json"), join(installed, "package.json"));
  const { dependencies } = JSON.parse(manifest) as { dependencies: object };
  for (const name of [...Object.keys(dependencies), "pg"])
    link(join(repository, "node_modules", name), installed, name);
  const build = spawnSync(process.execPath, [join(repository, "tools/build.mjs"), join(installed, "dist")], {
    encoding: "utf8",
  });
  return build.stdout + build.stderr;
}

async function appears(file: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(dirname(file), () => existsSync(file) && resolve());
  if (existsSync(file)) resolve();
  await promise;
  watcher.close();
}

/** Makes `import … from "eventfold"` work in a folder. */
export function linkEventfold(folder: string): void {
  link(installed, folder, "eventfold");
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without what says that npx runs the tests: commands would be printed otherwise. */
function environment(): NodeJS.ProcessEnv {
  const { npm_command: _, ...others } = process.env;
  return others;
}

/** Runs it without a terminal. */
export function eventfold(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...environment(), ...env },
  });
  return { status, stdout, stderr };
}

/** Runs a line of a shell in which `eventfold` is the command. */
export function inShell(cwd: string, line: string): Ended {
  const script = `eventfold() { '${process.execPath}' '${main}' "$@"; }\n${line}`;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", script], { cwd, encoding: "utf8", env: environment() });
  return { status, stdout, stderr };
}

/** Starts it without a terminal. Its output is a pipe that the caller reads, or does not. */
export function startEventfold(cwd: string, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawnProcess(process.execPath, [main, ...args], {
    cwd,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

// Keeps the terminal open and says how the command ended: the last that a command writes may be lost with its terminal.
const HOLDING = String.raw`trap : INT TERM; "$0" "$@"; printf '\033]ended;%d\007' $?; exec tail -f /dev/null`;
// oxlint-disable-next-line no-control-regex -- what the line above prints
const ENDED = /\u001b\]ended;(\d+)\u0007/;

/** A run in a pseudo-terminal. One of 0 columns is of those that do not know their width. */
export class TerminalRun {
  readonly #terminal: IPty;
  readonly #ended: Promise<number>;
  #output = "";
  #done = false;
  #changed: () => void = () => {};

  constructor(
    cwd: string,
    args: readonly string[],
    { columns = 80, env = {} }: { columns?: number; env?: NodeJS.ProcessEnv } = {},
  ) {
    // What would keep colors from a terminal, or force them on it: Node.js takes CI for a terminal without colors.
    const { NO_COLOR: _, FORCE_COLOR: __, NODE_DISABLE_COLORS: ___, CI: ____, ...inherited } = environment();
    const script = columns > 0 ? HOLDING : `stty cols 0; ${HOLDING}`;
    this.#terminal = spawn("sh", ["-c", script, process.execPath, main, ...args], {
      cwd,
      cols: columns || 80,
      rows: 40,
      name: "xterm-256color",
      env: { ...inherited, TERM: "xterm-256color", ...env },
    });
    this.#ended = new Promise((resolve) => {
      this.#terminal.onData((text) => {
        this.#output += text;
        const [marker, status] = ENDED.exec(this.#output) ?? [];
        if (marker !== undefined) {
          this.#output = this.#output.replace(marker, "");
          this.#done = true;
          this.kill("SIGKILL");
          resolve(Number(status));
        }
        this.#changed();
      });
    });
    onTestFinished(() => {
      if (!this.#done) this.kill("SIGKILL");
    });
  }

  /** Everything shown so far, escapes included. */
  get output(): string {
    return this.#output;
  }

  /** Resolves as soon as `text` has been shown. */
  async shows(text: string): Promise<void> {
    while (!stripVTControlCharacters(this.#output).includes(text)) {
      if (this.#done) throw new Error(`Ended without showing ${text}:\n${this.#output}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  type(text: string): void {
    this.#terminal.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(-this.#terminal.pid, signal);
  }

  /** Exit code and what was shown, without escapes. */
  async end(): Promise<{ readonly status: number; readonly text: string }> {
    const status = await this.#ended;
    return { status, text: stripVTControlCharacters(this.#output).replaceAll("\r\n", "\n") };
  }
}

function link(target: string, folder: string, name: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
