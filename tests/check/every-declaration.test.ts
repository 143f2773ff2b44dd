import { checkFolds, updateFoldLock } from "eventfold/check";
import { expect, it } from "vitest";
import { type Files, ProjectFolder } from "./project-folder.ts";

/** Each declaration holds a text of its own; those in capitals are reached by the fold. */
const sample: Files = {
  "src/account.ts": `
    import { AggregateRoot, defineEvents, upgraded } from "eventfold";
    import { z } from "zod";
    import { Ledger } from "./ledger.ts";
    import fees, * as money from "./money/index.ts";
    import { table } from "./table.ts";

    const first = () => "FIRST STATE";
    const schema = z.object({ a: z.literal("schema") });
    const upgrade = (v1) => "UPGRADE";
    const limit = "limit";
    let unused = "unused";

    export class Account extends Ledger {
      static aggregateType = "Account";
      static events = defineEvents({ Opened: upgraded(schema, upgrade), Closed: z.literal("closed") });
      static dataCodec = { encode: (x) => "CODEC", decode: (x) => x };
      static open() { return "open"; }
      #cache = "CACHE";
      initialState() { return first(); }
      evolve(state, event) { return this.book(event) ?? this.#cache ?? fees(money.scale, table) ?? "EVOLVE"; }
      deposit() { return limit + "deposit"; }
    }
    console.log("statement");`,
  "src/ledger.ts": `
    import { AggregateRoot } from "eventfold";
    import { audit } from "./audit.ts";
    export abstract class Ledger extends AggregateRoot {
      book(event) { return this.sign ? "BOOK" : audit(); }
      get sign() { return "SIGN"; }
      print() { return "print"; }
    }
    export function helper() { return "helper"; }`,
  "src/audit.ts": `
    export const audit = () => trace("AUDIT");
    function trace(text) { return text + "TRACE"; }
    export function log() { return trace("log"); }`,
  "src/money/index.ts": `
    export { scale, spare } from "./scale.ts";
    export * from "./rates.ts";
    export default function fees() { return new Fee("FEES"); }
    class Fee { half() { return "FEE"; } }`,
  "src/money/scale.ts": 'export const scale = "SCALE"; export const spare = "spare";',
  "src/money/rates.ts": 'export const vat = "vat";',
  "src/table.ts": `
    export const table = { a: "TABLE" };
    table.b = "ENTRY";
    export const rows = ["rows"];`,
};

const markers = Object.entries(sample).flatMap(([path, text]) =>
  [
    ...text.matchAll(
      /"([A-Z ]{3,}|schema|limit|unused|closed|open|deposit|statement|print|helper|log|spare|vat|rows)"/g,
    ),
  ].map(([marker]) => [marker, path] as const),
);

it("has a marker for each declaration", () => {
  expect(markers.length).toBe(27);
});

it.each(markers)("counts %s of %s if its capitals say so", async (marker, path) => {
  const project = new ProjectFolder(sample);
  expect((await updateFoldLock({ root: project.root })).findings).toEqual([]);
  project.edit(path, marker, '"mutated"');
  const { ok } = await checkFolds({ root: project.root });
  expect(ok).toBe(marker !== marker.toUpperCase());
});
