// Compiles src to dist (or to the folder that is named), then puts the libraries of the command line into the files that import
// them, so that users of the package install none of them.
import { spawnSync } from "node:child_process";
import { globSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const outDir = resolve(process.argv[2] ?? join(root, "dist"));
const bundledRooms = "{check,cli}";

rmSync(outDir, { recursive: true, force: true });
compile();
await bundle();

function compile() {
  const compiler = join(dirname(createRequire(import.meta.url).resolve("@typescript/native/package.json")), "bin/tsc");
  const args = [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", outDir];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function bundle() {
  const files = globSync(`${bundledRooms}/**/*.js`, { cwd: outDir }).map((file) => join(outDir, file));
  const importing = files.filter((file) => /^import .* from "(?!\.|node:)/m.test(readFileSync(file, "utf8")));
  const { metafile } = await build({
    entryPoints: importing,
    outbase: outDir,
    outdir: outDir,
    allowOverwrite: true,
    bundle: true,
    plugins: [{ name: "own-modules", setup: keepOwnModules }],
    // The user's own: an optional peer.
    external: ["pg"],
    nodePaths: [join(root, "node_modules")],
    absWorkingDir: root,
    platform: "node",
    format: "esm",
    target: "node22.13",
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    banner: {
      // For the libraries among them that are CommonJS.
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  for (const file of importing) rmSync(`${file}.map`, { force: true });
  writeFileSync(join(outDir, "cli/LICENSES.txt"), licenses(Object.keys(metafile.inputs)));
}

/** Our own modules stay apart: each exists once, and an error class is the same for every entry. */
function keepOwnModules({ onResolve }) {
  onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) =>
    importer.startsWith(outDir) ? { path, external: true } : undefined,
  );
}

/** The licenses of what was put in, which ask to be passed on. */
function licenses(inputs) {
  const folders = inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  return [...new Set(folders)]
    .sort((a, b) => a.localeCompare(b, "en"))
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
      const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e\b/i.test(each));
      if (file === undefined) throw new Error(`${name} comes without a license text.`);
      return `${name} ${version}\n\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
