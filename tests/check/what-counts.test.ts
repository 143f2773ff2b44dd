import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkFolds, updateFoldLock } from "eventfold/check";
import { describe, expect, it } from "vitest";
import { bank, type Files, ProjectFolder } from "./project-folder.ts";

/** A file, the text that stands there once, and what takes its place. */
type Edit = readonly [path: string, before: string, after: string];

async function codesAfter(files: Files, ...edits: readonly Edit[]): Promise<readonly string[]> {
  const project = new ProjectFolder(files);
  expect((await updateFoldLock({ root: project.root })).findings).toEqual([]);
  for (const [path, before, after] of edits) project.edit(path, before, after);
  return (await checkFolds({ root: project.root })).findings.map(({ code }) => code);
}

async function counts(files: Files, ...edits: readonly Edit[]): Promise<void> {
  expect(await codesAfter(files, ...edits)).toEqual(["fold-changed"]);
}

async function passes(files: Files, ...edits: readonly Edit[]): Promise<void> {
  expect(await codesAfter(files, ...edits)).toEqual([]);
}

/** An aggregate whose class has `members` after `evolve`, which returns `result`. */
function account(imports: string, result: string, members = "", base = "AggregateRoot"): string {
  return `
    import { AggregateRoot } from "eventfold";
    ${imports}
    export class Account extends ${base} {
      static aggregateType = "Account";
      initialState() { return { balance: 0 }; }
      evolve(state, event) { return ${result}; }
      ${members}
      deposit(amount) { this.raise("Deposited", { amount }); }
    }`;
}

const ACCOUNT = "src/account.ts";

describe("what has no effect at run time passes", () => {
  it.each<[what: string, ...edits: Edit[]]>([
    ["a comment", ["src/money.ts", "return Math.round", "/* to even */ return Math.round"]],
    ["white space and semicolons", ["src/money.ts", "SCALE) / SCALE;", "SCALE)\n\n        / SCALE"]],
    ["parentheses", ["src/money.ts", "Math.round(value * SCALE)", "(Math.round((value) * SCALE))"]],
    ["quotes", [ACCOUNT, 'case "Deposited"', "case 'Deposited'"]],
    ["a quoted key and a shorthand", [ACCOUNT, "{ balance: 0 }", '{ "balance": 0 }']],
    ["another spelling of a number", ["src/money.ts", "SCALE = 100", "SCALE = 1_0_0"]],
    ["a type", ["src/money.ts", "roundHalfEven(value: number): number", "roundHalfEven(value: number & {}): Cents"]],
    ["a type assertion", ["src/money.ts", "value * SCALE", "(value as number) * SCALE!"]],
    ["satisfies and const", ["src/money.ts", "SCALE = 100", "SCALE = 100 as const satisfies number"]],
    ["an interface", [ACCOUNT, "interface AccountState { balance: number }", "interface AccountState { balance: 0 }"]],
    ["a modifier", [ACCOUNT, "private plus", "protected override plus"]],
    ["an overload", [ACCOUNT, "private plus", "private plus(balance: 0, amount: 0): number;\nprivate plus"]],
    ["a type parameter", ["src/money.ts", "roundHalfEven(value", "roundHalfEven<T>(value"]],
    ["a parameter named this", ["src/money.ts", "roundHalfEven(value", "roundHalfEven(this: void, value"]],
    ["an import of a type", [ACCOUNT, "import { format", 'import type { A } from "./nowhere.ts";\nimport { format']],
  ])("%s", (_what, ...edits) => passes(bank, ...edits));
});

describe("what the fold does not reach passes", () => {
  it.each<[what: string, ...edits: Edit[]]>([
    ["a command", [ACCOUNT, "amount <= 0", "amount < 1"]],
    ["a new command", [ACCOUNT, "deposit(amount: number)", "close() {}\ndeposit(amount: number)"]],
    ["a function of the same file", ["src/money.ts", "toFixed(2)", "toFixed(3)"]],
    ["a new function", ["src/money.ts", "export const SCALE", "export const OTHER = 1;\nexport const SCALE"]],
    ["the name of the class", [ACCOUNT, "class Account ", "class BankAccount "]],
    ["a statement that mentions nothing of it", [ACCOUNT, "import { format", 'console.log("x");\nimport { format']],
    [
      "a name of its own that shadows one",
      ["src/money.ts", "format(value: number)", "format(value: number, SCALE = 1)"],
    ],
  ])("%s", (_what, ...edits) => passes(bank, ...edits));
});

