import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");

const config = `
import { AggregateRepository } from "eventfold";
import { Account } from "./account.ts";
export default {
  repositories: ({ eventStore, snapshotStore: store }) => [
    new AggregateRepository(Account, { eventStore, snapshots: { store, threshold: 100 } }),
  ],
};
`;

/** The package as npm would install it, built into `folder`, with a configuration beside. @returns the file to run */
export function installPackage(folder: string): string {
  execFileSync(process.execPath, [join(root, "tools/build.mjs"), join(folder, "dist")], { stdio: "inherit" });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  cpSync(join(root, "benchmarks/account.ts"), join(folder, "account.ts"));
  writeFileSync(join(folder, "eventfold.config.ts"), config);
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
  const packages = [...Object.keys(dependencies), "pg"].map(
    (name) => [join(root, "node_modules", name), name] as const,
  );
  for (const [target, name] of [...packages, [folder, "eventfold"] as const]) {
    const path = join(folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }
  return join(folder, "dist/cli/main.js");
}
