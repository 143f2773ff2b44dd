import { checkFolds, updateFoldLock } from "eventfold/check";
import { type Arbitrary, array, assert, asyncProperty, constant, constantFrom, nat, record, tuple } from "fast-check";
import { expect, it } from "vitest";
import { ProjectFolder } from "./project-folder.ts";

const MODULES = 3;
const FUNCTIONS = 9;

/** How the module of a function gets hold of one that lives in another module. */
const imports = {
  named: (to: number) => [`import { f${to} } from "./${moduleOf(to)}.ts";`, `f${to}()`],
  renamed: (to: number) => [`import { f${to} as g${to} } from "./${moduleOf(to)}.ts";`, `g${to}()`],
  namespace: (to: number) => [`import * as n${to} from "./${moduleOf(to)}.ts";`, `n${to}.f${to}()`],
  barrel: (to: number) => [`import { f${to} as b${to} } from "./barrel.ts";`, `b${to}()`],
  star: (to: number) => [`import { f${to} as s${to} } from "./stars.ts";`, `s${to}()`],
  nested: (to: number) => [`import * as p${to} from "./stars.ts";`, `p${to}.inner.f${to}()`],
} satisfies Record<string, (to: number) => [statement: string, use: string]>;

type Style = keyof typeof imports;

interface Call {
  readonly from: number;
  readonly to: number;
  readonly style: Style;
}

const call = (from: Arbitrary<number>): Arbitrary<Call> =>
  record({
    from,
    to: nat(FUNCTIONS - 1),
    style: constantFrom(...(Object.keys(imports) as Style[])),
  });
/** Calls between functions, and calls of evolve, which is number -1. */
const calls = tuple(
  array(call(nat(FUNCTIONS - 1)), { maxLength: 14 }),
  array(call(constant(-1)), { maxLength: 3 }),
).map((lists) => lists.flat());

it("counts a function if, and only if, evolve reaches it, whatever the way", { timeout: 120_000 }, async () => {
  await assert(
    asyncProperty(calls, async (edges) => {
      const project = new ProjectFolder(sourcesOf(edges));
      expect((await updateFoldLock({ root: project.root })).written).toBe(true);
      const reached = reachedBy(edges);
      const counted = new Set<number>();
      for (let one = 0; one < FUNCTIONS; one++) {
        const path = `src/${moduleOf(one)}.ts`;
        const text = project.read(path);
        project.edit(path, `/* ${one} */ 0`, "1");
        if (!(await checkFolds({ root: project.root })).ok) counted.add(one);
        project.write(path, text);
      }
      expect(counted).toEqual(reached);
    }),
    { numRuns: 40 },
  );
});

function moduleOf(one: number): string {
  return one < 0 ? "account" : `m${one % MODULES}`;
}

function sourcesOf(edges: readonly Call[]): Record<string, string> {
  const modules = Array.from({ length: MODULES }, (_, index) => `m${index}`);
  const sources: Record<string, string> = {
    "src/barrel.ts": Array.from(
      { length: FUNCTIONS },
      (_, one) => `export { f${one} } from "./${moduleOf(one)}.ts";`,
    ).join("\n"),
    "src/stars.ts": `${modules.map((name) => `export * from "./${name}.ts";`).join("\n")} export * as inner from "./barrel.ts";`,
  };
  for (const name of [...modules, "account"]) {
    const functions = Array.from({ length: FUNCTIONS + 1 }, (_, index) => index - 1).filter(
      (one) => moduleOf(one) === name,
    );
    const own = edges.filter(({ from }) => functions.includes(from));
    const header = new Set(own.filter(isForeign).map(({ style, to }) => imports[style](to)[0]));
    const bodies = functions.map((one) => {
      const sum = own
        .filter(({ from }) => from === one)
        .map((edge) => ` + ${useOf(edge)}`)
        .join("");
      return one < 0 ? aggregate(sum) : `export function f${one}() { return /* ${one} */ 0${sum}; }`;
    });
    sources[`src/${name}.ts`] = [...header, ...bodies].join("\n");
  }
  return sources;
}

function aggregate(sum: string): string {
  return `
    import { AggregateRoot } from "eventfold";
    export class Account extends AggregateRoot {
      static aggregateType = "Account";
      evolve() { return { n: 0${sum} }; }
    }`;
}

function isForeign({ from, to }: Call): boolean {
  return moduleOf(from) !== moduleOf(to);
}

function useOf(edge: Call): string {
  return isForeign(edge) ? imports[edge.style](edge.to)[1] : `f${edge.to}()`;
}

function reachedBy(edges: readonly Call[]): Set<number> {
  const reached = new Set([-1]);
  for (const one of reached) for (const { from, to } of edges) if (from === one) reached.add(to);
  reached.delete(-1);
  return reached;
}