describe("what evolve reaches counts", () => {
  const helper = {
    "src/rates.ts": "export const vat = 0.2; export const other = 1; export default function f() { return 3; }",
  };
  const change: Edit = ["src/rates.ts", "vat = 0.2", "vat = 0.19"];
  const elsewhere: Edit = ["src/rates.ts", "other = 1", "other = 2"];

  it.each<[way: string, imports: string, result: string, more?: Files]>([
    ["a named import", 'import { vat } from "./rates.ts"', "vat"],
    ["a renamed import", 'import { vat as x } from "./rates.ts"', "x"],
    ["an import by the name after compilation", 'import { vat } from "./rates.js"', "vat"],
    ["an import without an extension", 'import { vat } from "./rates"', "vat"],
    ["a namespace", 'import * as rates from "./rates.ts"', "rates.vat"],
    ["a namespace by a string", 'import * as rates from "./rates.ts"', 'rates["vat"]'],
    [
      "a namespace taken apart",
      'import * as rates from "./rates.ts"',
      "(() => { const { vat } = rates; return vat; })()",
    ],
    [
      "a re-export",
      'import { tax } from "./all.ts"',
      "tax",
      { "src/all.ts": 'export { vat as tax } from "./rates.ts";' },
    ],
    ["export *", 'import { vat } from "./all.ts"', "vat", { "src/all.ts": 'export * from "./rates.ts";' }],
    ["export * as", 'import { r } from "./all.ts"', "r.vat", { "src/all.ts": 'export * as r from "./rates.ts";' }],
    [
      "import, then export",
      'import { vat } from "./all.ts"',
      "vat",
      {
        "src/all.ts": 'import { vat } from "./rates.ts"; export { vat };',
      },
    ],
    ["a folder's index", 'import { vat } from "./all"', "vat", { "src/all/index.ts": 'export * from "../rates.ts";' }],
    ["another constant", 'import { vat } from "./rates.ts"; const half = vat / 2;', "half"],
    [
      "imports of package.json",
      'import { vat } from "#src/rates.ts"',
      "vat",
      {
        "package.json": '{ "type": "module", "imports": { "#src/*": "./src/*" } }',
      },
    ],
    [
      "paths of tsconfig.json",
      'import { vat } from "@/rates"',
      "vat",
      {
        "tsconfig.json": '{ /* aliases */ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
      },
    ],
    [
      "a package of the workspace",
      'import { vat } from "bank/rates"',
      "vat",
      {
        "package.json": '{ "name": "bank", "exports": { "./*": "./src/*.ts" } }',
      },
    ],
  ])("by %s, and nothing beside it", async (_way, imports, result, more = {}) => {
    const files = { ...helper, [ACCOUNT]: account(imports, result), ...more };
    await counts(files, change);
    await passes(files, elsewhere);
  });

  it("by a default import", async () => {
    const files = { ...helper, [ACCOUNT]: account('import f from "./rates.ts"', "f()") };
    await counts(files, ["src/rates.ts", "return 3", "return 4"]);
    await passes(files, change);
  });

  it("by a default export that is an expression, a name or a class", async () => {
    for (const text of [
      "const x = 1; export default x;",
      "export default { x: 1 };",
      "export default class { x = 1 }",
    ]) {
      const files = { "src/one.ts": text, [ACCOUNT]: account('import one from "./one.ts"', "new one()") };
      await counts(files, ["src/one.ts", "1", "2"]);
    }
  });

  it.each<[way: string, imports: string, result: string]>([
    ["a computed member of a namespace", 'import * as rates from "./rates.ts"', "rates[event.type]"],
    ["a namespace that is passed on", 'import * as rates from "./rates.ts"', "Object.values(rates)"],
    ["a dynamic import", "", 'import("./rates.ts")'],
    ["require", "", 'require("./rates.ts").vat'],
    ["an export that is not seen", 'import { unknown } from "./rates.ts"', "unknown"],
  ])("as a whole by %s", async (_way, imports, result) => {
    const files = { ...helper, [ACCOUNT]: account(imports, result) };
    await counts(files, change);
    await counts(files, elsewhere);
  });

  it("as a whole by eval", () =>
    counts({ [ACCOUNT]: `${account("", 'eval("x")')} const x = 1;` }, [ACCOUNT, "x = 1", "x = 2"]));

  it("as a whole through what a module passes on", () =>
    counts(
      {
        ...helper,
        "src/all.ts": 'export * from "./rates.ts";',
        [ACCOUNT]: account('import * as a from "./all.ts"', "a[0]"),
      },
      change,
    ));

  it("reports an import that only the running program knows", async () => {
    const project = new ProjectFolder({ [ACCOUNT]: account("", "import(event.type)") });
    const { notices } = await checkFolds({ root: project.root });
    expect(notices).toEqual([expect.stringContaining("src/account.ts: Account.evolve, which the fold")]);
  });

  it("through files that import each other", async () => {
    const files = {
      "src/even.ts": 'import { odd } from "./odd.ts"; export const even = (n) => n === 0 || odd(n - 1);',
      "src/odd.ts": 'import { even } from "./even.ts"; export const odd = (n) => n !== 0 && even(n - 1);',
      [ACCOUNT]: account('import { even } from "./even.ts"', "even(1)"),
    };
    await counts(files, ["src/odd.ts", "n !== 0", "n > 0"]);
  });

  it("in CommonJS", async () => {
    const files = {
      "src/rates.cjs": "const vat = 0.2; exports.vat = vat;",
      "src/account.cjs": `
        const { AggregateRoot } = require("eventfold");
        const rates = require("./rates.cjs");
        exports.Account = class Account extends AggregateRoot {
          static aggregateType = "Account";
          evolve() { return rates.vat; }
        };`,
    };
    await counts(files, ["src/rates.cjs", "0.2", "0.19"]);
  });

  it("through modules that pass a name on in a circle", async () => {
    const files = {
      "src/a.ts": 'export { vat } from "./b.ts"; export * from "./b.ts"; export const other = 1;',
      "src/b.ts": 'export { vat } from "./a.ts"; export * from "./a.ts";',
      [ACCOUNT]: account('import { vat, other } from "./b.ts"', "[vat, other]"),
    };
    await counts(files, ["src/a.ts", "other = 1", "other = 2"]);
  });

  it("in JSON, by what it says", async () => {
    const files = {
      "src/rates.json": '{ "vat": 0.2 }',
      [ACCOUNT]: account('import rates from "./rates.json" with { type: "json" }', "rates.vat"),
    };
    await counts(files, ["src/rates.json", "0.2", "0.19"]);
    await passes(files, ["src/rates.json", "{ ", "{\n"]);
  });

  it("in enums, namespaces and destructured constants", async () => {
    await counts({ [ACCOUNT]: account("enum Kind { A = 1 }", "Kind.A") }, [ACCOUNT, "A = 1", "A = 2"]);
    await counts({ [ACCOUNT]: account("namespace N { export const a = 1 }", "N.a") }, [ACCOUNT, "a = 1", "a = 2"]);
    await counts({ [ACCOUNT]: account("const { a, b } = { a: 1, b: 2 };", "b") }, [ACCOUNT, "b: 2", "b: 3"]);
  });

  it("in parameters and their defaults, which see what lies outside of the body", () =>
    counts({ [ACCOUNT]: account("const a = 1; const f = (x = a) => { const a = 2; return x + a; };", "f()") }, [
      ACCOUNT,
      "const a = 1",
      "const a = 3",
    ]));

  it("in statements that change what is reached, and in modules imported for their effect", async () => {
    const table = 'export const table = new Map(); table.set("a", 1); console.log("a");';
    const files = { "src/table.ts": table, [ACCOUNT]: account('import { table } from "./table.ts"', "table.get(1)") };
    await counts(files, ["src/table.ts", 'set("a", 1)', 'set("a", 2)']);
    await passes(files, ["src/table.ts", 'log("a")', 'log("b")']);
    const settings = {
      "src/settings.ts": 'import D from "decimal.js"; D.set({ precision: 20 });',
      [ACCOUNT]: account('import "./settings.ts"; import D from "decimal.js"', "D(1)"),
    };
    await counts(settings, ["src/settings.ts", "20", "30"]);
  });
});

