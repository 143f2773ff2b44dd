import { expect, it } from "vitest";
import * as statements from "../../src/stores/sqlite/statements.ts";

it("lets SQLite keep every statement compiled: no limit is a placeholder and nothing else", () => {
  const compiledAnew = Object.entries(statements).filter(([, sql]) => /LIMIT \?\s*($|[),;])/.test(sql));
  expect(compiledAnew).toEqual([]);
});
