import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres-server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    postgresUrl: string;
    /** Of this run, empty at first: for the package as npm would install it. */
    installFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // The data is thrown away at the end, so nothing needs to reach the disk.
  const server = await startPostgres({
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
  });
  project.provide("postgresUrl", server.url);
  const installFolder = mkdtempSync(join(tmpdir(), "eventfold-installed-"));
  project.provide("installFolder", installFolder);
  return async () => {
    rmSync(installFolder, { recursive: true, force: true });
    await server.stop();
  };
}