describe("what is registered counts", () => {
  const handlers = "export const handlers = {}; export function on(type, handle) { handlers[type] = handle; }";

  it("by a function of the same file, and by one of another", async () => {
    const use = 'on("Deposited", (state) => 1); main(); function main() { console.log(handlers, "a"); }';
    const same = { [ACCOUNT]: `${account(handlers, "handlers[event.type](state)")} ${use}` };
    const other = {
      "src/handlers.ts": handlers,
      [ACCOUNT]: `${account('import { handlers, on } from "./handlers.ts"', "handlers[event.type](state)")} ${use}`,
    };
    for (const files of [same, other]) await counts(files, [ACCOUNT, "(state) => 1", "(state) => 2"]);
  });

  it("and a program in the same file does not, as long as it changes nothing that is reached", async () => {
    const program = 'main(); function main() { new Account("1").deposit(rate + 5); }';
    const files = { [ACCOUNT]: `${account("const rate = 1;", "rate")} ${program}` };
    await passes(files, [ACCOUNT, "rate + 5", "rate + 6"]);
  });
});

describe("packages count by name", () => {
  it("and by what is imported of them", async () => {
    const files = { [ACCOUNT]: account('import { max as pick } from "decimal.js"', "pick(1)") };
    await counts(files, [ACCOUNT, "max as pick", "min as pick"]);
    await counts(files, [ACCOUNT, '"decimal.js"', '"decimal.js/light"']);
  });

  it("unless they are linked from the same workspace: those are followed", async () => {
    const project = new ProjectFolder({
      "packages/money/package.json": '{ "name": "@bank/money", "exports": "./src/money.ts" }',
      "packages/money/src/money.ts": "export const vat = 0.2;",
      [ACCOUNT]: account('import { vat } from "@bank/money"', "vat"),
    });
    mkdirSync(join(project.root, "node_modules/@bank"), { recursive: true });
    symlinkSync(join(project.root, "packages/money"), join(project.root, "node_modules/@bank/money"), "dir");
    await updateFoldLock({ root: project.root });
    project.edit("packages/money/src/money.ts", "0.2", "0.19");
    const { findings } = await checkFolds({ root: project.root });
    expect(findings).toMatchObject([
      { code: "fold-changed", changes: [{ declaration: "packages/money/src/money.ts: vat" }] },
    ]);
  });

  it("and not by their content", () =>
    passes(
      {
        "node_modules/decimal.js/index.js": "export const max = 1;",
        [ACCOUNT]: account('import { max } from "decimal.js"', "max(1)"),
      },
      ["node_modules/decimal.js/index.js", "1", "2"],
    ));
});

