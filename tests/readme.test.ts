import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const EXAMPLE_LINES_MAX = 25;

const pages = globSync(["README.md", "docs/**/*.md"], { cwd: root });

/** What a program cannot be run without. */
const NEEDS_A_HOST = /from "(pg|vitest|eventfold\/postgres)"/;

interface Program {
  readonly name: string;
  readonly code: string;
  /** What the page shows; undefined when it shows nothing. */
  readonly output: string | undefined;
}

describe("the first example of the README", () => {
  const [first] = blocksOf("README.md");

  it("fits a screen", () => {
    expect(first?.info).toBe("ts");
    expect(first?.text.trimEnd().split("\n").length).toBeLessThanOrEqual(EXAMPLE_LINES_MAX);
  });

  it("says what it prints", () => {
    expect(programsOf("README.md")[0]).toMatchObject({ code: first?.text, output: expect.any(String) });
  });
});

describe("a program in the documentation runs, and prints what the page says", () => {
  for (const program of pages.flatMap(programsOf).filter(({ code }) => !NEEDS_A_HOST.test(code))) {
    it(program.name, () => {
      const printed = run(program);
      expect(program.output ?? printed).toBe(printed);
    });
  }
});

/**
 * Each program with what the page says that it prints: blocks marked `ts continue` belong to the one before them, and what a
 * `text output` block shows comes after what those before it have shown.
 */
function programsOf(page: string): Program[] {
  const programs: { name: string; code: string; output: string | undefined }[] = [];
  for (const { info, text, line } of blocksOf(page)) {
    const program = programs.at(-1);
    if (info === "ts") programs.push({ name: `${page}:${line}`, code: text, output: undefined });
    else if (info === "ts continue" && program !== undefined) program.code += text;
    else if (info === "text output" && program !== undefined) program.output = (program.output ?? "") + text;
  }
  return programs;
}

function blocksOf(page: string): { info: string; text: string; line: number }[] {
  const source = readFileSync(join(root, page), "utf8");
  return [...source.matchAll(/^```(\S[^\n]*)\n(.*?)^```$/gms)].map((match) => ({
    info: match[1] ?? "",
    text: match[2] ?? "",
    line: source.slice(0, match.index).split("\n").length,
  }));
}

/** Runs a program as it stands, in an empty folder, with "eventfold" meaning the sources. */
function run({ name, code }: Program): string {
  // In the repository, so that it finds the packages that it imports.
  const folder = join(root, ".cache/docs-run");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name.replace(/[^\w.]/g, "-")}.ts`);
  writeFileSync(file, code);
  const cwd = mkdtempSync(join(tmpdir(), "eventfold-docs-"));
  try {
    const sources = pathToFileURL(join(root, "tools/node/sources.mjs")).href;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", sources, file], {
      cwd,
      encoding: "utf8",
      timeout: 20_000,
    });
    if (status !== 0) throw new Error(`${name} ended with status ${status}:\n${stderr}`);
    return stdout;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
