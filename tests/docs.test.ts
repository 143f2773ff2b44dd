import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const folder = join(root, ".cache/docs");

interface CodeBlock {
  readonly page: string;
  readonly info: string;
  /** Of the opening fence, counted from 1. */
  readonly line: number;
  readonly code: readonly string[];
}

const blocks = globSync(["README.md", "docs/**/*.md"], { cwd: root, exclude: ["**/node_modules/**"] }).flatMap(
  codeBlocksOf,
);

it("marks TypeScript as ts, so that no code block escapes", () => {
  const others = blocks.filter(({ info }) => /^(typescript|tsx|js|javascript|jsx)\b/i.test(info));
  expect(others.map(({ page, line, info }) => `${page}:${line} is marked ${info}`)).toEqual([]);
});

it("compiles every code block", { timeout: 120_000 }, () => {
  rmSync(folder, { recursive: true, force: true });
  const modules = asModules(blocks.filter(({ info }) => /^ts\b/.test(info)));
  if (modules.size === 0) return;
  for (const [path, text] of modules) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  expect(compile()).toEqual([]);
});

function codeBlocksOf(page: string): CodeBlock[] {
  const found: CodeBlock[] = [];
  let open: { fence: string; indent: number; info: string; line: number; code: string[] } | undefined;
  for (const [index, text] of readFileSync(join(root, page), "utf8").split(/\r?\n/).entries()) {
    const [, indent = "", fence = "", info = ""] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(text) ?? [];
    if (open === undefined) {
      if (fence !== "") open = { fence, indent: indent.length, info: info.trim(), line: index + 1, code: [] };
    } else if (fence.startsWith(open.fence) && info.trim() === "") {
      found.push({ page, ...open });
      open = undefined;
    } else {
      open.code.push(text);
    }
  }
  return found;
}

/**
 * One module for each block, with its code on the same lines as in the page, so that the compiler names them.
 * A block marked `ts continue` belongs to the module of the block before it on its page.
 */
function asModules(examples: readonly CodeBlock[]): Map<string, string> {
  const modules = new Map<string, string>();
  let last: CodeBlock | undefined;
  let path = "";
  for (const block of examples) {
    const continues = block.info === "ts continue" && last?.page === block.page;
    if (!continues) path = `${block.page}.${block.line}.ts`;
    const before = modules.get(path) ?? "";
    const lines = before.split("\n");
    modules.set(path, before + "\n".repeat(block.line - lines.length + 1) + block.code.join("\n"));
    last = block;
  }
  return modules;
}

/** What the compiler says about the modules, with the places in the pages. */
function compile(): string[] {
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.json",
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ["**/*.ts"],
    }),
  );
  const compiler = join(dirname(createRequire(import.meta.url).resolve("@typescript/native/package.json")), "bin/tsc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status === 0) return [];
  return `${stdout}${stderr}`
    .trim()
    .split("\n")
    .map((line) => line.replace(/^\.cache[\\/]docs[\\/](.+\.md)\.\d+\.ts\((\d+),(\d+)\)/, "$1:$2:$3"));
}