describe("members of the class count one by one", () => {
  it.each<[what: string, result: string, members: string]>([
    ["a method", "this.apply(state)", "apply(state) { return 'X'; }"],
    ["a method that a method calls", "this.a()", "a() { return this.b(); } b() { return 'X'; }"],
    ["an arrow function in a field", "this.apply(state)", "apply = (state) => 'X';"],
    ["a getter", "this.rate", "get rate() { return 'X'; }"],
    ["a private member", "this.#rate()", "#rate() { return 'X'; }"],
    ["a static member", "Account.RATE", "static RATE = 'X';"],
    ["a static method that calls another", "Account.a()", "static a() { return this.b(); } static b() { return 'X'; }"],
    ["a static member by way of an instance", "this.constructor.RATE", "static RATE = 'X';"],
    ["a field that the constructor sets", "this.rate", "constructor(id) { super(id); this.rate = 'X'; }"],
    ["a member that a nested arrow function reads", "[1].map(() => this.rate)", "get rate() { return 'X'; }"],
    ["a member that is taken out", "(() => { const { rate } = this; return rate; })()", "get rate() { return 'X'; }"],
    ["a computed member", "this[event.type](state)", "Deposited() { return 'X'; }"],
    ["a member of what is passed on", "fold(this)", "Deposited() { return 'X'; }"],
    ["a static block", "state", "static { 'X'; }"],
    ["a decorator", "this.apply()", "@trace('X') apply() {}"],
  ])("%s", async (_what, result, members) => {
    const files = { [ACCOUNT]: account("const fold = (x) => x; const trace = (x) => x;", result, members) };
    const edit: Edit = [ACCOUNT, "'X'", "'Y'"];
    await counts(files, edit);
  });

  it("leaves out commands and what only they use", async () => {
    const files = {
      [ACCOUNT]: account("", "this.apply()", "apply() { return 1; } check() { return 2; } static make() { return 3; }"),
    };
    await passes(files, [ACCOUNT, "return 2", "return 4"]);
    await passes(files, [ACCOUNT, "return 3", "return 4"]);
  });

  it("finds what a base class brings: evolve, methods it calls, and those that the class overrides", async () => {
    const base = `
      import { AggregateRoot } from "eventfold";
      export abstract class Base extends AggregateRoot {
        evolve(state, event) { return this.apply(state, event); }
        apply(state) { return { ...state, n: 1 }; }
        other() { return 2; }
      }`;
    const derived = (members: string) => `
      import { Base } from "./base.ts";
      export class Account extends Base { static aggregateType = "Account"; initialState() { return {}; } ${members} }`;
    const inherited = { "src/base.ts": base, [ACCOUNT]: derived("command() { return 9; }") };
    await counts(inherited, ["src/base.ts", "n: 1", "n: 2"]);
    await passes(inherited, ["src/base.ts", "return 2", "return 3"]);
    await passes(inherited, [ACCOUNT, "return 9", "return 8"]);
    const overridden = { "src/base.ts": base, [ACCOUNT]: derived("apply() { return 5; }") };
    await counts(overridden, [ACCOUNT, "return 5", "return 6"]);
    await passes(overridden, ["src/base.ts", "n: 1", "n: 2"]);
    const extended = { "src/base.ts": base, [ACCOUNT]: derived("apply(s) { return super.apply(s); }") };
    await counts(extended, ["src/base.ts", "n: 1", "n: 2"]);
  });

  it("finds aggregates that a mixin makes, and counts the mixin as a whole", async () => {
    const mixin = "const Stamped = (Base) => class extends Base { stamp() { return 1; } };";
    const files = { [ACCOUNT]: account(mixin, "this.stamp()", "", "Stamped(AggregateRoot)") };
    await counts(files, [ACCOUNT, "return 1", "return 2"]);
    await passes(files, [ACCOUNT, "{ amount });", "{ amount, x: 1 });"]);
  });

  it("counts a class of values as a whole, and a static member of it alone", async () => {
    const money = "export class Money { static zero = 0; static one = 1; plus() { return 2; } }";
    const whole = {
      "src/money.ts": money,
      [ACCOUNT]: account('import { Money } from "./money.ts"', "new Money().plus()"),
    };
    await counts(whole, ["src/money.ts", "return 2", "return 3"]);
    await counts(whole, ["src/money.ts", "one = 1", "one = 2"]);
    const single = { "src/money.ts": money, [ACCOUNT]: account('import { Money } from "./money.ts"', "Money.zero") };
    await counts(single, ["src/money.ts", "zero = 0", "zero = 9"]);
    await passes(single, ["src/money.ts", "one = 1", "one = 2"]);
    await passes(single, ["src/money.ts", "return 2", "return 3"]);
  });

  it("counts a class of values with what it inherits", () =>
    counts(
      {
        "src/money.ts": "class Amount { plus() { return 2; } } export class Money extends Amount {}",
        [ACCOUNT]: account('import { Money } from "./money.ts"', "new Money().plus()"),
      },
      ["src/money.ts", "return 2", "return 3"],
    ));

  it("finds a class that is an expression, a default export, or within a function", async () => {
    const body = '{ static aggregateType = "Account"; evolve() { return 1; } command() { return 2; } }';
    const named = {
      [ACCOUNT]: `import * as e from "eventfold"; export const A = class extends e.AggregateRoot ${body};`,
    };
    const unnamed = {
      [ACCOUNT]: `import { AggregateRoot as R } from "eventfold"; export default class extends R ${body}`,
    };
    const nested = {
      [ACCOUNT]: `import { AggregateRoot as R } from "eventfold"; function make() { return class extends R ${body} }`,
    };
    for (const files of [named, unnamed, nested]) await counts(files, [ACCOUNT, "return 1", "return 3"]);
    for (const files of [named, unnamed]) await passes(files, [ACCOUNT, "return 2", "return 3"]);
    await counts(nested, [ACCOUNT, "return 2", "return 3"]);
  });
});

