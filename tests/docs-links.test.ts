import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const pages = globSync(["README.md", "docs/**/*.md"], { cwd: root });

it("leads every link to a page that exists, and to a heading on it", () => {
  expect(pages.flatMap(brokenLinks)).toEqual([]);
});

function brokenLinks(page: string): string[] {
  const prose = readFileSync(join(root, page), "utf8").replace(/^```.*?^```$/gms, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^https?:/.test(target) && !leads(page, target)).map((to) => `${page} to ${to}`);
}

function leads(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? join(root, page) : join(root, dirname(page), path);
  if (relative(root, file).startsWith("..") || !existsSync(file)) return false;
  return anchor === undefined || anchorsOf(file).has(anchor);
}

/** As GitHub makes them. */
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, text = ""]) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
