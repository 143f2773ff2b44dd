import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Sources by path. */
export type Files = Readonly<Record<string, string>>;

/** A project of a user's, in a folder of its own for the length of one test. */
export class ProjectFolder {
  readonly root: string;

  constructor(files: Files) {
    this.root = mkdtempSync(join(tmpdir(), "eventfold-check-"));
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }));
    const packageJson = '{ "name": "bank", "type": "module", "dependencies": { "decimal.js": "10", "zod": "4" } }';
    for (const [path, text] of Object.entries({ "package.json": packageJson, ...files })) this.write(path, text);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  remove(path: string): void {
    rmSync(join(this.root, path));
  }

  /** Replaces text that stands there exactly once. */
  edit(path: string, before: string, after: string): void {
    const parts = this.read(path).split(before);
    if (parts.length !== 2) throw new Error(`${path} holds ${JSON.stringify(before)} ${parts.length - 1} times.`);
    this.write(path, parts.join(after));
  }
}

/** An account whose `evolve` reads `amount` through a helper. */
export const bank: Files = {
  "src/money.ts": `
    export const SCALE = 100;
    export function roundHalfEven(value: number): number {
      return Math.round(value * SCALE) / SCALE;
    }
    export function format(value: number): string {
      return value.toFixed(2);
    }
  `,
  "src/account.ts": `
    import { AggregateRoot, type DomainEvent } from "eventfold";
    import { format, roundHalfEven } from "./money.ts";

    type AccountEvent = DomainEvent<"Deposited", { amount: number }>;
    interface AccountState { balance: number }

    export class Account extends AggregateRoot<AccountState, AccountEvent> {
      static readonly aggregateType = "Account";
      static readonly schemaVersion = 1;

      protected initialState(): AccountState {
        return { balance: 0 };
      }

      protected evolve(state: AccountState, event: AccountEvent): AccountState {
        switch (event.type) {
          case "Deposited":
            return { ...state, balance: this.plus(state.balance, event.data.amount) };
        }
      }

      private plus(balance: number, amount: number): number {
        return roundHalfEven(balance + amount);
      }

      deposit(amount: number): void {
        if (amount <= 0) throw new RangeError("Not positive: " + format(amount));
        this.raise("Deposited", { amount });
      }
    }
  `,
};