describe("what is declared beside evolve", () => {
  const events = `
    import { z } from "zod";
    import { AggregateRoot, defineEvents, upgraded } from "eventfold";
    const cents = (v1) => ({ cents: v1.amount * 100 });
    export const events = defineEvents({
      Opened: z.object({ owner: z.string() }),
      Deposited: upgraded(z.object({ cents: z.int() }), cents),
    });
    export const codec = { serialize: (state) => state, deserialize: (x) => x };
    const shape = z.object({ balance: z.number() });
    export class Account extends AggregateRoot {
      static aggregateType = "Account";
      static events = events;
      static stateCodec = codec;
      static stateSchema = shape;
      initialState() { return {}; }
      evolve(state) { return state; }
    }`;

  it.each<[what: string, before: string, after: string]>([
    ["an upgrade", "amount * 100", "amount * 10"],
    [
      "a new upgrade",
      "Opened: z.object({ owner: z.string() })",
      "Opened: upgraded(z.object({ owner: z.string() }), (x) => x)",
    ],
    ["a codec", "serialize: (state) => state", "serialize: (state) => [state]"],
    ["the state's shape", "balance: z.number()", "balance: z.int()"],
    ["the first state", "initialState() { return {}", "initialState() { return { a: 1 }"],
    ["a schema of the user's own making, which may bring upgrades", "Opened: z.object", "Opened: cents"],
  ])("%s counts", (_what, before, after) => counts({ [ACCOUNT]: events }, [ACCOUNT, before, after]));

  it.each<[what: string, before: string, after: string]>([
    ["a new event type", "Opened: z", "Closed: z.object({}), Opened: z"],
    ["an event's schema", "owner: z.string()", "owner: z.string().max(9)"],
  ])("%s passes, since it touches nothing that is read", (_what, before, after) =>
    passes({ [ACCOUNT]: events }, [ACCOUNT, before, after]),
  );

  it("counts event definitions as a whole where they are not written out", async () => {
    const made = events.replace("events = defineEvents({", "events = make({");
    const files = { [ACCOUNT]: `${made}\nfunction make(schemas) { return defineEvents(schemas); }` };
    await counts(files, [ACCOUNT, "owner: z.string()", "owner: z.int()"]);
  });
});

