import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

// What an editor shows at each `/*name*/`.
const source = `
import { AggregateRepository, type EventStore } from "eventfold";
import { InstrumentedRepository } from "eventfold/opentelemetry";
import { Account } from "../aggregates/account.ts";
import { Wallet } from "../aggregates/wallet.ts";

declare const eventStore: EventStore;
const /*accounts*/accounts = new AggregateRepository(Account, { eventStore });
const /*account*/account = await accounts./*load*/load("a");
void accounts./*find*/find("a");
void accounts./*save*/save(account);
void accounts./*update*/update("a", (loaded) => loaded./*deposit*/deposit(1));
void accounts./*createSnapshot*/createSnapshot(account);
void account./*state*/state;
const /*wallets*/wallets = new AggregateRepository(Wallet, { eventStore });
const wallet = wallets.createNew();
wallet./*execute*/execute({ fill: 1 });
const /*traced*/traced = new InstrumentedRepository(Account, { eventStore });
const /*tracedAccount*/tracedAccount = await traced./*tracedLoad*/load("a");
void traced./*tracedUpdate*/update("a", (loaded) => loaded.deposit(1));
`;

const editor = openEditor(source);

it.each([
  ["accounts", "const accounts: AggregateRepository<Account>"],
  ["account", "const account: Account"],
  ["load", "(method) AggregateRepository<Account>.load(id: string): Promise<Account> (+1 overload)"],
  [
    "find",
    "(method) AggregateRepository<Account>.find(id: string, options?: LoadOptions): Promise<Account | undefined>",
  ],
  ["save", "(method) AggregateRepository<Account>.save(aggregate: Account): Promise<void>"],
  [
    "update",
    "(method) AggregateRepository<Account>.update(id: string, change: (aggregate: Account) => unknown, options?: UpdateOptions): Promise<Account>",
  ],
  ["createSnapshot", "(method) AggregateRepository<Account>.createSnapshot(aggregate: Account): Promise<Snapshot>"],
  ["deposit", "(method) Account.deposit(amount?: number): void"],
  ["state", "(property) AggregateRoot<AccountState, AccountEvent>.state: AccountState"],
  ["execute", "(method) DecidedAggregate<{ coins: number; }, WalletCommand>.execute(command: WalletCommand): void"],
  ["traced", "const traced: InstrumentedRepository<Account>"],
  ["tracedAccount", "const tracedAccount: Account"],
  ["tracedLoad", "(method) InstrumentedRepository<Account>.load(id: string): Promise<Account> (+1 overload)"],
  [
    "tracedUpdate",
    "(method) InstrumentedRepository<Account>.update(id: string, change: (aggregate: Account) => unknown, options?: UpdateOptions): Promise<Account>",
  ],
])("hovering %s reads well", (name, expected) => {
  expect(editor.hover(name)).toBe(expected);
});

it("the explanation of a method says what it promises and what it throws", () => {
  expect(editor.documentation("save")).toContain("all of it or nothing");
  expect(editor.tags("save").join()).toContain("OptimisticConcurrencyError");
});

it("completion after an aggregate shows what its author wrote, id, version and state", () => {
  expect(editor.completions("state")).toEqual(["deposit", "grow", "id", "open", "state", "version", "withdraw"]);
});

it("an instrumented repository explains and completes as a plain one does", () => {
  expect(editor.documentation("tracedUpdate")).toBe(editor.documentation("update"));
  expect(editor.completions("tracedLoad")).toEqual(editor.completions("load"));
});

it("completion after a repository shows its methods and nothing of its inside", () => {
  expect(editor.completions("load")).toEqual([
    "awaitPendingSnapshots",
    "close",
    "createNew",
    "createSnapshot",
    "erase",
    "exists",
    "find",
    "load",
    "loadMany",
    "loadOrCreate",
    "pendingSnapshotCount",
    "pruneSnapshots",
    "save",
    "snapshotKey",
    "update",
    "verifySnapshots",
    "versionOf",
    "warm",
  ]);
});

/** TypeScript's own language service over one file that exists in memory only. */
function openEditor(text: string) {
  const file = join(import.meta.dirname, "hovered.ts");
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [file] }, ts.sys, root);
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const content = name === file ? text : ts.sys.readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: (name) => (name === file ? text : ts.sys.readFile(name)),
  });
  const at = (name: string): number => text.indexOf(`/*${name}*/`) + name.length + 4;
  const info = (name: string) => service.getQuickInfoAtPosition(file, at(name));
  return {
    hover: (name: string) => ts.displayPartsToString(info(name)?.displayParts).replaceAll(/\s+/g, " "),
    documentation: (name: string) => ts.displayPartsToString(info(name)?.documentation),
    tags: (name: string) => (info(name)?.tags ?? []).map((tag) => ts.displayPartsToString(tag.text)),
    completions: (name: string) =>
      (service.getCompletionsAtPosition(file, at(name), undefined)?.entries ?? [])
        .map((entry) => entry.name)
        .toSorted(),
  };
}