describe("defineAggregate", () => {
  const counter = `
    import { defineAggregate } from "eventfold";
    const step = 1;
    const add = (state, event) => ({ value: state.value + step });
    const shared = { initialState: () => ({ value: 0 }) };
    export const Counter = defineAggregate({
      type: "Counter",
      ...shared,
      decide(state, command) { return [{ type: "Added", data: { by: 7 } }]; },
      evolve(state, event) { return this.apply(state, event); },
      apply: add,
    });`;

  it.each<[what: string, before: string, after: string]>([
    ["a constant that evolve reaches", "step = 1", "step = 2"],
    ["the first state, from an object that is spread in", "value: 0", "value: 5"],
    ["another function for a method that evolve calls", "apply: add", "apply: (state) => state"],
  ])("%s counts", (_what, before, after) => counts({ "src/counter.ts": counter }, ["src/counter.ts", before, after]));

  it("passes a change of decide", () => passes({ "src/counter.ts": counter }, ["src/counter.ts", "by: 7", "by: 8"]));

  it("knows functions by name, definitions by constant, and calls within functions", async () => {
    const byName = `
      import * as eventfold from "eventfold";
      function evolve(state) { return { n: 1 }; }
      const decider = { type: "Counter", initialState: () => ({}), decide: () => [2], evolve };
      export default eventfold.defineAggregate(decider);`;
    await counts({ "src/counter.ts": byName }, ["src/counter.ts", "n: 1", "n: 2"]);
    await passes({ "src/counter.ts": byName }, ["src/counter.ts", "[2]", "[3]"]);
    const within = counter.replace("export const Counter = ", "export const make = () => ");
    await counts({ "src/counter.ts": within }, ["src/counter.ts", "step = 1", "step = 2"]);
  });

  it("asks for a type that is written out", async () => {
    const project = new ProjectFolder({ "src/counter.ts": counter.replace('type: "Counter"', "type: name()") });
    const { findings } = await checkFolds({ root: project.root });
    expect(findings.map(({ code }) => code)).toContain("type-not-literal");
  });
});
